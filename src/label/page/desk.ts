/** What lies on the desk: the queue, where one is in it, the presses around there, and labels that are under way. */
import type { CaptureView, PressView, StudioProgress } from "../protocol.js";
import { getPresses, getQueue } from "./server.js";

export interface Wanted {
  readonly filter: string;
  readonly light: string;
  readonly order: string;
}

/** Presses asked for at once, and held. */
const WINDOW = 24;
const HELD = 600;
/** Between two attempts at presses that did not come, milliseconds. */
const RETRY_MS = 1500;
/** Presses ahead whose pictures may be loaded already. */
const NEAR = 24;

interface UnderWay {
  readonly stroke: string;
  readonly label: string;
}

export class Desk {
  queue: readonly number[] = [];
  at = 0;
  wanted: Wanted = { filter: "new", light: "any", order: "informative" };
  progress: StudioProgress = { presses: 0, done: 0, disagreements: 0 };
  private readonly views = new Map<number, PressView>();
  private readonly underWay = new Map<number, UnderWay>();
  private readonly asked = new Set<number>();

  /** @param changed called when something that may be shown has changed */
  constructor(private readonly changed: () => void) {}

  get reveals(): boolean {
    return this.wanted.filter === "disagreement";
  }

  get current(): PressView | undefined {
    return this.view(this.queue[this.at]);
  }

  view(press: number | undefined): PressView | undefined {
    return press === undefined ? undefined : this.views.get(press);
  }

  /** Asks for the queue; stays at `press` where that is in it. */
  async load(press?: number): Promise<void> {
    const { presses, progress } = await getQueue({ ...this.wanted });
    this.queue = presses;
    this.progress = progress;
    this.views.clear();
    this.asked.clear();
    this.at = press === undefined ? 0 : Math.max(0, presses.indexOf(press));
    await this.need(this.at, this.at + 2);
  }

  /** Asks for the rest of the queue again: with every label more is known about which are telling. What is near stays in its place. */
  async renew(): Promise<void> {
    const { wanted } = this;
    const { presses, progress } = await getQueue({ ...wanted });
    if (wanted !== this.wanted) return;
    const near = this.queue.slice(0, this.at + NEAR);
    const taken = new Set(near);
    this.queue = [...near, ...presses.filter((press) => !taken.has(press))];
    this.progress = progress;
    this.changed();
  }

  /** Makes sure that the presses from place `from` up to `to` are here, or coming. */
  async need(from: number, to: number): Promise<void> {
    const missing = this.queue.slice(Math.max(0, from), to).filter((press) => !this.asked.has(press));
    if (missing.length === 0) return;
    // Some more than asked for: a request for each would be slow.
    const last = this.queue.indexOf(missing[missing.length - 1]);
    const ahead = this.queue.slice(last + 1, last + WINDOW - missing.length).filter((press) => !this.asked.has(press));
    await this.fetch([...missing, ...ahead]);
  }

  /** Reads presses again that changed, if they are here. */
  async refetch(presses: readonly number[]): Promise<void> {
    await this.fetch(presses.filter((press) => this.asked.has(press)));
  }

  /** The label a capture has, or will have. */
  labelOf(capture: CaptureView): string | undefined {
    return this.underWay.get(capture.id)?.label ?? (this.reveals ? capture.looks?.settled : capture.label);
  }

  /** Whether what is shown is not on the server's disk yet. */
  isUnderWay(capture: CaptureView): boolean {
    return this.underWay.has(capture.id);
  }

  sent(captures: readonly number[], stroke: string, label: string): void {
    for (const capture of captures) this.underWay.set(capture, { stroke, label });
  }

  /** A stroke arrived (with its label), or never will (without). */
  arrived(captures: readonly number[], stroke: string, label: string | undefined): void {
    for (const capture of captures) {
      if (this.underWay.get(capture)?.stroke !== stroke) continue;
      this.underWay.delete(capture);
      if (label !== undefined) this.remember(capture, label);
    }
  }

  /** The numbers of presses that hold captures, of those that are here. */
  pressesOf(captures: readonly number[]): number[] {
    const wanted = new Set(captures);
    return [...this.views.values()]
      .filter((view) => view.captures.some(({ id }) => wanted.has(id)))
      .map(({ press }) => press);
  }

  isDone(press: number): boolean {
    const view = this.views.get(press);
    return view?.captures.every((capture) => this.labelOf(capture) !== undefined) ?? false;
  }

  private remember(id: number, label: string): void {
    for (const [press, view] of this.views) {
      if (!view.captures.some((capture) => capture.id === id)) continue;
      const captures = view.captures.map((capture) => {
        if (capture.id !== id) return capture;
        return this.reveals && capture.looks
          ? { ...capture, looks: { ...capture.looks, settled: label } }
          : { ...capture, label };
      });
      this.views.set(press, { ...view, captures });
    }
  }

  private async fetch(presses: readonly number[]): Promise<void> {
    for (let i = 0; i < presses.length; i += WINDOW) {
      const part = presses.slice(i, i + WINDOW);
      for (const press of part) this.asked.add(press);
      try {
        for (const view of await getPresses(part, this.reveals)) this.hold(view);
      } catch {
        for (const press of part) if (!this.views.has(press)) this.asked.delete(press);
        setTimeout(() => void this.need(this.at, this.at + NEAR), RETRY_MS);
      }
      this.changed();
    }
  }

  private hold(view: PressView): void {
    this.views.delete(view.press);
    this.views.set(view.press, view);
    for (const oldest of this.views.keys()) {
      if (this.views.size <= HELD) break;
      this.views.delete(oldest);
      this.asked.delete(oldest);
    }
  }
}
