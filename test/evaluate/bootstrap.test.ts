import { describe, expect, it, jest } from "@jest/globals";
import { groupCount, groupNumbers, intervals, quantile, resampled } from "#smilec/evaluate/bootstrap.js";
import { Ranking, sweepAveragePrecision } from "#smilec/evaluate/metrics.js";
import { Rng } from "#smilec/train/rng.js";

// A busy machine takes its time.
jest.setTimeout(120_000);

const single = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

function weightedMean(values: Float64Array, weights?: ArrayLike<number>): number {
  let [sum, all] = [0, 0];
  values.forEach((value, i) => {
    const weight = weights === undefined ? 1 : weights[i];
    sum += weight * value;
    all += weight;
  });
  return sum / all;
}

describe("the bootstrap", () => {
  it("draws as many groups as there are, whole, and all equally often", () => {
    const groups = groupNumbers(["anna", "ben", "anna", "carl", "anna", "ben"]);
    expect([...groups]).toEqual([0, 1, 0, 2, 0, 1]);
    expect(groupCount(groups)).toBe(3);
    const drawn = new Float64Array(6);
    let draws = 0;
    for (const weights of resampled(groups, { resamples: 3000, seed: 5 })) {
      expect(weights[0] + weights[1] + weights[3]).toBe(3);
      expect([weights[2], weights[4], weights[5]]).toEqual([weights[0], weights[0], weights[1]]);
      weights.forEach((weight, i) => {
        drawn[i] += weight;
      });
      draws++;
    }
    expect(draws).toBe(3000);
    // A group is drawn once on average; the mean of 3000 draws has a standard error of 0.015.
    for (const sum of drawn) expect(Math.abs(sum / 3000 - 1)).toBeLessThan(0.06);
  });

  it("gives the same draws for a seed, and others for another", () => {
    const draws = (seed: number) =>
      Array.from(resampled(single(20), { resamples: 5, seed }), (weights) => weights.join(" "));
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
  });

  it("covers the true mean about 95 times of 100", () => {
    let covered = 0;
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      const rng = new Rng(trial, 9);
      const values = Float64Array.from({ length: 80 }, () => rng.normal());
      const [{ low, high }] = intervals((weights) => [weightedMean(values, weights)], single(80), {
        resamples: 400,
        seed: 1,
      });
      if (low! <= 0 && high! >= 0) covered++;
    }
    // Three standard errors of a share of 0.95 in 300 trials are 0.038.
    expect(covered / trials).toBeGreaterThan(0.9);
    expect(covered / trials).toBeLessThan(0.985);
  });

  it("covers the average precision of the population that scores were drawn from", () => {
    const scoresOf = (rng: Rng, count: number) => {
      const truth = Uint8Array.from({ length: count }, () => Number(rng.uniform() < 0.3));
      return { truth, scores: Float64Array.from(truth, (label) => rng.normal() + 1.5 * label) };
    };
    const large = scoresOf(new Rng(1), 200_000);
    const exact = sweepAveragePrecision(new Ranking(large.scores, large.truth).sweep());
    let covered = 0;
    const trials = 120;
    for (let trial = 0; trial < trials; trial++) {
      const { scores, truth } = scoresOf(new Rng(trial, 77), 300);
      const ranking = new Ranking(scores, truth);
      const [{ low, high }] = intervals((weights) => [sweepAveragePrecision(ranking.sweep(weights))], single(300), {
        resamples: 300,
        seed: 1,
      });
      if (low! <= exact && high! >= exact) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.86);
    expect(covered / trials).toBeLessThan(1);
  });

  it("is honest about persons: ten equal pictures of each say no more than one", () => {
    const rng = new Rng(3);
    const persons = Float64Array.from({ length: 40 }, () => rng.normal());
    const values = Float64Array.from({ length: 400 }, (_, i) => persons[Math.floor(i / 10)]);
    const width = (groups: Uint32Array, data: Float64Array) => {
      const [{ low, high }] = intervals((weights) => [weightedMean(data, weights)], groups, {
        resamples: 800,
        seed: 2,
      });
      return high! - low!;
    };
    const byPerson = width(
      Uint32Array.from(values, (_, i) => Math.floor(i / 10)),
      values,
    );
    const byPicture = width(single(400), values);
    expect(byPerson / width(single(40), persons)).toBeCloseTo(1, 5);
    expect(byPerson / byPicture).toBeGreaterThan(2.5);
  });

  it("leaves out what is not defined, and says nothing from a single group", () => {
    const groups = single(10);
    const rare = intervals(
      (weights) => [weights === undefined || weights[0] > 0 ? 1 : Number.NaN, Number.NaN],
      groups,
      {
        resamples: 200,
        seed: 1,
      },
    );
    // Defined in two of three draws.
    expect(rare[0]).toEqual({ value: 1, low: 1, high: 1 });
    expect(rare[1]).toEqual({ value: null, low: null, high: null });
    const [alone] = intervals(() => [0.5], new Uint32Array(7), { resamples: 50, seed: 1 });
    expect(alone).toEqual({ value: 0.5, low: null, high: null });
  });

  it("takes quantiles between order statistics", () => {
    expect(quantile([1, 2, 3, 4, 5], 0.5)).toBe(3);
    expect(quantile([1, 2, 3, 4, 5], 0.025)).toBeCloseTo(1.1, 12);
    expect(quantile([7], 0.9)).toBe(7);
  });
});
