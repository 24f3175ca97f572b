/** Corrects where the face is: by mouse, finger or keys. The box is a square, as the network sees it. */
import type { Box } from "../../data/types.js";
import { announce, byId } from "./dom.js";
import { placeBox } from "./frame-view.js";

const MIN_SIDE = 8;
/** Pixels of one press of an arrow key. */
const STEP = 4;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A square of this side and centre that lies inside. */
export function squareInside(centreX: number, centreY: number, side: number, { width, height }: Size): Box {
  const fitting = Math.round(Math.max(MIN_SIDE, Math.min(side, width, height)));
  const place = (centre: number, extent: number) =>
    Math.max(0, Math.min(extent - fitting, Math.round(centre - fitting / 2)));
  return { x: place(centreX, width), y: place(centreY, height), width: fitting, height: fitting };
}

export interface BoxEditorListener {
  moved(box: Box): void;
  kept(box: Box): void;
  cancelled(): void;
}

export class BoxEditor {
  private readonly handle = byId("box-editor");
  private box: Box = { x: 0, y: 0, width: MIN_SIDE, height: MIN_SIDE };
  private size: Size = { width: 1, height: 1 };
  private grip: { readonly x: number; readonly y: number; readonly box: Box; readonly resizes: boolean } | undefined;

  constructor(private readonly listener: BoxEditorListener) {
    const { handle } = this;
    handle.addEventListener("keydown", (event) => this.onKey(event));
    handle.addEventListener("pointerdown", (event) => this.onDown(event));
    handle.addEventListener("pointermove", (event) => this.onMove(event));
    for (const end of ["pointerup", "pointercancel"] as const)
      handle.addEventListener(end, () => {
        this.grip = undefined;
      });
  }

  get isOpen(): boolean {
    return !this.handle.hidden;
  }

  open(box: Box, size: Size): void {
    this.size = size;
    this.handle.hidden = false;
    byId("edit-box").textContent = "Keep box";
    this.set(box);
    this.handle.focus();
  }

  close(): void {
    this.handle.hidden = true;
    byId("edit-box").textContent = "Correct box";
  }

  /** The box as it was drawn; the editor is closed. */
  take(): Box {
    this.close();
    return this.box;
  }

  keep(): void {
    this.listener.kept(this.take());
  }

  /** Moves the centre and changes the side by pixels. */
  nudge(dx: number, dy: number, growth: number): void {
    const { x, y, width } = this.box;
    this.set(squareInside(x + width / 2 + dx, y + width / 2 + dy, width + growth, this.size));
  }

  private set(box: Box): void {
    this.box = box;
    placeBox(this.handle, box, this.size);
    this.handle.setAttribute("aria-valuetext", `${box.width} pixels wide at ${box.x}, ${box.y}`);
    this.listener.moved(box);
  }

  private onKey(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, [number, number, number]>> = {
      ArrowLeft: [-STEP, 0, 0],
      ArrowRight: [STEP, 0, 0],
      ArrowUp: [0, -STEP, 0],
      ArrowDown: [0, STEP, 0],
      "+": [0, 0, 2 * STEP],
      "=": [0, 0, 2 * STEP],
      "-": [0, 0, -2 * STEP],
    };
    const move = moves[event.key];
    if (move !== undefined) {
      this.nudge(...move);
      announce(this.handle.getAttribute("aria-valuetext") ?? "");
    } else if (event.key === "Enter") {
      this.keep();
    } else if (event.key === "Escape") {
      this.close();
      this.listener.cancelled();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private onDown(event: PointerEvent): void {
    this.handle.setPointerCapture(event.pointerId);
    const resizes = (event.target as HTMLElement).classList.contains("corner");
    this.grip = { x: event.clientX, y: event.clientY, box: this.box, resizes };
    event.preventDefault();
    event.stopPropagation();
    this.handle.focus();
  }

  private onMove(event: PointerEvent): void {
    if (this.grip === undefined) return;
    const scale = this.size.width / (this.handle.parentElement?.clientWidth ?? 1);
    const { x, y, box, resizes } = this.grip;
    const [dx, dy] = [(event.clientX - x) * scale, (event.clientY - y) * scale];
    const [centreX, centreY] = [box.x + box.width / 2, box.y + box.width / 2];
    if (!resizes) this.set(squareInside(centreX + dx, centreY + dy, box.width, this.size));
    else this.set(squareInside(centreX, centreY, box.width * this.growth(event, x, y), this.size));
  }

  /** How much further from the centre the pointer is than where it took hold. */
  private growth(event: PointerEvent, x: number, y: number): number {
    const { left, top, width, height } = this.handle.getBoundingClientRect();
    const distance = (px: number, py: number) => Math.hypot(px - left - width / 2, py - top - height / 2);
    return distance(event.clientX, event.clientY) / Math.max(1, distance(x, y));
  }
}
