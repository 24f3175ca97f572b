/** Somebody at work: what is done to the press on the desk, and what comes of it. */
import type { Box } from "../../data/types.js";
import type { CaptureView, PressView, StudioInfo } from "../protocol.js";
import { BoxEditor } from "./box-editor.js";
import { Desk } from "./desk.js";
import { announce, byId } from "./dom.js";
import { GridView, PAGE } from "./grid.js";
import { Pace } from "./pace.js";
import { PicturePool } from "./pictures.js";
import { follow, post } from "./server.js";
import { SingleView, spoken } from "./single.js";
import { Status } from "./status.js";
import { Strokes } from "./strokes.js";
import { labelText } from "./words.js";

/** Strokes between two looks at what is the most telling now. */
const RENEW_EVERY = 24;

export type View = "single" | "grid";

export class Session {
  view: View = "single";
  /** Labels are for the picture that is shown only, not for its press. */
  onlyThis = false;
  readonly desk = new Desk(() => this.render());
  readonly boxEditor: BoxEditor;
  private readonly pool = new PicturePool();
  private readonly single: SingleView;
  private readonly grid: GridView;
  private readonly strokes: Strokes;
  private readonly pace = new Pace();
  private readonly status: Status;
  /** Drawn, but not said with a label yet. */
  private drawn: { readonly press: number; readonly box: Box } | undefined;
  private wasConnected = false;
  /** Labels given on this page. */
  private given = 0;
  /** The queue on the desk is about to be another one. */
  private isLoading = false;

  constructor(private readonly info: StudioInfo) {
    this.status = new Status(this.desk, this.pace);
    this.strokes = new Strokes(info, this.desk, this.status, () => this.render());
    this.single = new SingleView(info, this.desk, this.pool, {
      move: (delta) => this.move(delta),
      pick: (index) => {
        this.single.pick(index);
        this.render();
      },
    });
    this.grid = new GridView(info, this.desk, this.pool, {
      focus: (place) => this.goTo(place, false),
      open: (place) => {
        this.goTo(place, false);
        this.show("single");
      },
    });
    this.boxEditor = new BoxEditor({
      moved: (box) => this.preview(box),
      kept: (box) => this.keepBox(box),
      cancelled: () => this.render(),
    });
  }

  async start(): Promise<void> {
    await this.reload();
    this.strokes.resume();
    follow({
      change: ({ presses, progress }) => {
        this.desk.progress = progress;
        void this.desk.refetch(presses);
        this.status.render(this.strokes.unsaved);
      },
      captures: () => this.status.offerNew(),
      ready: () => {
        this.status.line(true);
        if (this.wasConnected) void this.catchUp();
        this.wasConnected = true;
      },
      lost: () => this.status.line(false),
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.strokes.unsaved > 0 || this.drawn !== undefined) event.preventDefault();
    });
  }

  /** After the line was down: what happened meanwhile is not known, and something may not have come. */
  private async catchUp(): Promise<void> {
    const { at, queue } = this.desk;
    await this.desk.refetch(queue.slice(Math.max(0, at - PAGE), at + PAGE));
    await this.desk.need(at - 1, at + 6);
    this.render();
  }

  /** Asks for the queue again, staying at the press where it is still in it. */
  async reload(): Promise<void> {
    this.boxEditor.close();
    this.isLoading = true;
    byId("stage").setAttribute("aria-busy", "true");
    try {
      await this.desk.load(this.desk.queue[this.desk.at]);
      this.status.offerNothing();
    } catch (error) {
      this.status.say(`The queue could not be read: ${(error as Error).message}`);
    }
    this.isLoading = false;
    byId("stage").removeAttribute("aria-busy");
    this.show(this.view);
    this.speak("");
  }

  show(view: View): void {
    this.view = view;
    this.boxEditor.close();
    byId("view-single").setAttribute("aria-pressed", String(view === "single"));
    byId("view-grid").setAttribute("aria-pressed", String(view === "grid"));
    this.render(view === "grid");
  }

  render(focusGrid = false): void {
    const isEmpty = this.desk.queue.length === 0;
    byId("empty").hidden = !isEmpty;
    byId("single").hidden = isEmpty || this.view !== "single";
    byId("grid").hidden = isEmpty || this.view !== "grid";
    byId("choice-bar").hidden = isEmpty;
    if (this.boxEditor.isOpen) return void this.status.render(this.strokes.unsaved);
    if (!isEmpty && this.view === "single") this.single.render(this.drawnFor(this.desk.current));
    if (!isEmpty && this.view === "grid") this.grid.render(focusGrid);
    byId("only").setAttribute("aria-pressed", String(this.onlyThis));
    byId("only").hidden = (this.desk.current?.captures.length ?? 0) < 2 || this.view === "grid";
    this.status.render(this.strokes.unsaved);
  }

  move(delta: number): void {
    this.goTo(this.desk.at + delta, true);
  }

  /** In the grid: to the tile above or below. */
  moveRow(rows: number): void {
    this.goTo(this.desk.at + rows * this.grid.columns, true);
  }

  movePage(pages: number, size: number): void {
    this.goTo(this.grid.first + pages * size, true);
  }

  stepBurst(delta: number): void {
    if (this.single.step(delta)) this.render();
  }

  /** Labels the press on the desk, or one picture of it, and goes on. */
  choose(label: string, onlyThis: boolean): void {
    const press = this.desk.current;
    const { capture } = this.single;
    if (press === undefined || capture === undefined || this.isLoading) return;
    if (this.view === "single" && !this.single.isSeen) return void announce("The picture is not there yet");
    if (this.boxEditor.isOpen) this.drawn = { press: press.press, box: this.boxEditor.take() };
    const isPart = (onlyThis || this.onlyThis) && press.captures.length > 1 && this.view === "single";
    this.send(press, isPart ? [capture] : press.captures, label);
    this.pace.stroke(performance.now());
    // A queue that could not be renewed is still a queue.
    if (++this.given % RENEW_EVERY === 0 && !this.desk.reveals) this.desk.renew().catch(() => undefined);
    this.goOn(isPart, `${labelText(label, this.info.choices)}. `);
  }

  private goOn(stays: boolean, said: string): void {
    const isLast = this.desk.at + 1 >= this.desk.queue.length;
    if (!stays && !isLast) return void this.goTo(this.desk.at + 1, true, said);
    this.render();
    announce(stays ? said : `${said}That was the last one.`);
    if (!stays) this.status.offerMore();
  }

  undo(): void {
    const act = this.strokes.undo();
    if (act === undefined) return void announce("Nothing to take back");
    const place = this.desk.queue.indexOf(act.press);
    if (place >= 0) this.goTo(place, true, "Taken back. ");
    else announce("Taken back");
  }

  consent(consent: "given" | "refused"): void {
    const press = this.desk.current;
    if (press === undefined) return;
    const isAgain = press.captures.every((capture) => capture.consent === consent);
    const captures = press.captures.map(({ id }) => id);
    this.strokes.consent(captures, isAgain ? "unknown" : consent);
    announce(isAgain ? "Consent open" : `Consent ${consent}`);
    if (consent === "refused" && !isAgain)
      this.status.say("Refused: these pictures are not used for training. Delete removes them from the disk.");
  }

  /** Removes the pictures of a press from the disk; the caller has asked. */
  async delete(press: PressView | undefined): Promise<void> {
    if (press === undefined) return;
    const captures = press.captures.map(({ id }) => id);
    try {
      await post("/delete", { captures });
      for (const capture of captures) this.pool.forget(capture);
      await this.desk.refetch([press.press]);
      this.goTo(this.desk.at + 1, true, "Deleted. ");
    } catch (error) {
      this.status.say(`Not deleted: ${(error as Error).message}`);
    }
  }

  editBox(): void {
    const { capture } = this.single;
    if (capture === undefined) return;
    if (this.boxEditor.isOpen) return void this.boxEditor.keep();
    if (this.view === "grid") this.show("single");
    announce("Face box. Arrow keys move it, plus and minus resize it, Enter keeps it, Escape cancels.");
    this.boxEditor.open(this.drawnFor(this.desk.current) ?? capture.box, capture);
  }

  private drawnFor(press: PressView | undefined): Box | undefined {
    return this.drawn !== undefined && this.drawn.press === press?.press ? this.drawn.box : undefined;
  }

  private preview(box: Box): void {
    const { capture } = this.single;
    if (capture !== undefined) this.single.showBox(box, capture);
  }

  /** A box goes with a label: with the one that is there, or the next one. */
  private keepBox(box: Box): void {
    const press = this.desk.current;
    const { capture } = this.single;
    if (press === undefined || capture === undefined) return;
    this.drawn = { press: press.press, box };
    const label = this.desk.labelOf(capture);
    const same = press.captures.filter((one) => this.desk.labelOf(one) === label);
    if (label !== undefined) this.send(press, this.onlyThis ? [capture] : same, label);
    else this.status.say("The box is not saved yet: it is saved with a label.");
    this.render();
    byId("stage").focus();
  }

  private send(press: PressView, captures: readonly CaptureView[], label: string): void {
    const box = this.drawnFor(press);
    this.drawn = undefined;
    this.strokes.send(press, captures, label, box);
  }

  private goTo(place: number, speak: boolean, said = ""): void {
    const { desk } = this;
    if (desk.queue.length === 0) return;
    const to = Math.max(0, Math.min(desk.queue.length - 1, place));
    if (this.drawn !== undefined && to !== desk.at) {
      this.drawn = undefined;
      this.status.say("The box was dropped, as it had no label.");
    }
    desk.at = to;
    this.boxEditor.close();
    const isMarked = this.view === "grid" && this.grid.mark(speak);
    if (isMarked) this.status.render(this.strokes.unsaved);
    else this.render(this.view === "grid" && speak);
    const first = this.view === "grid" ? this.grid.first : to;
    void desk.need(first, this.view === "grid" ? first + PAGE : to + 6);
    if (speak) this.speak(said);
  }

  private speak(said: string): void {
    const press = this.desk.current;
    if (press !== undefined) announce(said + spoken(press, this.desk.at, this.desk.queue.length, this.info));
    else announce(this.desk.queue.length === 0 ? "Nothing to show" : said);
  }
}
