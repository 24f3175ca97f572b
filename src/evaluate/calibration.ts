/** Whether a probability means what it says: of the pictures given 80 %, are 80 % positive? */
import type { Interval } from "./bootstrap.js";

export interface ReliabilityBin {
  /** Probabilities in [from, to); the last bin holds 1 too. */
  readonly from: number;
  readonly to: number;
  /** Pictures. */
  readonly count: number;
  /** Mean probability given; null without pictures. */
  readonly probability: number | null;
  /** Share that was positive. */
  readonly share: Interval;
}

export interface Calibration {
  readonly bins: readonly ReliabilityBin[];
  /** Expected calibration error: mean over pictures of |share - mean probability| of their bin (Naeini et al. 2015; equal widths). */
  readonly ece: Interval;
  /** Brier score: mean squared error of the probability; 0 is perfect, 0.25 is always saying one half. */
  readonly brier: Interval;
  /** Mean negative natural logarithm of the probability given to the truth. */
  readonly logLoss: Interval;
}

export const RELIABILITY_BINS = 10;

/** The bin of a probability in [0, 1]. */
function reliabilityBin(probability: number): number {
  return Math.min(RELIABILITY_BINS - 1, Math.floor(probability * RELIABILITY_BINS));
}

/** Weighted sums per bin of equal width. */
export interface BinSums {
  readonly weight: Float64Array;
  readonly positive: Float64Array;
  readonly probability: Float64Array;
}

/** @param weights per picture */
export function binSums(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  weights: (picture: number) => number,
): BinSums {
  const [weight, positive, probability] = [0, 1, 2].map(() => new Float64Array(RELIABILITY_BINS));
  for (let i = 0; i < probabilities.length; i++) {
    const w = weights(i);
    const bin = reliabilityBin(probabilities[i]);
    weight[bin] += w;
    probability[bin] += w * probabilities[i];
    if (truth[i]) positive[bin] += w;
  }
  return { weight, positive, probability };
}

/** NaN without pictures. */
export function expectedCalibrationError({ weight, positive, probability }: BinSums): number {
  let sum = 0;
  let all = 0;
  for (let bin = 0; bin < weight.length; bin++) {
    sum += Math.abs(positive[bin] - probability[bin]);
    all += weight[bin];
  }
  return sum / all;
}
