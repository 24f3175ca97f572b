/** Softmax cross-entropy with label smoothing, and distillation, in double precision. */
import type { TrainingBatch } from "./backend.js";

/** Natural logarithms of the softmax of `logits[start .. start + classes) / temperature` into `out`. */
export function logSoftmax(
  logits: ArrayLike<number>,
  start: number,
  classes: number,
  out: Float64Array,
  temperature = 1,
): void {
  let top = -Infinity;
  for (let k = 0; k < classes; k++) top = Math.max(top, logits[start + k] / temperature);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k] / temperature - top);
  const offset = top + Math.log(sum);
  for (let k = 0; k < classes; k++) out[k] = logits[start + k] / temperature - offset;
}

/** Index of the largest of `logits[start .. start + classes)`; the first of equals. */
export function argmax(logits: ArrayLike<number>, start: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (logits[start + k] > logits[start + best]) best = k;
  return best;
}

export interface LossInput extends Pick<TrainingBatch, "labels" | "weights" | "labelSmoothing" | "teacher"> {
  /** [count, classes] */
  readonly logits: Float32Array;
  readonly classes: number;
}

/**
 * Sum over pictures of weight * loss: the cross-entropy, with a teacher mixed with T^2 times the divergence from it. If `gradient` is given
 * it gets d(sum * factor) / d(logits), [count, classes].
 */
export function crossEntropySum(
  input: LossInput,
  factor = 1,
  gradient?: Float32Array,
): { loss: number; correct: number } {
  const { logits, classes, labels, weights, labelSmoothing, teacher } = input;
  const logs = new Float64Array(classes);
  const off = labelSmoothing / classes;
  const on = 1 - labelSmoothing + off;
  const share = 1 - (teacher?.weight ?? 0);
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < labels.length; i++) {
    const start = i * classes;
    logSoftmax(logits, start, classes, logs);
    if (argmax(logits, start, classes) === labels[i]) correct++;
    for (let k = 0; k < classes; k++) {
      const target = k === labels[i] ? on : off;
      loss -= weights[i] * share * target * logs[k];
      if (gradient !== undefined) gradient[start + k] = weights[i] * factor * share * (Math.exp(logs[k]) - target);
    }
  }
  return { loss: loss + (teacher === undefined ? 0 : divergenceSum(input, teacher, factor, gradient)), correct };
}

/** Sum over pictures of weight * share * T^2 * KL(teacher || student), both at temperature T; adds its gradient. */
function divergenceSum(
  { logits, classes, weights }: LossInput,
  { logits: taught, weight: share, temperature }: NonNullable<TrainingBatch["teacher"]>,
  factor: number,
  gradient: Float32Array | undefined,
): number {
  const own = new Float64Array(classes);
  const wanted = new Float64Array(classes);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const start = i * classes;
    logSoftmax(logits, start, classes, own, temperature);
    logSoftmax(taught, start, classes, wanted, temperature);
    const scale = weights[i] * share * temperature;
    for (let k = 0; k < classes; k++) {
      const target = Math.exp(wanted[k]);
      sum += scale * temperature * target * (wanted[k] - own[k]);
      if (gradient !== undefined) gradient[start + k] += factor * scale * (Math.exp(own[k]) - target);
    }
  }
  return sum;
}
