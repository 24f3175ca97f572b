/** One capture computed again with what made it: `smilec replay` says what differs, `smilec skew` whether anything does. */
import type { Capture } from "../captures/read-segment.js";
import { type ReplayDifference, replayCapture, replayCoin } from "../captures/replay.js";
import type { ModelBundle } from "../graph/bundle.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";
import { keptModel } from "../pipeline/deployed.js";

/** A model, ready to run. */
export interface LoadedModel {
  readonly bundle: ModelBundle;
  readonly interpreter: ReferenceInterpreter;
}

export interface CaptureReplay {
  /**
   * - `kept`: all was compared
   * - `coin`: it had none; compared up to the input
   * - `missing`: it is kept nowhere; compared up to the input
   */
  readonly model: "kept" | "coin" | "missing";
  readonly differences: readonly ReplayDifference[];
  /** Its threshold was set on the bot, by SMILEC.CFG on the card or `smilec device threshold`, and not by its model: no fault. */
  readonly ownThreshold: boolean;
}

/** Keeps the models it has met. */
export class CaptureReplayer {
  private readonly kept = new Map<string, Promise<LoadedModel | undefined>>();

  constructor(private readonly project: { readonly dir: string; readonly modelFile: string }) {}

  async replay(capture: Capture): Promise<CaptureReplay> {
    const { engine, model: modelHash } = capture.metadata;
    const model = engine === "coin" ? undefined : await this.model(modelHash);
    if (model === undefined)
      return { model: engine === "coin" ? "coin" : "missing", differences: replayCoin(capture), ownThreshold: false };
    const found = replayCapture(capture, model.bundle, model.interpreter, { modelHash });
    const differences = found.filter((one) => !isSetting(one));
    return { model: "kept", differences, ownThreshold: differences.length < found.length };
  }

  private model(hash: string): Promise<LoadedModel | undefined> {
    const known = this.kept.get(hash);
    if (known !== undefined) return known;
    const loading = keptModel(this.project, hash).then((model) => (model === undefined ? undefined : load(model)));
    this.kept.set(hash, loading);
    return loading;
  }
}

export function load(bundle: ModelBundle): LoadedModel {
  return { bundle, interpreter: new ReferenceInterpreter(bundle.graph) };
}

function isSetting({ stage, what }: ReplayDifference): boolean {
  return stage === "decision" && what === "threshold";
}
