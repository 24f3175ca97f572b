/** One press computed again: with what it ran with, and with other models. */
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import type { Capture } from "../captures/read-segment.js";
import { type ReplayDifference, replayCapture, replayCoin, replayPress } from "../captures/replay.js";
import { readStoredCapture } from "../captures/stored.js";
import { type ModelBundle, margin } from "../graph/bundle.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";
import { keptModel } from "../pipeline/deployed.js";
import { readModel } from "../pipeline/model.js";
import { preprocess } from "../preprocess/preprocess.js";

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
  /** Captures whose model is kept nowhere, by its hash. */
  readonly unknown: readonly { readonly capture: number; readonly model: string }[];
  /** Compared captures. */
  readonly compared: number;
  readonly differences: readonly CaptureDifference[];
  /** Thresholds that were set on the bot, on its card or over its port, and not by the model. */
  readonly thresholds: number;
  /** margins[model][capture]: of the captures that are whole, in order. */
  readonly margins: readonly (readonly number[])[];
}

interface Loaded {
  readonly bundle: ModelBundle;
  readonly interpreter: ReferenceInterpreter;
}

/** Keeps the models it has met; one per thread. */
export class PressReplayer {
  private readonly kept = new Map<string, Promise<Loaded | undefined>>();
  private readonly asked: Promise<Loaded>[];

  constructor(private readonly setup: ReplaySetup) {
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
    const margins = models.map((model) => whole.map(({ capture }) => marginOf(model, capture)));
    return { damaged, ...compared, margins };
  }

  private async compare(whole: readonly { row: CatalogueCapture; capture: Capture }[]) {
    const differences: CaptureDifference[] = [];
    const unknown: { capture: number; model: string }[] = [];
    let thresholds = 0;
    for (const { row, capture } of whole) {
      const found = await this.differences(capture);
      if (found === undefined) {
        unknown.push({ capture: row.id, model: capture.metadata.model });
        continue;
      }
      const faults = found.filter((one) => !isSetting(one));
      thresholds += found.length - faults.length;
      differences.push(...faults.map((one) => ({ ...one, capture: row.id })));
    }
    const ids = new Map(whole.map(({ row, capture }) => [capture.header.sequence, row.id]));
    for (const one of replayPress(whole.map(({ capture }) => capture))) {
      differences.push({ ...one, capture: ids.get(one.sequence) ?? whole[0].row.id });
    }
    return { unknown, compared: whole.length - unknown.length, differences, thresholds };
  }

  /** Undefined when the capture's model is not kept. */
  private async differences(capture: Capture): Promise<ReplayDifference[] | undefined> {
    const { engine, model: modelHash } = capture.metadata;
    if (engine === "coin") return replayCoin(capture);
    const model = await this.model(modelHash);
    return model && replayCapture(capture, model.bundle, model.interpreter, { modelHash });
  }

  private model(hash: string): Promise<Loaded | undefined> {
    const known = this.kept.get(hash);
    if (known !== undefined) return known;
    const loading = keptModel(this.setup, hash).then((model) => (model === undefined ? undefined : load(model)));
    this.kept.set(hash, loading);
    return loading;
  }
}

const NOTHING_COMPARED = { unknown: [], compared: 0, differences: [], thresholds: 0 };

/** A threshold other than the model's is no fault: SMILEC.CFG on the card or `smilec device threshold` set it. */
function isSetting({ stage, what }: ReplayDifference): boolean {
  return stage === "decision" && what === "threshold";
}

function load(bundle: ModelBundle): Loaded {
  return { bundle, interpreter: new ReferenceInterpreter(bundle.graph) };
}

/** What a model says to a capture, looking where the bot looked. */
function marginOf({ bundle, interpreter }: Loaded, { frame, metadata }: Capture): number {
  const input = preprocess(frame, metadata.box, bundle.description.preprocess);
  return margin(interpreter.run([input])[0], bundle.description.positive);
}
