/** The label studio without its web page: what is shown, what people say of it, and that none of it is lost. */
import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import { realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import type { CaptureMetadata } from "../captures/metadata.js";
import { storedPath } from "../captures/stored.js";
import type { Config } from "../config/schema.js";
import type { Box } from "../data/types.js";
import { asEnvironmentError, InterruptedError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { choicesOf } from "./choices.js";
import { LOOK_REVISION, measureLook } from "./measure.js";
import { PictureProblem, readFrame } from "./picture.js";
import { type Item, PressIndex, setLook } from "./presses.js";
import type { PressView, Queue, Stroke, StudioInfo, StudioProgress } from "./protocol.js";
import { QueueMaker, type QueueRequest } from "./queue.js";
import type { ModelScales } from "./scores.js";
import { pressView } from "./views.js";

export interface StudioRequest {
  readonly catalogue: Catalogue;
  readonly config: Pick<Config, "name" | "labels" | "positive">;
  readonly pass: 1 | 2;
  readonly scales: ModelScales;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Looks that are written in one transaction. */
const BATCH = 128;
/** Smallest side of a drawn box, pixels. */
const MIN_BOX = 8;

/** Emits `change` with the numbers of presses that changed, and `captures` when there are new ones. */
export class Studio extends EventEmitter<{ change: [presses: number[]]; captures: [] }> {
  readonly info: StudioInfo;
  private readonly catalogue: Catalogue;
  private readonly index: PressIndex;
  private readonly queueMaker: QueueMaker;
  private readonly now: () => number;
  private version: number;
  private lastEvent: number;

  constructor({ catalogue, config, pass, scales, now = Date.now }: StudioRequest) {
    super();
    this.setMaxListeners(0);
    const { labels, positive } = config;
    const choices = choicesOf(labels);
    const path = createHash("sha256").update(realpathSync(catalogue.dir)).digest("hex");
    this.info = { project: config.name, catalogue: path.slice(0, 16), pass, choices, positive };
    this.catalogue = catalogue;
    this.now = now;
    this.version = catalogue.labels.dataVersion();
    this.lastEvent = catalogue.labels.lastEvent();
    this.index = new PressIndex(catalogue, scales);
    const known = new Set(choices.map(({ label }) => label));
    this.queueMaker = new QueueMaker(this.index, { pass, known, labels, positive });
  }

  /** Measures the pictures that were not yet; what is done is kept when it is interrupted. Throws InterruptedError. */
  async measure({ reporter, signal }: StageContext): Promise<void> {
    const items = this.index.unmeasured();
    if (items.length === 0) return;
    const progress = reporter.progress("measure", items.length, "pictures");
    try {
      for (let at = 0; at < items.length; at += BATCH) {
        if (signal.aborted) throw new InterruptedError();
        await this.measureBatch(items.slice(at, at + BATCH));
        progress.update(Math.min(items.length, at + BATCH));
      }
    } finally {
      progress.end();
      this.queueMaker.forget();
    }
  }

  /** Removes pictures of captures that are marked as deleted: a crash may have come between. */
  async sweep(): Promise<void> {
    for (const press of this.index.all)
      for (const item of press.items) if (item.state === "deleted") await this.removePicture(item);
  }

  async queue(request: QueueRequest): Promise<Queue> {
    return { presses: await this.queueMaker.make(request), progress: this.progress() };
  }

  progress(): StudioProgress {
    return this.queueMaker.progress();
  }

  /** What may be shown of presses; `reveal` shows both looks of what they disagree about. Unknown numbers are left out. */
  presses(numbers: readonly number[], reveal: boolean): PressView[] {
    const { pass } = this.info;
    return numbers.flatMap((number) => {
      const press = this.index.press(number);
      return press === undefined ? [] : [pressView(press, pass, reveal)];
    });
  }

  /** A kept capture. Throws UserError when there is none. */
  item(id: number): Item {
    const item = this.index.item(id);
    if (item === undefined) throw new UserError("there is no such capture", { where: `capture ${id}` });
    if (item.state === "kept") return item;
    throw new UserError("the capture was deleted", { where: `capture ${id}` });
  }

  metadata(id: number): CaptureMetadata {
    this.item(id);
    return this.catalogue.capture(id)!.metadata;
  }

  /** Keeps a label: on the disk when this returns. Throws UserError for a stroke that cannot be kept. */
  judge({ stroke, captures, label, box, settle = false }: Stroke): void {
    if (!this.info.choices.some((choice) => choice.label === label))
      throw new UserError(`"${label}" is none of the project's labels`, { where: "label" });
    const items = captures.map((id) => this.item(id));
    if (box) for (const item of items) checkBox(box, item);
    const pass = settle ? 3 : this.info.pass;
    const atMs = this.now();
    this.catalogue.transaction(() => {
      for (const item of items) {
        const drawn = box === undefined ? item.judgements[pass - 1]?.box : (box ?? undefined);
        this.catalogue.labels.judge(item.id, { pass, label, box: drawn, atMs, stroke });
      }
    });
    this.changed(items);
  }

  /** Takes a stroke back; what was said before counts again. */
  undo(stroke: string): void {
    const events = this.catalogue.labels.stroke(stroke);
    this.catalogue.transaction(() => {
      for (const { event } of events) this.catalogue.labels.undo(event, this.now());
    });
    this.changed(events.flatMap(({ capture }) => this.index.item(capture) ?? []));
  }

  setConsent(captures: readonly number[], consent: "given" | "refused" | "unknown"): void {
    const items = captures.map((id) => this.item(id));
    this.catalogue.transaction(() => {
      for (const { id } of items) this.catalogue.labels.setConsent(id, consent);
    });
    this.changed(items);
  }

  /** Removes pictures for good. The mark comes first: what is marked is removed at the next start if it could not be now. */
  async delete(captures: readonly number[]): Promise<void> {
    const items = captures.flatMap((id) => this.index.item(id) ?? []);
    this.catalogue.transaction(() => {
      for (const { id } of items) this.catalogue.labels.markDeleted(id);
    });
    this.changed(items);
    for (const item of items) await this.removePicture(item);
  }

  /** Takes in what another process wrote: labels, consent, captures. */
  async refresh(context: StageContext): Promise<void> {
    const version = this.catalogue.labels.dataVersion();
    if (version === this.version) return;
    this.version = version;
    const changed = new Set(this.catalogue.labels.judgedSince(this.lastEvent));
    for (const [id, { state, consent }] of this.catalogue.labels.states()) {
      const item = this.index.item(id);
      if (item !== undefined && (item.state !== state || item.consent !== consent)) changed.add(id);
    }
    const added = this.index.addNew();
    this.changed([...changed].flatMap((id) => this.index.item(id) ?? []));
    if (added.size === 0) return;
    await this.measure(context);
    this.queueMaker.forget();
    this.emit("captures");
  }

  private changed(items: readonly Item[]): void {
    this.lastEvent = this.catalogue.labels.lastEvent();
    for (const { id } of items) this.index.reload(id);
    if (items.length > 0) this.emit("change", [...new Set(items.map(({ press }) => press))]);
  }

  private async measureBatch(items: readonly Item[]): Promise<void> {
    const looks = await Promise.all(
      items.map(async (item) => {
        const frame = await readFrame(this.catalogue.dir, item).catch(ignoreProblem);
        return frame === undefined ? undefined : measureLook(frame, item.locatorBox);
      }),
    );
    this.catalogue.transaction(() => {
      looks.forEach((look, i) => {
        if (look === undefined) return;
        setLook(items[i], look);
        this.catalogue.labels.setLook(items[i].id, LOOK_REVISION, look);
      });
    });
  }

  private async removePicture({ path }: Item): Promise<void> {
    const whole = storedPath(this.catalogue.dir, path);
    // What a damaged catalogue names outside of the folder is not ours to remove.
    if (whole === undefined) return;
    await rm(whole, { force: true }).catch((error: unknown) => {
      throw asEnvironmentError(error, whole);
    });
  }
}

/** A picture that cannot be read is shown as that; it has no look. */
function ignoreProblem(error: unknown): undefined {
  if (!(error instanceof PictureProblem)) throw error;
}

function checkBox({ x, y, width, height }: Box, item: Item): void {
  const inside = x >= 0 && y >= 0 && x + width <= item.width && y + height <= item.height;
  if (inside && width === height && width >= MIN_BOX) return;
  throw new UserError(
    `the box ${width}x${height} at ${x},${y} is no square of at least ${MIN_BOX} pixels inside the frame`,
    {
      where: `capture ${item.id}`,
    },
  );
}
