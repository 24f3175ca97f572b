/** How far two distributions are apart: four measures of the same two histograms. */
import type { Histogram } from "./histogram.js";

/** Parts that the population stability index compares: tenths of the training pictures. */
const PSI_PARTS = 10;
/** Added to every count, so that an empty part does not make the index infinite (Jeffreys' prior). */
const PSI_PRIOR = 0.5;

export interface Stability {
  readonly index: number;
  /** What chance alone gives on average with so few pictures. */
  readonly chance: number;
}

/**
 * Population stability index: sum of (p - q) ln(p / q) over tenths of the training pictures; by custom below 0.1 is stable, above 0.25 is another population
 * (Siddiqi, "Credit Risk Scorecards", 2006). Without a difference it is a chi-square number over the counts, hence `chance` (Yurdakul 2018).
 */
export function stability(training: Histogram, serving: Histogram): Stability {
  const parts = tenths(training.counts, training.count);
  let index = 0;
  for (const [from, to] of parts) {
    const p = share(training, from, to, parts.length);
    const q = share(serving, from, to, parts.length);
    index += (q - p) * Math.log(q / p);
  }
  return { index, chance: (parts.length - 1) * (1 / training.count + 1 / serving.count) };
}

/** Ranges of bins with about a tenth of the counts each. A bin that holds a tenth by itself, as clipped values do, is a range of its own. */
function tenths(counts: Float64Array, total: number): [from: number, to: number][] {
  const parts: [number, number][] = [];
  let [from, below, next] = [0, 0, 1];
  const close = (to: number) => {
    if (to > from) parts.push([from, to]);
    from = to;
    next = Math.floor((below * PSI_PARTS) / total) + 1;
  };
  for (let bin = 0; bin < counts.length; bin++) {
    const isHeavy = counts[bin] * PSI_PARTS >= total;
    if (isHeavy) close(bin);
    below += counts[bin];
    if (isHeavy || (below * PSI_PARTS >= next * total && below < total)) close(bin + 1);
  }
  close(counts.length);
  return parts;
}

function share({ counts, count }: Histogram, from: number, to: number, parts: number): number {
  let sum = PSI_PRIOR;
  for (let bin = from; bin < to; bin++) sum += counts[bin];
  return sum / (count + parts * PSI_PRIOR);
}

export interface TwoSampleTest {
  /** Largest difference of the two distribution functions, 0 to 1. */
  readonly statistic: number;
  /** Probability of a difference as large by chance. */
  readonly p: number;
}

/** Two-sample Kolmogorov-Smirnov test on the bins, p by the asymptotic distribution with Stephens' correction (Press et al., "Numerical Recipes", 14.3). */
export function kolmogorovSmirnov(a: Histogram, b: Histogram): TwoSampleTest {
  let [belowA, belowB, statistic] = [0, 0, 0];
  for (let bin = 0; bin < a.counts.length; bin++) {
    belowA += a.counts[bin];
    belowB += b.counts[bin];
    statistic = Math.max(statistic, Math.abs(belowA / a.count - belowB / b.count));
  }
  const root = Math.sqrt((a.count * b.count) / (a.count + b.count));
  return { statistic, p: kolmogorov((root + 0.12 + 0.11 / root) * statistic) };
}

/** Q(lambda) = 2 sum over k of (-1)^(k-1) exp(-2 k^2 lambda^2). */
function kolmogorov(lambda: number): number {
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * lambda * lambda);
  return Math.max(0, Math.min(1, sum));
}

/** Holm's correction for several tests (Scandinavian Journal of Statistics 6, 1979): p values in the order given. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const corrected = new Array<number>(ps.length);
  let largest = 0;
  order.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * p));
    corrected[index] = largest;
  });
  return corrected;
}

/** Wasserstein-1 distance: how far values have to be moved on average to turn one distribution into the other, in the feature's unit. */
export function wasserstein(a: Histogram, b: Histogram): number {
  let [belowA, belowB, sum] = [0, 0, 0];
  for (let bin = 0; bin < a.counts.length; bin++) {
    belowA += a.counts[bin] / a.count;
    belowB += b.counts[bin] / b.count;
    sum += Math.abs(belowA - belowB);
  }
  return (sum * (a.high - a.low)) / a.counts.length;
}
