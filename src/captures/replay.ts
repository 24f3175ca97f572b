/**
 * Computes again, from the logged frame, everything the device computed, and says at which stage the first difference arose. Stages are checked each on what was
 * recorded before it, so that one fault is not reported again further down.
 */
import { type ModelBundle, margin } from "../graph/bundle.js";
import { locate } from "../locate/locate.js";
import type { Detector } from "../locate/types.js";
import { preprocess } from "../preprocess/preprocess.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { crc32 } from "./crc32.js";
import { hex32, payloadCrc } from "./format.js";
import { faceFound } from "./metadata.js";
import type { Capture } from "./read-segment.js";

export type ReplayStage = "frame" | "box" | "preprocess" | "model" | "decision";

export interface ReplayDifference {
  readonly sequence: number;
  readonly stage: ReplayStage;
  /** Which value differs. */
  readonly what: string;
  readonly recorded: string;
  readonly replayed: string;
}

/** What runs the network: the reference interpreter, or any other exact one. */
export interface ReplayInterpreter {
  run(inputs: readonly Int8Array[]): Int8Array[];
}

export interface ReplayOptions {
  /** First 16 hex digits of the SHA-256 of model.tflite; compared when given. */
  readonly modelHash?: string;
  /** The detector that the capture names; without it a box that a detector chose is not compared. */
  readonly detector?: Detector;
}

type Compare = (stage: ReplayStage, what: string, recorded: unknown, replayed: unknown) => boolean;

/** Replays one capture; an empty list means that everything is equal. Engine `coin` has no model stage and a decision that cannot be replayed. */
export function replayCapture(
  capture: Capture,
  bundle: ModelBundle,
  interpreter: ReplayInterpreter,
  options: ReplayOptions = {},
): ReplayDifference[] {
  if (capture.metadata.engine === "coin") return replayCoin(capture, options);
  const { differences, compare } = comparison(capture);
  if (!compareFrame(capture, compare)) return differences;
  compareBox(capture, options.detector, compare);
  const input = compareInput(capture, bundle.description.preprocess, compare);
  if (input !== undefined) compareModel(capture, input, interpreter, options, compare);
  compareDecision(capture, bundle, compare);
  return differences;
}

/** Replays a capture of engine `coin`, up to the input that a network would have had. */
export function replayCoin(capture: Capture, { detector }: ReplayOptions = {}): ReplayDifference[] {
  const { differences, compare } = comparison(capture);
  if (!compareFrame(capture, compare)) return differences;
  compareBox(capture, detector, compare);
  compareInput(capture, capture.metadata.preprocess, compare);
  return differences;
}

function comparison({ header: { sequence } }: Capture): { differences: ReplayDifference[]; compare: Compare } {
  const differences: ReplayDifference[] = [];
  const compare: Compare = (stage, what, recorded, replayed) => {
    const [was, is] = [String(recorded), String(replayed)];
    if (was === is) return true;
    differences.push({ sequence, stage, what, recorded: was, replayed: is });
    return false;
  };
  return { differences, compare };
}

function compareFrame({ header, frame, payload }: Capture, compare: Compare): boolean {
  const size = compare("frame", "pixels", frame.width * frame.height, frame.pixels.length);
  return size && compare("frame", "crc", hex32(header.payloadCrc), hex32(payloadCrc(payload)));
}

function compareBox({ frame, metadata }: Capture, detector: Detector | undefined, compare: Compare): void {
  const { box, locator } = metadata;
  if (locator.kind !== "center" && detector === undefined) return;
  if (locator.kind !== "center" && !compare("box", "detector", locator.model, detector!.hash)) return;
  const located = locate(locator, frame, detector);
  const { x, y, width, height } = located.box;
  compare("box", "box", [box.x, box.y, box.width, box.height], [x, y, width, height]);
  compare("box", "confidence", metadata.confidence, located.confidence);
}

/** The network input computed from the recorded box, when it is the one the device had. */
function compareInput({ frame, metadata }: Capture, spec: PreprocessSpec, compare: Compare): Int8Array | undefined {
  const { preprocess: recorded, box } = metadata;
  const size = compare("preprocess", "input size", recorded.size, spec.size);
  const normalize = compare("preprocess", "normalize", recorded.normalize, spec.normalize);
  if (!size || !normalize) return undefined;
  const input = preprocess(frame, box, recorded);
  return compare("preprocess", "input crc", hex32(metadata.inputCrc), hex32(crc32(input))) ? input : undefined;
}

function compareModel(
  { metadata }: Capture,
  input: Int8Array,
  interpreter: ReplayInterpreter,
  { modelHash }: ReplayOptions,
  compare: Compare,
): void {
  if (modelHash !== undefined && !compare("model", "model hash", metadata.model, modelHash)) return;
  const [outputs] = interpreter.run([input]);
  compare("model", "outputs", metadata.outputs, outputs);
}

/** From the recorded outputs on. The sum over the press is checked by {@link replayPress}. */
function compareDecision({ metadata }: Capture, { description }: ModelBundle, compare: Compare): void {
  const { outputs, positive, sum, threshold, faces } = metadata;
  compare("decision", "positive label", positive, description.positive);
  compare("decision", "margin", metadata.margin, margin(outputs, positive));
  compare("decision", "threshold", threshold, description.thresholdMargin * faces);
  compare("decision", "decision", metadata.smile, faces > 0 && sum >= threshold);
}

/**
 * Checks what the captures of one press share: given all of them, that the sum is that of their margins and that they tell of the same decision.
 * With some missing (not logged, damaged, withdrawn) only the latter can be said.
 */
export function replayPress(captures: readonly Capture[]): ReplayDifference[] {
  const differences: ReplayDifference[] = [];
  const [first] = captures;
  for (const { header, metadata } of captures) {
    for (const key of ["faces", "sum", "threshold", "smile", "burstCount"] as const) {
      const [recorded, replayed] = [String(metadata[key]), String(first.metadata[key])];
      if (recorded !== replayed) {
        differences.push({ sequence: header.sequence, stage: "decision", what: key, recorded, replayed });
      }
    }
  }
  const complete = captures.length > 0 && captures.length === first.metadata.burstCount;
  if (!complete) return differences;
  const seen = captures.filter(({ metadata }) => faceFound(metadata));
  const whole = { faces: seen.length, sum: seen.reduce((total, { metadata }) => total + metadata.margin, 0) };
  for (const what of ["faces", "sum"] as const) {
    const [recorded, replayed] = [String(first.metadata[what]), String(whole[what])];
    const { sequence } = first.header;
    if (recorded !== replayed) differences.push({ sequence, stage: "decision", what, recorded, replayed });
  }
  return differences;
}
