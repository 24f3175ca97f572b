import { describe, expect, it } from "@jest/globals";
import { rankCauses } from "#smilec/skew/causes.js";
import { compareFeatures, embeddingMap, strangestCaptures, tellApart } from "#smilec/skew/compare.js";
import { holm, kolmogorovSmirnov, stability, wasserstein } from "#smilec/skew/distances.js";
import { domainClassifier } from "#smilec/skew/domain-classifier.js";
import { Histogram } from "#smilec/skew/histogram.js";
import { isSampled } from "#smilec/skew/samples.js";
import { Rng } from "#smilec/train/rng.js";
import { Random } from "../support/random.js";
import { drawnSide } from "../support/skew-input.js";

function normals(seed: number, count: number, mean = 0): Histogram {
  const rng = new Rng(seed);
  const histogram = new Histogram(-8, 8);
  for (let i = 0; i < count; i++) histogram.add(mean + rng.normal());
  return histogram;
}

describe("distances of distributions", () => {
  it("has quantiles and mean of the values", () => {
    const histogram = normals(1, 20_000, 1);
    expect(histogram.mean).toBeCloseTo(1, 1);
    expect(histogram.quantile(0.5)).toBeCloseTo(1, 1);
    expect(histogram.quantile(0.8413)).toBeCloseTo(2, 1);
    expect(histogram.shares(4).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  });

  it("finds the largest difference of the distribution functions: of normals one apart 0.383", () => {
    const { statistic, p } = kolmogorovSmirnov(normals(1, 20_000), normals(2, 20_000, 1));
    expect(statistic).toBeCloseTo(0.383, 1);
    expect(p).toBeLessThan(1e-9);
  });

  it("calls one in twenty of equal distributions different at p 0.05, no more", () => {
    const found = Array.from({ length: 200 }, (_, i) => kolmogorovSmirnov(normals(2 * i, 60), normals(2 * i + 1, 90)));
    const share = found.filter(({ p }) => p < 0.05).length / found.length;
    expect(share).toBeLessThan(0.1);
    expect(share).toBeGreaterThan(0.005);
  });

  it("has a stability index near what chance gives for equal distributions, and above a quarter for others", () => {
    const equal = Array.from({ length: 50 }, (_, i) => stability(normals(2 * i, 400), normals(2 * i + 1, 200)));
    const mean = equal.reduce((sum, { index }) => sum + index, 0) / equal.length;
    expect(mean / equal[0].chance).toBeGreaterThan(0.7);
    expect(mean / equal[0].chance).toBeLessThan(1.3);
    expect(stability(normals(1, 400), normals(2, 200, 1)).index).toBeGreaterThan(0.25);
  });

  it("stays finite where most values are equal, or the sides have none in common", () => {
    const [zeros, ones] = [new Histogram(0, 1), new Histogram(0, 1)];
    for (let i = 0; i < 50; i++) zeros.add(0);
    for (let i = 0; i < 50; i++) ones.add(1);
    for (const { index } of [stability(zeros, ones), stability(ones, zeros)]) expect(index).toBeGreaterThan(1);
    expect(stability(zeros, zeros).index).toBeCloseTo(0);
    expect(kolmogorovSmirnov(zeros, ones).statistic).toBe(1);
    expect(wasserstein(zeros, ones)).toBeCloseTo(1, 2);
  });

  it("measures how far values moved", () => {
    expect(wasserstein(normals(1, 5000), normals(1, 5000, 0.75))).toBeCloseTo(0.75, 1);
  });

  it("corrects p values as Holm does", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02].map((p) => expect.closeTo(p)));
  });
});

describe("the domain classifier", () => {
  const sample = (seed: number, count: number, mean: number, perGroup = 1) => {
    const rng = new Rng(seed);
    return Array.from({ length: count / perGroup }, (_, group) => {
      const values = Float64Array.from({ length: 20 }, () => mean + rng.normal());
      return Array.from({ length: perGroup }, () => ({ values, group: `${group}` }));
    }).flat();
  };

  it("guesses where both sides are alike, and is sure where they are apart", () => {
    const alike = domainClassifier(sample(1, 400, 0), sample(2, 300, 0)).auc;
    expect(alike.value).toBeGreaterThan(0.4);
    expect(alike.value).toBeLessThan(0.6);
    expect(alike.low).toBeLessThan(0.5);
    expect(domainClassifier(sample(1, 400, 0), sample(2, 300, 1)).auc.low).toBeGreaterThan(0.95);
  });

  it("learns nothing from having seen the same press or person", () => {
    const { value } = domainClassifier(sample(1, 400, 0, 10), sample(2, 300, 0, 10)).auc;
    expect(value).toBeLessThan(0.65);
  });

  it("does not stumble over values that never vary, nor over sides a single value parts", () => {
    const flat = Array.from({ length: 40 }, (_, i) => ({ values: Float64Array.of(0, 1), group: `${i}` }));
    const other = flat.map(({ group }) => ({ values: Float64Array.of(1, 1), group }));
    expect(domainClassifier(flat, other).auc.value).toBe(1);
    expect(domainClassifier(flat, flat).auc.value).toBeCloseTo(0.5);
  });
});

describe("a comparison", () => {
  const training = drawnSide(new Random(3), 300, 0, 0);
  const serving = drawnSide(new Random(4), 200, 40, 3);

  it("names what differs and nothing else", () => {
    const features = compareFeatures(training, serving);
    expect(features.filter(({ differs }) => differs).map(({ name }) => name)).toEqual(["brightness"]);
    const [cause] = rankCauses(features);
    expect(cause.name).toBe("dark pictures");
    expect(cause.sentence).toMatch(/^brightness is \d+ grey levels in captures; training has \d+$/);
  });

  it("finds nothing between two draws of the same", () => {
    const again = drawnSide(new Random(5), 200, 0, 0);
    expect(rankCauses(compareFeatures(training, again))).toEqual([]);
    expect(tellApart(training, again).value).toBeLessThan(0.6);
  });

  it("puts captures apart on the map, and finds the strangest with the nearest training picture", () => {
    const { points, training: count } = embeddingMap(training, serving);
    const xs = points.map(([x]) => x);
    const [before, now] = [xs.slice(0, count), xs.slice(count)];
    const apart = Math.max(...before) < Math.min(...now) || Math.min(...before) > Math.max(...now);
    expect(apart).toBe(true);
    const [first, second] = strangestCaptures(training, serving, 2);
    expect(first.strangeness).toBeGreaterThanOrEqual(second.strangeness);
    expect(first.strangeness).toBeGreaterThan(1.5);
    expect(training.sample).toContain(first.nearest);
  });

  it("samples as many as asked, spread evenly", () => {
    const chosen = Array.from({ length: 1000 }, (_, i) => i).filter((i) => isSampled(i, 1000, 300));
    expect(chosen).toHaveLength(300);
    expect(chosen[149]).toBeGreaterThan(450);
    expect(chosen[149]).toBeLessThan(550);
  });
});
