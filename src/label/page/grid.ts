/** Many presses at once, a page at a time. */
import type { CaptureView, PressView, StudioInfo } from "../protocol.js";
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

interface Tile {
  readonly button: HTMLButtonElement;
  /** All that it shows. */
  shown: string;
}

export class GridView {
  private readonly list = byId("tiles");
  private tiles: Tile[] = [];
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

  /** Shows the page that holds the current press; `focus` puts the keyboard there. Tiles stay where they are, so that a click in progress keeps its target. */
  render(focus: boolean): void {
    const { first, desk } = this;
    const places = desk.queue.slice(first, first + PAGE);
    if (this.built !== first || this.tiles.length !== places.length) this.build(first, places.length);
    for (const [i, press] of places.entries()) this.fill(this.tiles[i], press, first + i);
    this.mark(focus);
    const last = first + places.length;
    byId("page-text").textContent = `${first + 1} to ${last} of ${desk.queue.length}`;
    byId<HTMLButtonElement>("page-back").disabled = first === 0;
    byId<HTMLButtonElement>("page-on").disabled = last >= desk.queue.length;
  }

  /** Makes another tile of the page the current one; false when it is on another page. */
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

  private build(first: number, count: number): void {
    this.built = first;
    this.tiles = Array.from({ length: count }, (_, i) => {
      const button = element("button", { type: "button", tabindex: "-1" });
      button.addEventListener("focus", () => this.listener.focus(first + i));
      button.addEventListener("dblclick", () => this.listener.open(first + i));
      button.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this.listener.open(first + i);
      });
      return { button, shown: "" };
    });
    this.list.replaceChildren(...this.tiles.map(({ button }) => element("li", { class: "tile" }, button)));
  }

  /** Fills a tile, if what it shows has changed. */
  private fill(tile: Tile, number: number, place: number): void {
    const press = this.desk.view(number);
    const labels = press?.captures.map((one) => [this.desk.labelOf(one), this.desk.isUnderWay(one)]);
    const shown = JSON.stringify([number, press, labels]);
    if (tile.shown === shown) return;
    tile.shown = shown;
    const [capture] = press?.captures ?? [];
    if (press !== undefined && capture !== undefined) return void this.fillPress(tile.button, press, capture, place);
    const text = press === undefined ? "\u2026" : "deleted";
    tile.button.replaceChildren(element("span", { class: "frame" }), text);
    tile.button.setAttribute("aria-label", `Press ${place + 1}: ${press === undefined ? "not here yet" : text}`);
  }

  private fillPress(button: HTMLElement, press: PressView, capture: CaptureView, place: number): void {
    const labels = [...new Set(press.captures.map((one) => this.desk.labelOf(one)))];
    const isSaving = press.captures.some((one) => this.desk.isUnderWay(one));
    const words = labels
      .map((label) => (label === undefined ? "\u2013" : labelText(label, this.info.choices)))
      .join(" / ");
    const state = labels[0] === undefined ? "mark" : isSaving ? "mark saving" : "mark saved";
    const lamp = element("span", { class: press.smile ? "lamp green" : "lamp" });
    const line = element("span", { class: "tile-line" }, lamp, element("span", { class: state }, words));
    const lights =
      capture.lights.length === 0 ? undefined : element("span", { class: "tile-lights" }, capture.lights.join(", "));
    button.replaceChildren(smallFrame(this.pool, "grid", capture, ""), line, ...(lights === undefined ? [] : [lights]));
    const said = labels[0] === undefined ? "not labelled" : `labelled ${words}${isSaving ? ", not saved yet" : ""}`;
    const verdict = verdictText(press, this.info.positive);
    const light = capture.lights.map((one) => `, ${one}`).join("");
    button.setAttribute("aria-label", `Press ${place + 1}: bot ${verdict}; ${said}${light}`);
  }
}
