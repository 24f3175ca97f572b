/** Calibrated probabilities: the one temperature that makes the margins' log-odds fit the validation labels best (Guo et al. 2017). */
import { logistic } from "../evaluate/metrics.js";

/** Bounds of the temperature: beyond them the labels say nothing about it. */
const LOWEST = 0.1;
const HIGHEST = 10;
const ITERATIONS = 60;

/**
 * Minimises the log loss of 1 / (1 + exp(-margin * scale / T)) over T. It is convex in 1 / T; targets are smoothed as Platt (1999) does, so
 * that margins without a mistake do not ask for certainty.
 *
 * @param truth 1 for positive
 * @param share part of positives that is expected; the classes weigh accordingly
 */
export function fitTemperature(margins: readonly number[], truth: Uint8Array, scale: number, share: number): number {
  const positives = truth.reduce((sum, one) => sum + one, 0);
  const negatives = truth.length - positives;
  const target = [1 / (negatives + 2), (positives + 1) / (positives + 2)];
  const weight = [(1 - share) / Math.max(1, negatives), share / Math.max(1, positives)];
  /** Derivative of the loss by 1 / T; grows with it. */
  const slope = (inverse: number) =>
    margins.reduce((sum, margin, i) => {
      const odds = margin * scale;
      return sum + weight[truth[i]] * odds * (logistic(odds * inverse) - target[truth[i]]);
    }, 0);
  let [low, high] = [1 / HIGHEST, 1 / LOWEST];
  for (let i = 0; i < ITERATIONS; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) high = middle;
    else low = middle;
  }
  // As many digits as the data can support; a short description.
  return Number((2 / (low + high)).toPrecision(4));
}
