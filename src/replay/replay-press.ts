/** One press computed again: with what it ran with, and with other models. */
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { faceFound } from "../captures/metadata.js";
import type { Capture } from "../captures/read-segment.js";
import { type ReplayDifference, replayPress } from "../captures/replay.js";
import { readStoredCapture } from "../captures/stored.js";
import { margin } from "../graph/bundle.js";
import { readModel } from "../pipeline/model.js";
import { preprocess } from "../preprocess/preprocess.js";
import { CaptureReplayer, type LoadedModel, load } from "./capture-replayer.js";

export interface ReplaySetup {
  /** Of the project. */
  readonly dir: string;
  readonly modelFile: string;
  /** Folder of the captures. */
  readonly captures: string;
  /** Whether to compare with what was logged. */
  readonly compare: boolean;
  /** model.tflite files whose margins are wanted, too. */
  readonly models: readonly string[];
}

/** A value that is not what was logged. */
export interface CaptureDifference extends ReplayDifference {
  /** Of the catalogue. */
  readonly capture: number;
}

export interface PressReplay {
  /** Of the catalogue, with the reason. */
  readonly damaged: readonly { readonly capture: number; readonly reason: string }[];
  /** Captures whose model or face detector is kept nowhere, by its hash: these were compared up to it. */
  readonly unknown: readonly { readonly capture: number; readonly model: string }[];
  /** Compared captures. */
  readonly compared: number;
  readonly differences: readonly CaptureDifference[];
  /** Thresholds that were set on the bot, on its card or over its port, and not by the model. */
  readonly thresholds: number;
  /** margins[model][capture]: of the captures that are whole and show a face, in order. */
  readonly margins: readonly (readonly number[])[];
}

/** One per thread. */
export class PressReplayer {
  private readonly replayer: CaptureReplayer;
  private readonly asked: Promise<LoadedModel>[];

  constructor(private readonly setup: ReplaySetup) {
    this.replayer = new CaptureReplayer(setup);
    this.asked = setup.models.map(async (file) => load(await readModel(file, "file")));
  }

  async replay(press: readonly CatalogueCapture[]): Promise<PressReplay> {
    const damaged: { capture: number; reason: string }[] = [];
    const whole: { row: CatalogueCapture; capture: Capture }[] = [];
    for (const row of press) {
      const capture = await readStoredCapture(this.setup.captures, row);
      if (typeof capture === "string") damaged.push({ capture: row.id, reason: capture });
      else whole.push({ row, capture });
    }
    const compared = this.setup.compare ? await this.compare(whole) : NOTHING_COMPARED;
    const models = await Promise.all(this.asked);
    const seen = whole.filter(({ capture }) => faceFound(capture.metadata));
    const margins = models.map((model) => seen.map(({ capture }) => marginOf(model, capture)));
    return { damaged, ...compared, margins };
  }

  private async compare(whole: readonly { row: CatalogueCapture; capture: Capture }[]) {
    const differences: CaptureDifference[] = [];
    const unknown: { capture: number; model: string }[] = [];
    let thresholds = 0;
    for (const { row, capture } of whole) {
      const replay = await this.replayer.replay(capture);
      if (replay.model === "missing") unknown.push({ capture: row.id, model: capture.metadata.model });
      if (replay.ownThreshold) thresholds++;
      differences.push(...replay.differences.map((one) => ({ ...one, capture: row.id })));
    }
    const ids = new Map(whole.map(({ row, capture }) => [capture.header.sequence, row.id]));
    for (const one of replayPress(whole.map(({ capture }) => capture))) {
      differences.push({ ...one, capture: ids.get(one.sequence) ?? whole[0].row.id });
    }
    return { unknown, compared: whole.length, differences, thresholds };
  }
}

const NOTHING_COMPARED = { unknown: [], compared: 0, differences: [], thresholds: 0 };

/** What a model says to a capture, looking where the bot looked. */
function marginOf({ bundle, interpreter }: LoadedModel, { frame, metadata }: Capture): number {
  const input = preprocess(frame, metadata.box, bundle.description.preprocess);
  return margin(interpreter.run([input])[0], bundle.description.positive);
}
