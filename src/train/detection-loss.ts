/**
 * Loss of a detector that answers for every cell of a map: whether a face is there (focal loss, Lin et al. 2017, "Focal Loss for Dense Object
 * Detection"), and where it lies and how large it is (smooth L1, Girshick 2015, "Fast R-CNN"). Double precision.
 */

/** What a detector says of a cell: logit of a face, then the box: x, y, size (src/locate/neural/box-code.ts). */
export const OUTPUT_CHANNELS = 4;
/** What is wanted of a cell: 1 for a face, weight of that, weight of the box, then the box. */
export const TARGET_CHANNELS = 6;

/** Exponent of the focal loss: how little what is right already counts. */
export const FOCUS = 2;
/** Where smooth L1 turns from a parabola to a line, in units of the box code. */
export const BEND = 0.25;

export interface DetectionLossInput {
  /** [count, cells, OUTPUT_CHANNELS] */
  readonly outputs: Float32Array;
  /** [count, cells, TARGET_CHANNELS] */
  readonly targets: Float32Array;
  /** Per picture. */
  readonly weights: Float32Array;
}

/**
 * Sum over pictures of weight * loss. If `gradient` is given it gets d(sum * factor) / d(outputs), and `losses` each picture's loss without its
 * weight.
 */
export function detectionSum(
  { outputs, targets, weights }: DetectionLossInput,
  factor = 1,
  gradient?: Float32Array,
  losses?: Float32Array,
): number {
  const cells = outputs.length / OUTPUT_CHANNELS / weights.length;
  let sum = 0;
  for (let picture = 0, cell = 0; picture < weights.length; picture++) {
    let loss = 0;
    for (const end = (picture + 1) * cells; cell < end; cell++) {
      const scale = weights[picture] * factor;
      loss += presenceLoss(outputs, targets, cell, scale, gradient);
      if (targets[cell * TARGET_CHANNELS + 2] > 0) loss += boxLoss(outputs, targets, cell, scale, gradient);
    }
    if (losses !== undefined) losses[picture] = loss;
    sum += weights[picture] * loss;
  }
  return sum;
}

/** -(1 - p)^FOCUS log p, p the probability given to what is there. Sets the whole cell's gradient, the box's to 0. */
function presenceLoss(
  outputs: Float32Array,
  targets: Float32Array,
  cell: number,
  scale: number,
  gradient: Float32Array | undefined,
): number {
  const from = cell * OUTPUT_CHANNELS;
  const wanted = targets[cell * TARGET_CHANNELS] > 0.5 ? 1 : -1;
  const weight = targets[cell * TARGET_CHANNELS + 1];
  const right = wanted * outputs[from];
  // log(1 + exp(-right)) without overflow.
  const cross = Math.log1p(Math.exp(-Math.abs(right))) + Math.max(0, -right);
  const p = 1 / (1 + Math.exp(-right));
  const focus = (1 - p) ** FOCUS;
  if (gradient !== undefined) {
    gradient[from] = -scale * weight * wanted * focus * (FOCUS * p * cross + 1 - p);
    gradient.fill(0, from + 1, from + OUTPUT_CHANNELS);
  }
  return weight * focus * cross;
}

function boxLoss(
  outputs: Float32Array,
  targets: Float32Array,
  cell: number,
  scale: number,
  gradient: Float32Array | undefined,
): number {
  const output = cell * OUTPUT_CHANNELS + 1;
  const target = cell * TARGET_CHANNELS + 3;
  const weight = targets[target - 1];
  let loss = 0;
  for (let k = 0; k < 3; k++) {
    const error = outputs[output + k] - targets[target + k];
    const size = Math.abs(error);
    loss += size < BEND ? (error * error) / (2 * BEND) : size - BEND / 2;
    if (gradient !== undefined) gradient[output + k] = scale * weight * Math.max(-1, Math.min(1, error / BEND));
  }
  return weight * loss;
}
