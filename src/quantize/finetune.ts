/**
 * Quantization-aware training: the trained network with its batch norms folded is trained on for a few epochs at a low learning rate, its
 * weights and activations rounded as the int8 graph will round them, so that it learns to live with the rounding.
 */
import type { Quantization } from "../graph/types.js";
import { inputQuantization } from "../preprocess/types.js";
import type { BackendRequest, TrainingBackend } from "../train/backend.js";
import { threadCount } from "../train/evaluate.js";
import type { FloatModel } from "../train/network.js";
import { type TrainRequest, type TrainResult, trainModel } from "../train/train.js";
import { type CalibrationOptions, calibrate, type Int8Pictures } from "./calibrate.js";
import { foldedModel } from "./fold.js";
import { int8Weights, simulatedActivations } from "./simulate.js";

export interface FinetuneOptions extends CalibrationOptions {
  readonly finetuneEpochs: number;
  readonly finetuneLearningRate: number;
}

/** As for training, but for what follows from the model. */
export interface FinetuneRequest extends Omit<TrainRequest, "network" | "backend" | "initial" | "projection"> {
  readonly model: FloatModel;
  readonly calibration: Int8Pictures;
  readonly quantize: FinetuneOptions;
  createBackend(request: BackendRequest): Promise<TrainingBackend>;
}

export interface Finetuned extends TrainResult {
  /** Without batch norm. */
  readonly model: FloatModel;
  /** Ranges of every layer's output that the model was trained with: the graph must have the same. */
  readonly activations: readonly Quantization[];
}

export async function finetune(request: FinetuneRequest): Promise<Finetuned> {
  const { quantize, preprocess, calibration, createBackend, ...rest } = request;
  const { network, parameters } = foldedModel(request.model);
  const activations = await calibrate({ network, parameters }, preprocess, calibration, quantize);
  const options: TrainRequest["options"] = {
    ...request.options,
    epochs: quantize.finetuneEpochs,
    learningRate: quantize.finetuneLearningRate,
    schedule: "cosine",
    warmupEpochs: 0,
    earlyStopping: 0,
  };
  const backend = await createBackend({
    network,
    batchSize: options.batchSize,
    input: inputQuantization(preprocess),
    threads: threadCount(options.threads),
    quantization: simulatedActivations(activations),
  });
  try {
    const projection = int8Weights(network, activations);
    const activity = "fine-tuning";
    const result = await trainModel({
      ...rest,
      network,
      preprocess,
      options,
      backend,
      initial: parameters,
      projection,
      activity,
    });
    return { ...result, activations };
  } finally {
    await backend.dispose();
  }
}
