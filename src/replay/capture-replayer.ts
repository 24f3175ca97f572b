/** One capture computed again with what made it: `smilec replay` says what differs, `smilec skew` whether anything does. */
import type { Capture } from "../captures/read-segment.js";
import { type ReplayDifference, replayCapture, replayCoin } from "../captures/replay.js";
import type { ModelBundle } from "../graph/bundle.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";
import type { Detector } from "../locate/types.js";
import { keptDetector, keptModel } from "../pipeline/deployed.js";

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
  /** It names a face detector that is kept nowhere: its box was not compared. */
  readonly detectorMissing: boolean;
  readonly differences: readonly ReplayDifference[];
  /** Its threshold was set on the bot, by SMILEC.CFG on the card or `smilec device threshold`, and not by its model: no fault. */
  readonly ownThreshold: boolean;
}

/** Keeps the models and detectors it has met. */
export class CaptureReplayer {
  private readonly kept = new Map<string, Promise<LoadedModel | undefined>>();
  private readonly detectors = new Map<string, Promise<Detector | undefined>>();

  constructor(private readonly project: { readonly dir: string; readonly modelFile: string }) {}

  async replay(capture: Capture): Promise<CaptureReplay> {
    const { engine, model: modelHash } = capture.metadata;
    const model = engine === "coin" ? undefined : await this.model(modelHash);
    const detector = await this.detector(capture);
    const options = detector === undefined ? { modelHash } : { modelHash, detector };
    const detectorMissing = capture.metadata.locator.kind !== "center" && detector === undefined;
    if (model === undefined) {
      const differences = replayCoin(capture, options);
      return { model: engine === "coin" ? "coin" : "missing", detectorMissing, differences, ownThreshold: false };
    }
    const found = replayCapture(capture, model.bundle, model.interpreter, options);
    const differences = found.filter((one) => !isSetting(one));
    return { model: "kept", detectorMissing, differences, ownThreshold: differences.length < found.length };
  }

  private model(hash: string): Promise<LoadedModel | undefined> {
    return once(this.kept, hash, async () => {
      const model = await keptModel(this.project, hash);
      return model === undefined ? undefined : load(model);
    });
  }

  /** Undefined where none was used, or it is kept nowhere. */
  private async detector({ metadata: { locator } }: Capture): Promise<Detector | undefined> {
    const { kind, model } = locator;
    if (kind === "center") return undefined;
    return once(this.detectors, model, async () => (await keptDetector(this.project, kind, model))?.open());
  }
}

function once<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = make();
  kept.set(key, made);
  return made;
}

export function load(bundle: ModelBundle): LoadedModel {
  return { bundle, interpreter: new ReferenceInterpreter(bundle.graph) };
}

function isSetting({ stage, what }: ReplayDifference): boolean {
  return stage === "decision" && what === "threshold";
}
