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

/** matrix[truth][called] over all classes; `called` are label indices. */
export function confusionMatrix(called: ArrayLike<number>, truth: ArrayLike<number>, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truth.length; i++) matrix[truth[i]][called[i]]++;
  return matrix;
}

/** Part of pictures called right at a threshold; NaN for no pictures. */
export function accuracyAt(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold: number): number {
  const { truePositives, trueNegatives } = confusionAt(scores, truth, threshold);
  return (truePositives + trueNegatives) / scores.length;
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

/** Cumulated counts at every distinct score, from the highest down. */
function sweep(scores: ArrayLike<number>, truth: ArrayLike<number>) {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const points: { threshold: number; positives: number; negatives: number }[] = [];
  let positives = 0;
  let negatives = 0;
  order.forEach((index, rank) => {
    if (truth[index]) positives++;
    else negatives++;
    const next = order[rank + 1];
    if (next === undefined || scores[next] !== scores[index]) {
      points.push({ threshold: scores[index], positives, negatives });
    }
  });
  return { points, positives, negatives };
}

/** One point per distinct score, thresholds falling, so recall never falls. Recall is NaN without positives. */
export function precisionRecallCurve(scores: ArrayLike<number>, truth: ArrayLike<number>): OperatingPoint[] {
  const { points, positives } = sweep(scores, truth);
  return points.map((point) => ({
    threshold: point.threshold,
    precision: point.positives / (point.positives + point.negatives),
    recall: point.positives / positives,
  }));
}

/** Sum over the curve of (recall step) * precision, as scikit-learn's average_precision_score: no interpolation. */
export function averagePrecision(scores: ArrayLike<number>, truth: ArrayLike<number>): number {
  let recall = 0;
  let sum = 0;
  for (const point of precisionRecallCurve(scores, truth)) {
    sum += (point.recall - recall) * point.precision;
    recall = point.recall;
  }
  return sum;
}

/** Probability that a positive scores higher than a negative, ties counting half (Mann-Whitney U); NaN if a class is missing. */
export function rocAuc(scores: ArrayLike<number>, truth: ArrayLike<number>): number {
  const { points, positives, negatives } = sweep(scores, truth);
  let area = 0;
  let last = { positives: 0, negatives: 0 };
  for (const point of points) {
    area += ((point.negatives - last.negatives) * (point.positives + last.positives)) / 2;
    last = point;
  }
  return area / (positives * negatives);
}

/**
 * The threshold of the highest recall among those whose precision is at least `precision`; of equal recalls the higher threshold, which is
 * the more precise. Undefined when no threshold reaches the precision.
 */
export function thresholdForPrecision(
  scores: ArrayLike<number>,
  truth: ArrayLike<number>,
  precision: number,
): OperatingPoint | undefined {
  let best: OperatingPoint | undefined;
  for (const point of precisionRecallCurve(scores, truth)) {
    if (point.precision >= precision && (best === undefined || point.recall > best.recall)) best = point;
  }
  return best;
}

/** Highest recall with at least this precision; 0 when it is not reached. */
export function recallAtPrecision(scores: ArrayLike<number>, truth: ArrayLike<number>, precision: number): number {
  return thresholdForPrecision(scores, truth, precision)?.recall ?? 0;
}
