/** How far one is, whether all is saved, and what went wrong. */
import { byId } from "./dom.js";
import type { Desk } from "./desk.js";
import type { Pace } from "./pace.js";
import { duration } from "./words.js";

const MESSAGE_MS = 8000;

export class Status {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private connected = true;

  constructor(
    private readonly desk: Desk,
    private readonly pace: Pace,
  ) {}

  render(unsaved: number): void {
    const { presses, done, disagreements } = this.desk.progress;
    const bar = byId<HTMLProgressElement>("progress");
    bar.max = Math.max(1, presses);
    bar.value = done;
    const { perMinute } = this.pace;
    const parts = [`${done} of ${presses} presses`];
    if (perMinute !== undefined) {
      parts.push(`${perMinute.toFixed(0)} a minute`);
      if (presses > done) parts.push(`${duration((60 * (presses - done)) / perMinute)} left`);
    }
    if (disagreements > 0) parts.push(`${disagreements} to settle`);
    byId("progress-text").textContent = parts.join(" · ");
    const { queue, at } = this.desk;
    byId("place").textContent = queue.length === 0 ? "" : `${at + 1} / ${queue.length}`;
    const saved = byId("saved");
    saved.textContent = unsaved === 0 ? "all saved" : `${unsaved} not saved yet`;
    saved.className = unsaved === 0 ? "saved" : "saving";
  }

  /** Why labels do not reach the disk; undefined: they do. */
  trouble(reason: "offline" | "locked" | undefined, unsaved: number): void {
    const banner = byId("banner");
    const count = unsaved === 1 ? "1 label is" : `${unsaved} labels are`;
    const kept =
      unsaved === 0 ? "" : ` ${count} not saved yet: this browser keeps what is not saved, and sends it then.`;
    const texts = {
      offline: `No connection to smilec. Is smilec label still running?${kept}`,
      locked: `smilec was started anew: open the address that it printed.${kept}`,
    };
    const text = reason === undefined ? "" : texts[reason];
    if (banner.textContent !== text) banner.textContent = text;
    banner.hidden = reason === undefined;
  }

  /** Whether news of other pages come in. */
  line(isUp: boolean): void {
    if (isUp === this.connected) return;
    this.connected = isUp;
    byId("line").textContent = isUp ? "" : "no connection";
    if (isUp) this.trouble(undefined, 0);
  }

  /** Something that is no catastrophe, for a while. */
  say(text: string): void {
    const note = byId("note");
    note.textContent = text;
    note.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      note.hidden = true;
    }, MESSAGE_MS);
  }

  offerNew(): void {
    this.offer("There are new captures: show them");
  }

  offerMore(): void {
    this.offer("That was the last one: look for more");
  }

  offerNothing(): void {
    byId("reload").hidden = true;
  }

  private offer(text: string): void {
    const reload = byId("reload");
    reload.textContent = text;
    reload.hidden = false;
  }
}
