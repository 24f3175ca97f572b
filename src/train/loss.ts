/** Softmax cross-entropy with label smoothing, in double precision. */

/** Natural logarithms of the softmax of `logits[start .. start + classes)` into `out`. */
export function logSoftmax(logits: ArrayLike<number>, start: number, classes: number, out: Float64Array): void {
  let top = -Infinity;
  for (let k = 0; k < classes; k++) top = Math.max(top, logits[start + k]);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k] - top);
  const offset = top + Math.log(sum);
  for (let k = 0; k < classes; k++) out[k] = logits[start + k] - offset;
}

/** Index of the largest of `logits[start .. start + classes)`; the first of equals. */
export function argmax(logits: ArrayLike<number>, start: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (logits[start + k] > logits[start + best]) best = k;
  return best;
}

export interface LossInput {
  /** [count, classes] */
  readonly logits: Float32Array;
  readonly classes: number;
  /** Label index per picture. */
  readonly labels: Uint8Array;
  /** Weight per picture. */
  readonly weights: Float32Array;
  readonly labelSmoothing: number;
}

/**
 * Sum over pictures of weight * cross-entropy. If `gradient` is given it gets d(sum * factor) / d(logits), [count, classes].
 */
export function crossEntropySum(
  input: LossInput,
  factor = 1,
  gradient?: Float32Array,
): { loss: number; correct: number } {
  const { logits, classes, labels, weights, labelSmoothing } = input;
  const logs = new Float64Array(classes);
  const off = labelSmoothing / classes;
  const on = 1 - labelSmoothing + off;
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < labels.length; i++) {
    const start = i * classes;
    logSoftmax(logits, start, classes, logs);
    if (argmax(logits, start, classes) === labels[i]) correct++;
    for (let k = 0; k < classes; k++) {
      const target = k === labels[i] ? on : off;
      loss -= weights[i] * target * logs[k];
      if (gradient !== undefined) gradient[start + k] = weights[i] * factor * (Math.exp(logs[k]) - target);
    }
  }
  return { loss, correct };
}
