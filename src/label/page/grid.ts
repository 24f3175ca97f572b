/** Many presses at once, a page at a time. */
import type { PressView, StudioInfo } from "../protocol.js";
import { byId, element } from "./dom.js";
import type { Desk } from "./desk.js";
import { smallFrame } from "./frame-view.js";
import type { PicturePool } from "./pictures.js";
import { labelText, verdictText } from "./words.js";

/** Tiles of a page. */
export const PAGE = 48;

export interface GridListener {
  /** A tile became the current one. */
  focus(place: number): void;
  open(place: number): void;
}

export class GridView {
  private readonly list = byId("tiles");
  /** First place of the page that is built. */
  private built = -1;

  constructor(
    private readonly info: StudioInfo,
    private readonly desk: Desk,
    private readonly pool: PicturePool,
    private readonly listener: GridListener,
  ) {}

  get first(): number {
    return this.desk.at - (this.desk.at % PAGE);
  }

  /** Builds the page that holds the current press; `focus` puts the keyboard there. */
  render(focus: boolean): void {
    const { first, desk } = this;
    const places = desk.queue.slice(first, first + PAGE);
    this.built = first;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...places.map((press, i) => this.tile(desk.view(press), first + i)));
    if (focus || hadFocus) this.currentTile()?.focus();
    const last = Math.min(desk.queue.length, first + PAGE);
    byId("page-text").textContent = `${first + 1} to ${last} of ${desk.queue.length}`;
    byId<HTMLButtonElement>("page-back").disabled = first === 0;
    byId<HTMLButtonElement>("page-on").disabled = last >= desk.queue.length;
  }

  /** Makes another tile of the page the current one; false when it is on another page. Nothing is built anew: a click in progress keeps its target. */
  mark(focus: boolean): boolean {
    const item = this.list.children[this.desk.at - this.first];
    if (this.built !== this.first || item === undefined) return false;
    for (const other of this.list.querySelectorAll("[aria-current]")) {
      other.removeAttribute("aria-current");
      other.firstElementChild?.setAttribute("tabindex", "-1");
    }
    item.setAttribute("aria-current", "true");
    item.firstElementChild?.setAttribute("tabindex", "0");
    if (focus) this.currentTile()?.focus();
    return true;
  }

  /** Tiles in a row, as the browser laid them out. */
  get columns(): number {
    const tiles = [...this.list.children] as HTMLElement[];
    const next = tiles.findIndex(({ offsetTop }) => offsetTop !== tiles[0].offsetTop);
    return next < 0 ? Math.max(1, tiles.length) : next;
  }

  currentTile(): HTMLElement | null {
    return this.list.querySelector("[aria-current] button");
  }

  private tile(press: PressView | undefined, place: number): HTMLElement {
    const item = element("li", { class: "tile" });
    const isCurrent = place === this.desk.at;
    if (isCurrent) item.setAttribute("aria-current", "true");
    const tile = element("button", { type: "button", tabindex: isCurrent ? "0" : "-1" });
    tile.addEventListener("focus", () => this.listener.focus(place));
    tile.addEventListener("dblclick", () => this.listener.open(place));
    tile.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.listener.open(place);
    });
    item.append(tile);
    if (press === undefined) tile.append(element("span", { class: "frame" }), "\u2026");
    else this.fill(tile, press, place);
    return item;
  }

  private fill(tile: HTMLElement, press: PressView, place: number): void {
    const [capture] = press.captures;
    if (capture === undefined) return void tile.append(element("span", { class: "frame" }), "deleted");
    const labels = [...new Set(press.captures.map((one) => this.desk.labelOf(one)))];
    const isSaving = press.captures.some((one) => this.desk.isUnderWay(one));
    const words = labels
      .map((label) => (label === undefined ? "\u2013" : labelText(label, this.info.choices)))
      .join(" / ");
    const verdict = verdictText(press, this.info.positive);
    tile.append(smallFrame(this.pool, "grid", capture, ""));
    const lamp = element("span", { class: press.smile ? "lamp green" : "lamp" });
    const state = labels[0] === undefined ? "mark" : isSaving ? "mark saving" : "mark saved";
    tile.append(element("span", { class: "tile-line" }, lamp, element("span", { class: state }, words)));
    if (capture.lights.length > 0) tile.append(element("span", { class: "tile-lights" }, capture.lights.join(", ")));
    const said = labels[0] === undefined ? "not labelled" : `labelled ${words}${isSaving ? ", not saved yet" : ""}`;
    tile.setAttribute(
      "aria-label",
      `Press ${place + 1}: bot ${verdict}; ${said}${capture.lights.map((light) => `, ${light}`).join("")}`,
    );
  }
}
