/** Trained detector -> int8 graph: calibrated on scenes, and trained on with int8 simulated, so that it learns to live with the rounding. */
import type { Quantization } from "../../../graph/types.js";
import { inputQuantization } from "../../../preprocess/types.js";
import { buildGraph, type QuantizedNetwork } from "../../../quantize/build-graph.js";
import { calibrate } from "../../../quantize/calibrate.js";
import { foldBatchNorm, foldedModel } from "../../../quantize/fold.js";
import { int8Weights, simulatedActivations } from "../../../quantize/simulate.js";
import type { BackendRequest, TrainingBackend } from "../../../train/backend.js";
import type { FloatModel } from "../../../train/network.js";
import { SceneBatches } from "./batches.js";
import { type DetectorRequest, type DetectorTraining, trainDetector } from "./train.js";

export interface DetectorQuantization extends Pick<DetectorTraining, "epochs" | "learningRate"> {
  /** Scenes that ranges are measured on. */
  readonly calibration: number;
  /** Percentile of each activation's values that its int8 range covers, 99 to 100. */
  readonly percentile: number;
}

export interface QuantizeDetectorRequest
  extends Pick<DetectorRequest, "input" | "pool" | "options" | "context" | "onEpoch"> {
  readonly model: FloatModel;
  readonly quantize: DetectorQuantization;
  readonly threads: number;
  createBackend(request: BackendRequest): Promise<TrainingBackend>;
}

/** Throws as trainDetector does. */
export async function quantizeDetector(request: QuantizeDetectorRequest): Promise<QuantizedNetwork> {
  const { input, pool, quantize } = request;
  const folded = foldedModel(request.model);
  const activations = await calibrate(folded, input, calibrationInputs(request), quantize);
  if (quantize.epochs === 0) return buildGraph(folded.network, foldBatchNorm(folded), activations);
  const backend = await request.createBackend({
    network: folded.network,
    batchSize: request.options.batchSize,
    input: inputQuantization(input),
    threads: request.threads,
    task: "detect",
    quantization: simulatedActivations(activations),
  });
  try {
    const parameters = await finetune(request, folded, activations, backend);
    const tuned = { network: folded.network, parameters };
    return buildGraph(tuned.network, foldBatchNorm(tuned), activations);
  } finally {
    await backend.dispose();
  }

  function* calibrationInputs({ options }: QuantizeDetectorRequest): Generator<Int8Array> {
    const batches = new SceneBatches(pool, input, options.seed);
    const count = Math.min(quantize.calibration, pool.count);
    for (let i = 0; i < count; i++) yield batches.plain([Math.floor((i * pool.count) / count)]).inputs;
  }
}

function finetune(
  { input, pool, context, onEpoch, options, quantize }: QuantizeDetectorRequest,
  { network, parameters }: FloatModel,
  activations: readonly Quantization[],
  backend: TrainingBackend,
): Promise<Float32Array> {
  const { epochs, learningRate } = quantize;
  return trainDetector({
    network,
    input,
    pool,
    backend,
    context,
    initial: parameters,
    projection: int8Weights(network, activations),
    options: { ...options, epochs, learningRate, warmupEpochs: 0 },
    ...(onEpoch === undefined ? {} : { onEpoch }),
  });
}
