/**
 * Everything one set of scores says about a model. Figures at a stated prior weigh the two classes as if that share of all pictures were
 * positive: recall and false alarm rate of a class stay what they are, precision, accuracy and calibration move.
 */
import { defaultResampling, groupCount, type Interval, intervals, type Resampling } from "./bootstrap.js";
import { binSums, type Calibration, expectedCalibrationError, RELIABILITY_BINS } from "./calibration.js";
import { type Band, type CurvePoint, curveBands, precisionRecallPoints, rocPoints } from "./curves.js";
import {
  atPrior,
  type Confusion,
  confusionAt,
  logistic,
  Ranking,
  type Sweep,
  sweepAveragePrecision,
  sweepRecallAtPrecision,
  sweepRocAuc,
  total,
} from "./metrics.js";

/** What a model said to labelled pictures, column by column. */
export interface Scored {
  /** Log-odds of the positive label against the runner-up (natural logarithm); of a burst, the mean over its captures. */
  readonly scores: Float64Array;
  /** 1 where the picture's label is the positive one. */
  readonly truth: Uint8Array;
  /** 1 where the label the model prefers is the picture's. */
  readonly correct: Uint8Array;
  /** Group (person, sequence) per picture. */
  readonly groups: Uint32Array;
}

export interface EvaluationOptions {
  /** Smallest log-odds called positive. Chosen elsewhere (validation split, or given): never on these pictures. */
  readonly threshold: number;
  /** Share of positives to weigh the pictures to, between 0 and 1; default: as they come. */
  readonly prior?: number;
  readonly resampling?: Resampling;
}

export interface OperatingFigures {
  /** Log-odds. */
  readonly threshold: number;
  readonly probability: number;
  readonly precision: Interval;
  readonly recall: Interval;
  readonly falseAlarmRate: Interval;
  readonly accuracy: Interval;
  /** Pictures, not weighted. */
  readonly confusion: Confusion;
}

/** Figures that do not depend on a threshold chosen elsewhere. The two recalls are read off the curve of these very pictures. */
export interface Quality {
  /** Share of pictures for which the model prefers their label. */
  readonly accuracy: Interval;
  readonly averagePrecision: Interval;
  readonly recallAt70: Interval;
  readonly recallAt90: Interval;
  readonly rocAuc: Interval;
}

/** Figures without curves: a row of a table. */
export interface Summary {
  readonly count: number;
  readonly positives: number;
  readonly quality: Quality;
  readonly operating: OperatingFigures;
}

export interface Evaluation extends Summary {
  /** Groups drawn by the bootstrap, and whether they are known (persons, sequences) or single pictures. */
  readonly groups: number;
  readonly grouped: boolean;
  readonly resampling: Resampling;
  /** Share of positives among the pictures, and the one the figures are for. */
  readonly prior: { readonly measured: number | null; readonly used: number | null };
  readonly precisionRecall: { readonly points: readonly CurvePoint[]; readonly band: readonly Band[] };
  readonly roc: { readonly points: readonly CurvePoint[]; readonly band: readonly Band[] };
  readonly calibration: Calibration;
  /** Pictures per bin of probability, [0, 0.05), ... [0.95, 1]. */
  readonly histogram: { readonly positive: readonly number[]; readonly negative: readonly number[] };
}

/** What decides: of the int8 model where there is one, as that is what the bot runs. */
export function mainOf<T>({ int8, float }: { readonly int8?: T; readonly float?: T }): T {
  return (int8 ?? float)!;
}

export const QUALITY_KEYS = ["accuracy", "averagePrecision", "recallAt70", "recallAt90", "rocAuc"] as const;

/** Evaluates scores; figures that need a class that is missing are null. */
export function summarize(scored: Scored, options: EvaluationOptions): Summary {
  return summarizeMeasure(new Measure(scored, options), scored, options, (measure, weights) =>
    measure.tableFigures(weights),
  ).summary;
}

/** As {@link summarize}, with curves and calibration. */
export function evaluate(scored: Scored, options: EvaluationOptions): Evaluation {
  const resampling = options.resampling ?? defaultResampling;
  const measure = new Measure(scored, options);
  const { summary, next } = summarizeMeasure(measure, scored, options, (m, weights) => m.allFigures(weights));
  const [ece, brier, logLoss] = next(3);
  const shares = next(RELIABILITY_BINS);
  const groups = groupCount(scored.groups);
  const { count, positives } = summary;
  const measured = count === 0 ? null : positives / count;
  const sweep = measure.sweep();
  const bands = curveBands((weights) => measure.sweep(weights), scored.groups, resampling);
  return {
    ...summary,
    groups,
    grouped: groups < count,
    resampling,
    prior: { measured, used: options.prior ?? measured },
    precisionRecall: { points: precisionRecallPoints(sweep), band: bands.precisionRecall },
    roc: { points: rocPoints(sweep), band: bands.roc },
    calibration: { bins: measure.bins(shares), ece, brier, logLoss },
    histogram: scoreHistogram(scored),
  };
}

function summarizeMeasure(
  measure: Measure,
  scored: Scored,
  options: EvaluationOptions,
  figuresOf: (measure: Measure, weights?: Uint32Array) => readonly number[],
): { summary: Summary; next: (count: number) => Interval[] } {
  const figures = intervals(
    (weights) => figuresOf(measure, weights),
    scored.groups,
    options.resampling ?? defaultResampling,
  );
  const next = takeFrom(figures);
  const [accuracy, averagePrecision, recallAt70, recallAt90, rocAuc] = next(QUALITY_KEYS.length);
  const [precision, recall, falseAlarmRate, accuracyThere] = next(4);
  const summary = {
    count: scored.scores.length,
    positives: scored.truth.reduce((sum, value) => sum + value, 0),
    quality: { accuracy, averagePrecision, recallAt70, recallAt90, rocAuc },
    operating: {
      threshold: options.threshold,
      probability: logistic(options.threshold),
      precision,
      recall,
      falseAlarmRate,
      accuracy: accuracyThere,
      confusion: confusionAt(scored.scores, scored.truth, options.threshold),
    },
  };
  return { summary, next };
}

export const HISTOGRAM_BINS = 20;

function scoreHistogram({ scores, truth }: Scored): Evaluation["histogram"] {
  const [negative, positive] = [0, 1].map(() => new Array<number>(HISTOGRAM_BINS).fill(0));
  scores.forEach((score, i) => {
    const bin = Math.min(HISTOGRAM_BINS - 1, Math.floor(logistic(score) * HISTOGRAM_BINS));
    (truth[i] ? positive : negative)[bin]++;
  });
  return { positive, negative };
}

/**
 * Quality of `second` minus `first` on the same pictures, with intervals of the difference: both models are drawn the same pictures, so what
 * makes a picture hard for both cancels out.
 */
export function compareQuality(first: Scored, second: Scored, options: Omit<EvaluationOptions, "threshold">): Quality {
  if (first.scores.length !== second.scores.length) throw new RangeError("both must have scored the same pictures");
  const [a, b] = [first, second].map((scored) => new Measure(scored, { ...options, threshold: 0 }));
  const differences = intervals(
    (weights) => {
      const before = a.quality(weights);
      return b.quality(weights).map((value, i) => value - before[i]);
    },
    first.groups,
    options.resampling ?? defaultResampling,
  );
  return Object.fromEntries(QUALITY_KEYS.map((key, i) => [key, differences[i]])) as unknown as Quality;
}

function takeFrom<T>(values: readonly T[]): (count: number) => T[] {
  let at = 0;
  return (count) => {
    at += count;
    return values.slice(at - count, at);
  };
}

/** Probabilities this near 0 and 1 are certain mistakes at most: the logarithm stays finite. */
const LEAST_PROBABILITY = 1e-12;

/** All figures of one set of scores under any weights. */
class Measure {
  private readonly ranking: Ranking;
  private readonly probabilities: Float64Array;

  constructor(
    private readonly scored: Scored,
    private readonly options: Omit<EvaluationOptions, "resampling">,
  ) {
    this.ranking = new Ranking(scored.scores, scored.truth);
    this.probabilities = scored.scores.map(logistic);
  }

  sweep(weights?: ArrayLike<number>): Sweep {
    const sweep = this.ranking.sweep(weights);
    return this.options.prior === undefined ? sweep : atPrior(sweep, this.options.prior);
  }

  quality(weights?: ArrayLike<number>, sweep = this.sweep(weights)): number[] {
    const weightOf = this.weigher(weights);
    return [
      this.mean(weightOf, (i) => this.scored.correct[i]),
      sweepAveragePrecision(sweep),
      sweepRecallAtPrecision(sweep, 0.7),
      sweepRecallAtPrecision(sweep, 0.9),
      sweepRocAuc(sweep),
    ];
  }

  /** In the order that {@link summarizeMeasure} takes them. */
  tableFigures(weights?: ArrayLike<number>): number[] {
    const sweep = this.sweep(weights);
    return [...this.quality(weights, sweep), ...this.operating(sweep)];
  }

  /** Then what {@link evaluate} takes. */
  allFigures(weights?: ArrayLike<number>): number[] {
    const sums = binSums(this.probabilities, this.scored.truth, this.weigher(weights));
    const shares = Array.from(sums.positive, (positive, bin) => positive / sums.weight[bin]);
    return [...this.tableFigures(weights), ...this.calibration(weights, sums), ...shares];
  }

  bins(shares: readonly Interval[]): Calibration["bins"] {
    const { truth } = this.scored;
    const counts = binSums(this.probabilities, truth, () => 1).weight;
    const sums = binSums(this.probabilities, truth, this.weigher());
    return shares.map((share, bin) => ({
      from: bin / RELIABILITY_BINS,
      to: (bin + 1) / RELIABILITY_BINS,
      count: counts[bin],
      probability: counts[bin] === 0 ? null : sums.probability[bin] / sums.weight[bin],
      share,
    }));
  }

  private operating(sweep: Sweep): number[] {
    const { thresholds, positives, negatives } = sweep;
    let point = -1;
    while (point + 1 < thresholds.length && thresholds[point + 1] >= this.options.threshold) point++;
    const [found, alarms] = point < 0 ? [0, 0] : [positives[point], negatives[point]];
    const [ofPositives, ofNegatives] = [total(positives), total(negatives)];
    const all = ofPositives + ofNegatives;
    const right = found + ofNegatives - alarms;
    return [found / (found + alarms), found / ofPositives, alarms / ofNegatives, right / all];
  }

  private calibration(weights: ArrayLike<number> | undefined, sums: ReturnType<typeof binSums>): number[] {
    const { truth } = this.scored;
    const weightOf = this.weigher(weights);
    const p = this.probabilities;
    const brier = this.mean(weightOf, (i) => (truth[i] - p[i]) ** 2);
    const loss = this.mean(weightOf, (i) => -Math.log(Math.max(LEAST_PROBABILITY, truth[i] ? p[i] : 1 - p[i])));
    return [expectedCalibrationError(sums), brier, loss];
  }

  /** Weight per picture: how often it was drawn, times what the prior makes of its class in this draw. */
  private weigher(weights?: ArrayLike<number>): (picture: number) => number {
    const { truth } = this.scored;
    const { prior } = this.options;
    const drawn = (picture: number) => (weights === undefined ? 1 : weights[picture]);
    if (prior === undefined) return drawn;
    const sums = [0, 0];
    for (let i = 0; i < truth.length; i++) sums[truth[i]] += drawn(i);
    const factors = [(1 - prior) / sums[0], prior / sums[1]];
    return (picture) => drawn(picture) * factors[truth[picture]];
  }

  private mean(weightOf: (picture: number) => number, value: (picture: number) => number): number {
    let sum = 0;
    let all = 0;
    for (let i = 0; i < this.scored.scores.length; i++) {
      const weight = weightOf(i);
      if (weight === 0) continue;
      sum += weight * value(i);
      all += weight;
    }
    return sum / all;
  }
}
