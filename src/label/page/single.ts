/** One press at a time: its frame, what the network saw, what the bot said. */
import type { Box } from "../../data/types.js";
import type { CaptureView, PressView, StudioInfo } from "../protocol.js";
import type { Desk } from "./desk.js";
import { button, byId, element } from "./dom.js";
import { isSettled, placeBox, showPicture, smallFrame } from "./frame-view.js";
import { frameUrl, inputUrl, type PicturePool } from "./pictures.js";
import { getMetadata } from "./server.js";
import { captureText, labelText, number, percent, takenText, verdictText } from "./words.js";

/** Presses whose pictures are loaded before they are needed. */
const AHEAD = 4;
/** A swipe is at least this long, pixels. */
const SWIPE = 48;

export interface SingleListener {
  move(delta: number): void;
  pick(capture: number): void;
}

export class SingleView {
  private readonly frame = byId("frame");
  private readonly box = byId("box");
  /** The capture of the burst that is shown. */
  private shown: { press: number; index: number } = { press: 0, index: 0 };
  private metadataOf = 0;
  /** All that the strip of the burst shows. */
  private burst = "";

  constructor(
    private readonly info: StudioInfo,
    private readonly desk: Desk,
    private readonly pool: PicturePool,
    private readonly listener: SingleListener,
  ) {
    this.listenToSwipes();
    byId("metadata").addEventListener("toggle", () => void this.showMetadata());
  }

  /** The capture that is shown large. */
  get capture(): CaptureView | undefined {
    const press = this.desk.current;
    if (press === undefined) return undefined;
    if (press.press !== this.shown.press) this.shown = { press: press.press, index: this.mostTelling(press) };
    return press.captures[Math.min(this.shown.index, press.captures.length - 1)];
  }

  /** Whether what is to be judged can be seen, or will never be. */
  get isSeen(): boolean {
    return isSettled(this.frame.querySelector("img"));
  }

  /** Goes through the burst; says whether there was anywhere to go. */
  step(delta: number): boolean {
    const count = this.desk.current?.captures.length ?? 0;
    const index = this.shown.index + delta;
    if (index < 0 || index >= count) return false;
    this.shown = { ...this.shown, index };
    return true;
  }

  /** @param drawn a box that is not saved yet */
  render(drawn?: Box): void {
    const press = this.desk.current;
    const { capture } = this;
    this.preload();
    // Never another press's picture beside this one's number.
    byId("shown").hidden = capture === undefined;
    byId("absent").hidden = capture !== undefined;
    byId("absent").textContent =
      press === undefined ? "This press is not here yet." : "The pictures of this press were deleted.";
    if (press === undefined || capture === undefined) return;
    this.frame.style.aspectRatio = `${capture.width} / ${capture.height}`;
    this.frame.style.setProperty("--shape", String(capture.width / capture.height));
    const index = press.captures.indexOf(capture);
    showPicture(
      this.frame,
      this.pool.get("single", frameUrl(capture)),
      `The frame, ${captureText(capture, index, press.captures.length)}`,
    );
    const isCorrected = drawn !== undefined || capture.boxCorrected;
    this.showBox(drawn ?? capture.box, capture, isCorrected);
    this.renderVerdict(press, capture);
    this.renderBurst(press, capture);
    this.renderState(press, capture);
    if (byId<HTMLDetailsElement>("metadata").open) void this.showMetadata();
  }

  /** Shows a box and what the network sees in it. */
  showBox(box: Box, capture: CaptureView, isCorrected = true): void {
    placeBox(this.box, box, capture);
    this.box.classList.toggle("corrected", isCorrected);
    const text = isCorrected ? "what the network would see" : "what the network saw";
    showPicture(byId("input"), this.pool.get("single", inputUrl(capture, box)), text);
    byId("input-text").textContent = text;
  }

  /** Of a disagreement the first picture that is one; else the first. */
  private mostTelling({ captures }: PressView): number {
    return Math.max(
      0,
      captures.findIndex(
        ({ looks }) => looks !== undefined && looks.first !== looks.second && looks.settled === undefined,
      ),
    );
  }

  private preload(): void {
    const { desk, pool } = this;
    for (let i = desk.at + 1; i <= desk.at + AHEAD; i++) {
      const press = desk.view(desk.queue[i]);
      const capture = press?.captures[0];
      if (press === undefined || capture === undefined) continue;
      pool.get("single", frameUrl(capture));
      pool.get("single", inputUrl(capture, capture.box));
      if (press.captures.length > 1) for (const one of press.captures) pool.get("burst", frameUrl(one));
    }
  }

  private renderVerdict(press: PressView, capture: CaptureView): void {
    byId("lamp").classList.toggle("green", press.smile);
    byId("verdict").textContent = verdictText(press, this.info.positive);
    const meter = byId("meter");
    meter.hidden = press.probability === undefined;
    meter.style.setProperty("--share", String(press.probability ?? 0));
    meter.style.setProperty("--needed", String(press.neededProbability ?? 0));
    const margins = press.scored
      ? `margin ${number(press.margin)} of ${number(press.threshold)} needed; this picture ${number(capture.margin)}`
      : "no score: the bot tossed a coin";
    byId("margins").textContent = margins;
    const chips = capture.lights.map((light) => element("li", { class: `chip ${light}` }, light));
    byId("lights").replaceChildren(...chips);
    byId("taken").textContent = `${takenText(press)} · bot ${press.device}`;
  }

  /** Builds the strip anew only when it changes, so that a click in progress keeps its target. */
  private renderBurst(press: PressView, shown: CaptureView): void {
    const strip = byId("burst");
    const { captures } = press;
    strip.hidden = captures.length < 2;
    const labels = captures.map((capture) => this.desk.labelOf(capture));
    const state = JSON.stringify([captures, labels, shown.id]);
    if (strip.hidden || state === this.burst) return;
    this.burst = state;
    const tiles = captures.map((capture, i) => {
      const pressed = String(capture === shown);
      const tile = button("", () => this.listener.pick(i), { class: "tile", "aria-pressed": pressed });
      const label = labels[i] === undefined ? "\u2013" : labelText(labels[i], this.info.choices);
      const frame = smallFrame(this.pool, "burst", capture, captureText(capture, i, captures.length));
      tile.append(frame, element("span", { class: "tile-label" }, label));
      return tile;
    });
    strip.replaceChildren(...tiles);
  }

  /** Shows capture `index` of the burst. */
  pick(index: number): void {
    this.shown = { ...this.shown, index };
  }

  private renderState({ captures }: PressView, capture: CaptureView): void {
    const label = this.desk.labelOf(capture);
    for (const choice of document.querySelectorAll<HTMLElement>("#choices button")) {
      choice.setAttribute("aria-pressed", String(choice.dataset.label === label));
    }
    const mark = byId("mark");
    const isSaving = this.desk.isUnderWay(capture);
    const said = label === undefined ? undefined : labelText(label, this.info.choices);
    const open = this.desk.reveals ? "not settled" : "not labelled";
    mark.textContent = said === undefined ? open : `${said}${isSaving ? " \u2026 saving" : " \u2713 saved"}`;
    mark.className = label === undefined ? "mark" : isSaving ? "mark saving" : "mark saved";
    const { looks } = capture;
    const text =
      looks &&
      `first look: ${labelText(looks.first, this.info.choices)} · second look: ${labelText(looks.second, this.info.choices)}`;
    byId("looks").textContent = text ?? "";
    byId("looks").hidden = text === undefined;
    for (const consent of document.querySelectorAll<HTMLElement>("#consent button[data-consent]")) {
      consent.setAttribute("aria-pressed", String(captures.every((one) => one.consent === consent.dataset.consent)));
    }
  }

  private async showMetadata(): Promise<void> {
    const { capture } = this;
    if (capture === undefined || !byId<HTMLDetailsElement>("metadata").open || this.metadataOf === capture.id) return;
    this.metadataOf = capture.id;
    const metadata = await getMetadata(capture.id).catch((error: Error) => ({ problem: error.message }));
    if (this.capture?.id !== capture.id) return;
    byId("metadata-list").replaceChildren(
      ...Object.entries(metadata).flatMap(([key, value]) => [
        element("dt", {}, key),
        element("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value)),
      ]),
    );
  }

  private listenToSwipes(): void {
    let start: { x: number; y: number } | undefined;
    this.frame.addEventListener("pointerdown", ({ pointerType, clientX: x, clientY: y }) => {
      start = pointerType === "mouse" ? undefined : { x, y };
    });
    this.frame.addEventListener("pointerup", ({ clientX, clientY }) => {
      if (start === undefined) return;
      const [dx, dy] = [clientX - start.x, clientY - start.y];
      start = undefined;
      if (Math.abs(dx) >= SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) this.listener.move(dx < 0 ? 1 : -1);
    });
  }
}

/** What is read aloud of a press. */
export function spoken(press: PressView, place: number, count: number, info: StudioInfo): string {
  const [capture] = press.captures;
  if (capture === undefined) return "deleted";
  const lights = capture.lights.length === 0 ? "" : `, ${capture.lights.join(", ")}`;
  const light = press.smile ? "green" : "off";
  const answer = press.scored && press.probability !== undefined ? `${light}, ${percent(press.probability)}` : light;
  const bot = press.nobody ? "saw nobody" : answer;
  const label = capture.label === undefined ? "" : `, labelled ${labelText(capture.label, info.choices)}`;
  return `Press ${place + 1} of ${count}: bot ${bot}${lights}${label}`;
}
