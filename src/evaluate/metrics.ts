/**
 * Quality of scores against labels. A score is any number that grows with the evidence for the positive label; a picture is called positive
 * when its score is at least the threshold. Equal scores cannot be told apart, so they always cross a threshold together.
 */

export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

/** Precision and recall when every score >= threshold is called positive. */
export interface OperatingPoint {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
}

/** The probability of these log-odds (natural logarithm). */
export function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

/** 1 where the label is `positive`, else 0. */
export function binaryLabels(labels: ArrayLike<number>, positive: number): Uint8Array {
  return Uint8Array.from(labels, (label) => (label === positive ? 1 : 0));
}

/** Counts at a threshold. */
export function confusionAt(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold: number): Confusion {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < scores.length; i++) counts[(truth[i] ? 2 : 0) + (scores[i] >= threshold ? 1 : 0)]++;
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts;
  return { truePositives, falsePositives, trueNegatives, falseNegatives };
}

/** Mean negative natural logarithm of the probability given to the truth; probabilities are clipped to [1e-12, 1 - 1e-12]. */
export function logLoss(probabilities: ArrayLike<number>, truth: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = Math.max(1e-12, Math.min(1 - 1e-12, probabilities[i]));
    sum -= Math.log(truth[i] ? p : 1 - p);
  }
  return sum / probabilities.length;
}

/** Pictures scored at or above each distinct score, from the highest down; weighted where weights were given. */
export interface Sweep {
  /** Falling. */
  readonly thresholds: Float64Array;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** Scores sorted once, to be swept many times under different weights. */
export class Ranking {
  private readonly order: Uint32Array;
  private readonly thresholds: Float64Array;
  /** Where in `order` the pictures of each distinct score end. */
  private readonly ends: Uint32Array;

  constructor(
    scores: ArrayLike<number>,
    private readonly truth: ArrayLike<number>,
  ) {
    this.order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
      (a, b) => scores[b] - scores[a] || a - b,
    );
    const ends: number[] = [];
    this.order.forEach((index, rank) => {
      if (rank + 1 === this.order.length || scores[this.order[rank + 1]] !== scores[index]) ends.push(rank + 1);
    });
    this.ends = Uint32Array.from(ends);
    this.thresholds = Float64Array.from(ends, (end) => scores[this.order[end - 1]]);
  }

  /** @param weights one per picture, not negative; without them every picture counts once */
  sweep(weights?: ArrayLike<number>): Sweep {
    const { order, ends, truth, thresholds } = this;
    const positives = new Float64Array(ends.length);
    const negatives = new Float64Array(ends.length);
    let rank = 0;
    let above = 0;
    let aboveNegative = 0;
    for (let point = 0; point < ends.length; point++) {
      for (; rank < ends[point]; rank++) {
        const index = order[rank];
        const weight = weights === undefined ? 1 : weights[index];
        if (truth[index]) above += weight;
        else aboveNegative += weight;
      }
      positives[point] = above;
      negatives[point] = aboveNegative;
    }
    return { thresholds, positives, negatives };
  }
}

/** The sweep with both classes scaled so that `prior` (between 0 and 1) of all weight is positive. */
export function atPrior(sweep: Sweep, prior: number): Sweep {
  const scaled = (counts: Float64Array, share: number) => {
    const factor = share / total(counts);
    return counts.map((count) => count * factor);
  };
  const { thresholds, positives, negatives } = sweep;
  return { thresholds, positives: scaled(positives, prior), negatives: scaled(negatives, 1 - prior) };
}

/** Weight of all pictures of a class. */
export function total(counts: Float64Array): number {
  return counts.length === 0 ? 0 : counts[counts.length - 1];
}

/**
 * The precision-recall curve: one point per distinct score, thresholds falling, so recall never falls. Recall is NaN without positives. Points at which
 * nothing is called positive are left out: precision is not defined there.
 */
export function* operatingPoints(sweep: Sweep): Generator<OperatingPoint> {
  const { thresholds, positives, negatives } = sweep;
  const all = total(positives);
  for (let i = 0; i < thresholds.length; i++) {
    const called = positives[i] + negatives[i];
    if (called > 0) yield { threshold: thresholds[i], precision: positives[i] / called, recall: positives[i] / all };
  }
}

/** Sum over the curve of (recall step) * precision, as scikit-learn's average_precision_score: no interpolation. NaN without positives. */
export function averagePrecision(scores: ArrayLike<number>, truth: ArrayLike<number>): number {
  return sweepAveragePrecision(new Ranking(scores, truth).sweep());
}

export function sweepAveragePrecision({ positives, negatives }: Sweep): number {
  let before = 0;
  let sum = 0;
  for (let i = 0; i < positives.length; i++) {
    const step = positives[i] - before;
    if (step > 0) sum += (step * positives[i]) / (positives[i] + negatives[i]);
    before = positives[i];
  }
  return sum / total(positives);
}

/** Probability that a positive scores higher than a negative, ties counting half (Mann-Whitney U); NaN if a class is missing. */
export function rocAuc(scores: ArrayLike<number>, truth: ArrayLike<number>): number {
  return sweepRocAuc(new Ranking(scores, truth).sweep());
}

export function sweepRocAuc({ positives, negatives }: Sweep): number {
  let area = 0;
  for (let i = 0; i < positives.length; i++) {
    const step = negatives[i] - (i === 0 ? 0 : negatives[i - 1]);
    area += (step * (positives[i] + (i === 0 ? 0 : positives[i - 1]))) / 2;
  }
  return area / (total(positives) * total(negatives));
}

/** Highest recall with at least this precision; 0 when it is not reached. */
export function recallAtPrecision(scores: ArrayLike<number>, truth: ArrayLike<number>, precision: number): number {
  return sweepRecallAtPrecision(new Ranking(scores, truth).sweep(), precision);
}

/** NaN when a class is missing: without negatives every threshold is precise. */
export function sweepRecallAtPrecision(sweep: Sweep, precision: number): number {
  if (!(total(sweep.positives) > 0 && total(sweep.negatives) > 0)) return Number.NaN;
  let best = 0;
  for (const point of operatingPoints(sweep)) {
    if (point.precision >= precision) best = Math.max(best, point.recall);
  }
  return best;
}
