/**
 * What a training backend does: loss, gradients and batch-norm statistics of one batch, and logits for evaluation. Optimizer, schedule,
 * moving statistics and checkpoints are the loop's business and work on flat arrays, the same for every backend.
 */
import type { Network } from "./network.js";

export type BackendName = "wasm" | "tfjs-node" | "tfjs-cpu";

/** What a backend is made for. */
export interface BackendRequest {
  readonly network: Network;
  /** Most pictures in one batch. */
  readonly batchSize: number;
  /** How the int8 inputs are dequantized: (q - zeroPoint) * scale. */
  readonly input: { readonly scale: number; readonly zeroPoint: number };
  /** Worker threads, at least 1. No result depends on it. */
  readonly threads: number;
  /** What the last layer's outputs mean; default: logits of classes. Decides what a batch must have. */
  readonly task?: TrainingTask;
  /** One entry per layer: where given, the layer's output is rounded to int8 and back, in training as in evaluation. Not for the input. */
  readonly quantization?: readonly (SimulatedQuantization | undefined)[];
}

/** "classify": cross-entropy (loss.ts) over a batch's labels; "detect": a map of faces (detection-loss.ts) against a batch's targets. */
export type TrainingTask = "classify" | "detect";

/**
 * An activation as int8 holds it: q = clamp(round(x / scale) + zeroPoint, -128, 127), x' = (q - zeroPoint) * scale. Its gradient is passed
 * straight through where q is strictly inside the range, and is 0 at the ends (Bengio et al. 2013; Jacob et al. 2018, section 3).
 */
export interface SimulatedQuantization {
  /** A float32 value > 0. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What a student learns from its teacher: weight * T^2 * KL(teacher / T || student / T) (Hinton et al. 2015); the labels' loss has 1 - weight. */
export interface Distillation {
  /** 0 to 1. */
  readonly weight: number;
  /** T >= 1. */
  readonly temperature: number;
}

export interface TrainingBatch {
  readonly count: number;
  /** [count, height, width, channels] */
  readonly inputs: Int8Array;
  /** Label index per picture; of no use to a detector. */
  readonly labels: Uint8Array;
  /** Of a detector: [count, cells, TARGET_CHANNELS], see detection-loss.ts. */
  readonly targets?: Float32Array;
  /** Loss weight per picture, not all 0. */
  readonly weights: Float32Array;
  /** Targets are (1 - s) * one-hot + s / classes. */
  readonly labelSmoothing: number;
  /** Logits of the teacher, [count, classes], with how much they count. */
  readonly teacher?: Distillation & { readonly logits: Float32Array };
  /** Dropout masks by layer, [count, inputs] each, 0 or 1 / (1 - probability); layers without one keep all inputs. */
  readonly masks: ReadonlyMap<number, Float32Array>;
}

export interface BatchGradients {
  /** Weighted mean of the pictures' losses: of the softmax cross-entropy, smoothed targets, with a teacher mixed with what it teaches; or of detection. */
  readonly loss: number;
  /** Pictures whose largest logit is their label's; of a detector 0. */
  readonly correct: number;
  /** Of a detector: the loss of each picture, unweighted. Valid until the backend's next call. */
  readonly losses?: Float32Array;
  /**
   * In the layout of the parameters. Trainable slots: gradient of `loss`. Slots of moving statistics: mean and biased variance of the
   * batch. Owned by the backend and valid until its next call.
   */
  readonly gradient: Float32Array;
}

export interface TrainingBackend {
  readonly name: BackendName;
  /** Pictures that batch norm takes its statistics over in training; 0: the whole batch. Part of a run's identity. */
  readonly statisticsGroup: number;
  gradients(parameters: Float32Array, batch: TrainingBatch): Promise<BatchGradients>;
  /** Logits [count, labels], or maps [count, height, width, channels], with batch norm by its moving statistics, without dropout. Any count. */
  logits(parameters: Float32Array, inputs: Int8Array, count: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Statistics of the union of groups from those of its parts: the mean of the means, and by the law of total variance.
 * The arrays hold, per group, a flat array in the parameter layout; `out` gets both values of every channel.
 */
export function poolStatistics(
  groups: readonly { readonly count: number; readonly values: Float32Array }[],
  mean: { readonly offset: number; readonly size: number },
  variance: { readonly offset: number },
  out: Float32Array,
): void {
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  for (let c = 0; c < mean.size; c++) {
    let first = 0;
    let second = 0;
    for (const { count, values } of groups) {
      const m = values[mean.offset + c];
      first += (count / total) * m;
      second += (count / total) * (values[variance.offset + c] + m * m);
    }
    out[mean.offset + c] = first;
    out[variance.offset + c] = Math.max(0, second - first * first);
  }
}
