import { describe, expect, it } from "@jest/globals";
import {
  atPrior,
  averagePrecision,
  binaryLabels,
  confusionAt,
  logLoss,
  operatingPoints,
  Ranking,
  recallAtPrecision,
  rocAuc,
  sweepAveragePrecision,
  sweepRecallAtPrecision,
  sweepRocAuc,
} from "#smilec/evaluate/metrics.js";
import { Rng } from "#smilec/train/rng.js";

/** Scores with many ties. */
function randomScores(seed: number): { scores: number[]; truth: number[] } {
  const rng = new Rng(seed);
  const count = 5 + rng.below(60);
  const truth = Array.from({ length: count }, (_, i) => (i < 2 ? i : rng.below(2)));
  return { scores: truth.map((label) => (rng.below(12) + 3 * label) / 16), truth };
}

const curveOf = (scores: readonly number[], truth: readonly number[]) => [
  ...operatingPoints(new Ranking(scores, truth).sweep()),
];

describe("metrics", () => {
  const scores = [0.9, 0.8, 0.8, 0.4, 0.3, 0.1];
  const truth = [1, 1, 0, 1, 0, 0];

  it("counts what a threshold calls positive, the threshold itself included", () => {
    expect(confusionAt(scores, truth, 0.8)).toEqual({
      truePositives: 2,
      falsePositives: 1,
      trueNegatives: 2,
      falseNegatives: 1,
    });
  });

  it("moves equal scores across a threshold together", () => {
    expect(curveOf(scores, truth)).toEqual([
      { threshold: 0.9, precision: 1, recall: 1 / 3 },
      { threshold: 0.8, precision: 2 / 3, recall: 2 / 3 },
      { threshold: 0.4, precision: 3 / 4, recall: 1 },
      { threshold: 0.3, precision: 3 / 5, recall: 1 },
      { threshold: 0.1, precision: 3 / 6, recall: 1 },
    ]);
  });

  it("has the average precision and ROC area computed by hand", () => {
    expect(averagePrecision(scores, truth)).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 12);
    // Of 9 pairs 7 are in order, one is tied and one (0.4 under 0.8) is not.
    expect(rocAuc(scores, truth)).toBeCloseTo(7.5 / 9, 12);
  });

  it("finds the highest recall at a precision, even beyond a dip of the curve", () => {
    expect(recallAtPrecision(scores, truth, 0.7)).toBe(1);
    expect(recallAtPrecision(scores, truth, 0.9)).toBeCloseTo(1 / 3, 12);
    expect(recallAtPrecision([0.5, 0.5], [1, 0], 0.9)).toBe(0);
  });

  it("agrees with brute force on random scores with ties", () => {
    let compared = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { scores: s, truth: t } = randomScores(seed);
      let pairs = 0;
      let won = 0;
      for (let i = 0; i < s.length; i++) {
        for (let j = 0; j < s.length; j++) {
          if (t[i] !== 1 || t[j] !== 0) continue;
          pairs++;
          won += s[i] > s[j] ? 1 : s[i] === s[j] ? 0.5 : 0;
        }
      }
      expect(rocAuc(s, t)).toBeCloseTo(won / pairs, 10);
      const points = [...new Set(s)].map((threshold) => {
        const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = confusionAt(s, t, threshold);
        return { threshold, precision: tp / (tp + fp), recall: tp / (tp + fn) };
      });
      points.sort((a, b) => b.threshold - a.threshold);
      expect(curveOf(s, t)).toEqual(points);
      const wanted = Math.max(0, ...points.filter((point) => point.precision >= 0.7).map((point) => point.recall));
      expect(recallAtPrecision(s, t, 0.7)).toBe(wanted);
      compared += points.length;
    }
    expect(compared).toBeGreaterThan(700);
  });

  it("is perfect, and worst, where it should be", () => {
    expect(rocAuc([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1);
    expect(averagePrecision([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1);
    expect(rocAuc([4, 3, 2, 1], [0, 0, 1, 1])).toBe(0);
    expect(rocAuc([1, 1, 1, 1], [0, 0, 1, 1])).toBe(0.5);
    expect(rocAuc([1, 2], [1, 1])).toBeNaN();
  });

  it("charges the logarithm of the probability given to the truth, finite even for certain mistakes", () => {
    expect(logLoss([0.5, 0.25], [1, 0])).toBeCloseTo((Math.log(2) - Math.log(0.75)) / 2, 12);
    expect(logLoss([0, 1], [1, 0])).toBeCloseTo(-Math.log(1e-12), 3);
  });

  it("takes one label for positive, all others for negative", () => {
    expect([...binaryLabels([0, 2, 1, 2], 2)]).toEqual([0, 1, 0, 1]);
  });
});

describe("weighted metrics", () => {
  it("count a picture of weight 3 as three equal pictures, and one of weight 0 not at all", () => {
    let compared = 0;
    for (let seed = 0; seed < 60; seed++) {
      const { scores, truth } = randomScores(seed);
      const rng = new Rng(seed, 1);
      const weights = truth.map((_, i) => (i < 2 ? 1 : rng.below(4)));
      const repeated = (values: number[]) => values.flatMap((value, i) => new Array<number>(weights[i]).fill(value));
      const [s, t] = [repeated(scores), repeated(truth)];
      const sweep = new Ranking(scores, truth).sweep(weights);
      expect(sweepAveragePrecision(sweep)).toBeCloseTo(averagePrecision(s, t), 12);
      expect(sweepRocAuc(sweep)).toBeCloseTo(rocAuc(s, t), 12);
      for (const precision of [0.5, 0.7, 0.9]) {
        expect(sweepRecallAtPrecision(sweep, precision)).toBeCloseTo(recallAtPrecision(s, t, precision), 12);
      }
      const curve = curveOf(s, t);
      for (const [i, point] of [...operatingPoints(sweep)].filter(({ threshold }) => s.includes(threshold)).entries()) {
        expect(point.precision).toBeCloseTo(curve[i].precision, 12);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(400);
  });

  it("are those of a set in which that share is positive", () => {
    for (let seed = 0; seed < 40; seed++) {
      const { scores, truth } = randomScores(seed);
      const positives = truth.reduce((sum, value) => sum + value, 0);
      const negatives = truth.length - positives;
      // Every positive `negatives` times and every negative 3 * `positives` times: a quarter of them is positive.
      const times = truth.map((value) => (value === 1 ? negatives : 3 * positives));
      const repeated = (values: number[]) => values.flatMap((value, i) => new Array<number>(times[i]).fill(value));
      const sweep = atPrior(new Ranking(scores, truth).sweep(), 0.25);
      const [s, t] = [repeated(scores), repeated(truth)];
      expect(sweepAveragePrecision(sweep)).toBeCloseTo(averagePrecision(s, t), 10);
      expect(sweepRecallAtPrecision(sweep, 0.7001)).toBeCloseTo(recallAtPrecision(s, t, 0.7001), 10);
      expect(sweepRocAuc(sweep)).toBeCloseTo(rocAuc(scores, truth), 10);
    }
  });
});
