import { describe, expect, it, jest } from "@jest/globals";
import { groupNumbers } from "#smilec/evaluate/bootstrap.js";
import { compareQuality, type Evaluation, evaluate, type Scored, summarize } from "#smilec/evaluate/evaluation.js";
import { averagePrecision, logistic, recallAtPrecision, rocAuc } from "#smilec/evaluate/metrics.js";
import { Rng } from "#smilec/train/rng.js";

// A busy machine takes its time.
jest.setTimeout(120_000);

const RESAMPLING = { resamples: 200, seed: 1 };

/** Pictures whose scores are noise around +- 1.5, some with a positive label; every fourth shares its group with the one before. */
function drawnScores(count: number, seed: number, share = 0.3): Scored {
  const rng = new Rng(seed);
  const truth = Uint8Array.from({ length: count }, () => Number(rng.uniform() < share));
  const scores = Float64Array.from(truth, (label) => Math.round(8 * (1.5 * (2 * label - 1) + 1.5 * rng.normal())) / 8);
  return {
    scores,
    truth,
    correct: Uint8Array.from(scores, (score, i) => Number(score > 0 === (truth[i] === 1))),
    groups: groupNumbers(Array.from(scores, (_, i) => String(i - (i % 4 === 3 ? 1 : 0)))),
  };
}

function pick({ scores, truth, correct }: Scored, indices: readonly number[]): Scored {
  return {
    scores: Float64Array.from(indices, (i) => scores[i]),
    truth: Uint8Array.from(indices, (i) => truth[i]),
    correct: Uint8Array.from(indices, (i) => correct[i]),
    groups: Uint32Array.from(indices.keys()),
  };
}

function allIntervals(evaluation: Evaluation) {
  const { quality, operating, calibration } = evaluation;
  const { precision, recall, falseAlarmRate, accuracy } = operating;
  return [...Object.values(quality), precision, recall, falseAlarmRate, accuracy, calibration.ece, calibration.brier];
}

describe("an evaluation", () => {
  const scored = drawnScores(500, 1);
  const evaluation = evaluate(scored, { threshold: 0.5, resampling: RESAMPLING });

  it("has the figures of the plain metrics, each inside its interval", () => {
    const { quality, operating } = evaluation;
    expect(quality.averagePrecision.value).toBeCloseTo(averagePrecision(scored.scores, scored.truth), 12);
    expect(quality.rocAuc.value).toBeCloseTo(rocAuc(scored.scores, scored.truth), 12);
    expect(quality.recallAt70.value).toBe(recallAtPrecision(scored.scores, scored.truth, 0.7));
    expect(quality.recallAt90.value).toBe(recallAtPrecision(scored.scores, scored.truth, 0.9));
    expect(quality.accuracy.value).toBeCloseTo(scored.correct.reduce((sum, value) => sum + value, 0) / 500, 12);
    const { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn } = operating.confusion;
    expect(tp + fp + tn + fn).toBe(500);
    expect(operating.precision.value).toBeCloseTo(tp / (tp + fp), 12);
    expect(operating.recall.value).toBeCloseTo(tp / (tp + fn), 12);
    expect(operating.falseAlarmRate.value).toBeCloseTo(fp / (fp + tn), 12);
    expect(operating.accuracy.value).toBeCloseTo((tp + tn) / 500, 12);
    expect(operating.probability).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 12);
    for (const { value, low, high } of allIntervals(evaluation)) {
      expect(low!).toBeLessThan(high!);
      // The calibration error is biased upwards in a draw; the others lie inside.
      if (value !== evaluation.calibration.ece.value) expect(low! <= value! && value! <= high!).toBe(true);
    }
    expect(evaluation.grouped).toBe(true);
    expect(evaluation.groups).toBe(375);
  });

  it("at a stated prior says what a set with that prior says", () => {
    const positives = [...scored.truth.keys()].filter((i) => scored.truth[i] === 1);
    const negatives = [...scored.truth.keys()].filter((i) => scored.truth[i] === 0);
    // Every positive as often as there are negatives, and the other way round: half is positive.
    const balanced = pick(scored, [
      ...positives.flatMap((i) => negatives.map(() => i)),
      ...negatives.flatMap((i) => positives.map(() => i)),
    ]);
    const few = { resamples: 1, seed: 1 };
    const stated = evaluate(scored, { threshold: 0.5, prior: 0.5, resampling: few });
    const counted = evaluate(balanced, { threshold: 0.5, resampling: few });
    const values = (one: Evaluation) => [...allIntervals(one), one.calibration.logLoss].map(({ value }) => value!);
    expect(values(stated)).toHaveLength(12);
    values(stated).forEach((value, i) => {
      expect(value).toBeCloseTo(values(counted)[i], 9);
    });
    stated.calibration.bins.forEach(({ probability, share }, i) => {
      const other = counted.calibration.bins[i];
      expect(share.value ?? -1).toBeCloseTo(other.share.value ?? -1, 9);
      expect(probability ?? -1).toBeCloseTo(other.probability ?? -1, 9);
    });
    expect(stated.prior).toEqual({ measured: positives.length / 500, used: 0.5 });
    // What does not depend on the prior stays.
    const same = ["recall", "falseAlarmRate"] as const;
    for (const key of same) expect(stated.operating[key].value).toBeCloseTo(evaluation.operating[key].value!, 12);
    expect(stated.quality.rocAuc.value).toBeCloseTo(evaluation.quality.rocAuc.value!, 12);
    expect(stated.operating.precision.value!).toBeGreaterThan(evaluation.operating.precision.value! + 0.05);
    expect(stated.operating.confusion).toEqual(evaluation.operating.confusion);
  });

  it("has the calibration computed by hand", () => {
    const odds = (p: number) => Math.log(p / (1 - p));
    const probabilities = [0.05, 0.05, 0.65, 0.68, 0.95, 0.98];
    const truth = Uint8Array.from([0, 1, 1, 0, 1, 1]);
    const { calibration } = evaluate(
      {
        scores: Float64Array.from(probabilities, odds),
        truth,
        correct: truth,
        groups: Uint32Array.from(truth.keys()),
      },
      { threshold: 0, resampling: { resamples: 1, seed: 1 } },
    );
    expect(calibration.bins.map(({ count }) => count)).toEqual([2, 0, 0, 0, 0, 0, 2, 0, 0, 2]);
    expect(calibration.bins[0].probability).toBeCloseTo(0.05, 9);
    expect(calibration.bins[6].probability).toBeCloseTo(0.665, 9);
    expect(calibration.bins.map(({ share }) => share.value)).toEqual([
      0.5,
      ...new Array(5).fill(null),
      0.5,
      null,
      null,
      1,
    ]);
    const ece = (2 * Math.abs(0.5 - 0.05) + 2 * Math.abs(0.5 - 0.665) + 2 * (1 - 0.965)) / 6;
    expect(calibration.ece.value).toBeCloseTo(ece, 9);
    const squares = probabilities.reduce((sum, p, i) => sum + (truth[i] - p) ** 2, 0);
    expect(calibration.brier.value).toBeCloseTo(squares / 6, 9);
    const loss = probabilities.reduce((sum, p, i) => sum - Math.log(truth[i] === 1 ? p : 1 - p), 0);
    expect(calibration.logLoss.value).toBeCloseTo(loss / 6, 9);
  });

  it("finds calibrated probabilities calibrated, and twice too sure ones not", () => {
    const rng = new Rng(11);
    const scores = Float64Array.from({ length: 4000 }, () => 2 * rng.normal());
    const truth = Uint8Array.from(scores, (score) => Number(rng.uniform() < logistic(score)));
    const rest = { truth, correct: truth, groups: Uint32Array.from(truth.keys()) };
    const of = (factor: number) =>
      evaluate({ ...rest, scores: scores.map((score) => factor * score) }, { threshold: 0, resampling: RESAMPLING })
        .calibration;
    expect(of(1).ece.value!).toBeLessThan(0.025);
    expect(of(2).ece.value!).toBeGreaterThan(0.06);
    expect(of(1).logLoss.value!).toBeLessThan(of(2).logLoss.value!);
    // At most one bin in twenty off the diagonal by chance: here of ten.
    const off = of(1).bins.filter(({ probability, share }) => probability! < share.low! || probability! > share.high!);
    expect(off.length).toBeLessThanOrEqual(2);
  });

  it("draws its curves through every operating point, inside bands", () => {
    const { precisionRecall, roc } = evaluation;
    expect(roc.points[0]).toEqual({ x: 0, y: 0 });
    expect(roc.points[roc.points.length - 1]).toEqual({ x: 1, y: 1 });
    expect(precisionRecall.points[precisionRecall.points.length - 1].x).toBe(1);
    for (const { points } of [precisionRecall, roc]) {
      expect(points.every(({ x }, i) => i === 0 || x >= points[i - 1].x)).toBe(true);
      expect(points.length).toBeGreaterThan(30);
    }
    const at = (x: number) => roc.points.filter((point) => point.x <= x + 1e-9).at(-1)!.y;
    let inside = 0;
    for (const { x, low, high } of roc.band) if (low! <= at(x) && at(x) <= high!) inside++;
    expect(roc.band).toHaveLength(51);
    expect(inside).toBeGreaterThan(46);
    expect(precisionRecall.band.filter(({ low, high }) => low! > high!)).toHaveLength(0);
  });

  it("is the same every time", () => {
    expect(evaluate(scored, { threshold: 0.5, resampling: RESAMPLING })).toEqual(evaluation);
  });

  it.each([
    ["negatives", 0],
    ["positives", 1],
  ])("says what can still be said of %s alone", (_, label) => {
    const alone = pick(
      scored,
      [...scored.truth.keys()].filter((i) => scored.truth[i] === label),
    );
    const { quality, operating, precisionRecall, roc } = evaluate(alone, { threshold: 0.5, resampling: RESAMPLING });
    expect([quality.recallAt70.value, quality.recallAt90.value, quality.rocAuc.value]).toEqual([null, null, null]);
    expect(quality.accuracy.value!).toBeGreaterThan(0.5);
    expect(operating.recall.value === null).toBe(label === 0);
    expect(operating.falseAlarmRate.value === null).toBe(label === 1);
    expect(operating.accuracy.low!).toBeLessThan(operating.accuracy.value!);
    expect(roc.points).toEqual([]);
    expect(precisionRecall.points.length > 0).toBe(label === 1);
    const stated = summarize(alone, { threshold: 0.5, prior: 0.4, resampling: RESAMPLING });
    expect(stated.quality.averagePrecision.value).toBeNull();
  });
});

describe("comparing two models on the same pictures", () => {
  it("is surer than comparing their intervals, as what is hard is hard for both", () => {
    const first = drawnScores(600, 4);
    const rng = new Rng(8);
    // Nearly the same scores, a little better.
    const scores = first.scores.map((score, i) => score + 0.25 * (2 * first.truth[i] - 1) + 0.2 * rng.normal());
    const second = { ...first, scores };
    const options = { resampling: RESAMPLING };
    const change = compareQuality(first, second, options).averagePrecision;
    const [a, b] = [first, second].map((one) => summarize(one, { threshold: 0, ...options }).quality.averagePrecision);
    expect(change.value).toBeCloseTo(b.value! - a.value!, 12);
    expect(change.low!).toBeGreaterThan(0);
    expect(b.low!).toBeLessThan(a.high!);
    expect(change.high! - change.low!).toBeLessThan(0.6 * (a.high! - a.low!));
  });

  it("finds a model equal to itself", () => {
    const scored = drawnScores(100, 2);
    const change = compareQuality(scored, scored, { resampling: RESAMPLING });
    for (const figure of Object.values(change)) expect(figure).toEqual({ value: 0, low: 0, high: 0 });
    expect(() => compareQuality(scored, drawnScores(99, 2), {})).toThrow(RangeError);
  });
});
