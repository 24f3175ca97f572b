/** Scores of a float model over a picture source, in batches of bounded size. */
import { availableParallelism } from "node:os";
import type { PictureSource } from "../data/types.js";
import { InterruptedError } from "../errors.js";
import { SquarePreprocessor } from "../preprocess/square.js";
import { type InputSpec, inputQuantization, type PreprocessSpec } from "../preprocess/types.js";
import type { TrainingBackend } from "./backend.js";
import { crossEntropySum, logSoftmax } from "./loss.js";
import type { FloatModel, Network } from "./network.js";
import { createWasmBackend } from "./wasm/backend.js";
import { GROUP_PICTURES } from "./wasm/plan.js";

/** Pictures read, preprocessed and scored at once. */
const BATCH = 256;

/** Worker threads for an option value: 0 is one per core, at most 4. */
export function threadCount(option: number): number {
  return option > 0 ? option : Math.max(1, Math.min(4, availableParallelism()));
}

/** Network inputs of consecutive pictures of a source, exactly as the device computes them. */
function* preprocessedBatches(
  source: PictureSource,
  spec: PreprocessSpec,
  batch = BATCH,
): Generator<{ readonly start: number; readonly count: number; readonly inputs: Int8Array }> {
  const pixels = source.size * source.size;
  const inputSize = spec.size * spec.size;
  const square = new SquarePreprocessor(source.size, spec);
  const pictures = new Uint8Array(Math.min(batch, source.count) * pixels);
  for (let start = 0; start < source.count; start += batch) {
    const count = Math.min(batch, source.count - start);
    source.read(
      Uint32Array.from({ length: count }, (_, i) => start + i),
      pictures.subarray(0, count * pixels),
    );
    const inputs = new Int8Array(count * inputSize);
    for (let i = 0; i < count; i++) {
      square.run(pictures.subarray(i * pixels, (i + 1) * pixels), inputs.subarray(i * inputSize, (i + 1) * inputSize));
    }
    yield { start, count, inputs };
  }
}

/** Logits [count, labels] of all pictures on a running backend. */
export async function backendLogits(
  backend: TrainingBackend,
  parameters: Float32Array,
  source: PictureSource,
  spec: PreprocessSpec,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const { count, inputs } of preprocessedBatches(source, spec)) {
    parts.push(await backend.logits(parameters, inputs, count));
  }
  return concatenate(parts);
}

export interface EvaluationRequest {
  readonly model: FloatModel;
  readonly source: PictureSource;
  readonly preprocess: PreprocessSpec;
  /** As in the configuration; default 0. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Logits [count, labels] of a float model over a source. Throws InterruptedError when aborted. */
export async function floatLogits(request: EvaluationRequest): Promise<Float32Array> {
  const { model, source, signal } = request;
  const backend = await createWasmBackend({
    network: model.network,
    batchSize: BATCH,
    input: inputQuantization(request.preprocess),
    threads: threadCount(request.threads ?? 0),
  });
  try {
    const parts: Float32Array[] = [];
    for (const { count, inputs } of preprocessedBatches(source, request.preprocess)) {
      if (signal?.aborted) throw new InterruptedError();
      parts.push(await backend.logits(model.parameters, inputs, count));
    }
    return concatenate(parts);
  } finally {
    await backend.dispose();
  }
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Mean cross-entropy (no smoothing, pictures weigh the same) and accuracy of logits [count, classes]. */
export function logitQuality(logits: Float32Array, labels: Uint8Array): { loss: number; accuracy: number } {
  const classes = logits.length / labels.length;
  const weights = new Float32Array(labels.length).fill(1);
  const { loss, correct } = crossEntropySum({ logits, classes, labels, weights, labelSmoothing: 0 });
  return { loss: loss / labels.length, accuracy: correct / labels.length };
}

/** Softmax probability of class `positive` per picture. */
export function positiveScores(logits: Float32Array, classes: number, positive: number): Float64Array {
  const logs = new Float64Array(classes);
  return Float64Array.from({ length: logits.length / classes }, (_, i) => {
    logSoftmax(logits, i * classes, classes, logs);
    return Math.exp(logs[positive]);
  });
}

/** Activations of every layer, many pictures at a time, on the fast kernels: for calibration. The caller must dispose it. */
export interface ActivationProbe {
  /** Most pictures of one call. */
  readonly maxCount: number;
  /** As forward.ts' runFloat up to float32 rounding: one array [count, ...layer's output shape] per layer. */
  layers(inputs: Int8Array, count: number): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

export async function createActivationProbe(model: FloatModel, spec: InputSpec): Promise<ActivationProbe> {
  const backend = await createWasmBackend({
    network: model.network,
    batchSize: GROUP_PICTURES,
    input: inputQuantization(spec),
    threads: 1,
  });
  return {
    maxCount: GROUP_PICTURES,
    layers: (inputs, count) => backend.activations(model.parameters, inputs, count),
    dispose: () => backend.dispose(),
  };
}

/** Number of logits of a network. */
export function classCount(network: Network): number {
  const last = network.layers[network.layers.length - 1];
  if (last.kind !== "dense") throw new Error("the last layer of a network must be dense");
  return last.units;
}

/** Network inputs of all pictures of a source in order, one [size, size] array each; views that the next batch overwrites none of. */
export function* networkInputs(source: PictureSource, spec: PreprocessSpec): Generator<Int8Array> {
  const length = spec.size * spec.size;
  for (const { inputs, count } of preprocessedBatches(source, spec)) {
    for (let i = 0; i < count; i++) yield inputs.subarray(i * length, (i + 1) * length);
  }
}
