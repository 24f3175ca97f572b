import { describe, expect, it } from "@jest/globals";
import {
  chooseThreshold,
  marginProbability,
  probabilityMargin,
  type ThresholdOptions,
} from "#smilec/quantize/decide.js";
import { fitTemperature } from "#smilec/quantize/temperature.js";
import { Rng } from "#smilec/train/rng.js";

const options: ThresholdOptions = {
  threshold: "auto",
  aim: "precision",
  targetPrecision: 0.75,
  costRatio: 1,
  prior: "data",
  scale: 0.05,
};

/** Margins falling from 90; 1 where the picture is positive. */
const truth = Uint8Array.of(1, 1, 0, 1, 1, 0, 0, 1, 0, 0);
const margins = Array.from(truth, (_, i) => 90 - 10 * i);

describe("the threshold", () => {
  it("finds the most smiles at the target precision", () => {
    expect(chooseThreshold(margins, truth, 1, options)).toEqual({
      margin: 50,
      probability: marginProbability(50, 0.05),
      precision: 4 / 5,
      recall: 4 / 5,
      chosen: "auto",
    });
  });

  it("takes the most precise where the target is out of reach, and says so", () => {
    const reversed = margins.map((margin) => -margin);
    const { chosen, precision } = chooseThreshold(reversed, truth, 1, { ...options, targetPrecision: 0.9 });
    expect([chosen, precision]).toEqual(["best", 0.5]);
  });

  it("reaches a precision at the prior that is expected, not at the split's", () => {
    // With one smile in ten, each of the 5 others counts (0.9 / 5) / (0.1 / 5) = 9 times.
    const rare = chooseThreshold(margins, truth, 1, { ...options, prior: 0.1 });
    expect([rare.margin, rare.precision, rare.recall]).toEqual([80, 1, 2 / 5]);
    const third = chooseThreshold(margins, truth, 1, { ...options, prior: 0.1, targetPrecision: 0.3 });
    expect(third.margin).toBe(50);
    expect(third.precision).toBeCloseTo((0.1 * 0.8) / (0.1 * 0.8 + 0.9 * 0.2), 12);
  });

  it.each([
    [20, 80],
    [1, 50],
    [0.2, 20],
  ])("weighs a false green %d times a missed smile", (costRatio, margin) => {
    expect(chooseThreshold(margins, truth, 1, { ...options, aim: "cost", costRatio }).margin).toBe(margin);
  });

  it("stays red where every green costs more than the smiles it finds", () => {
    const worse = chooseThreshold([1, 2], Uint8Array.of(1, 0), 1, { ...options, aim: "cost", costRatio: 5 });
    expect(worse).toMatchObject({ margin: 255, precision: null, recall: 0 });
  });

  it("is the given probability's margin, calibration included", () => {
    const given = chooseThreshold(margins, truth, 1, { ...options, threshold: 0.8, scale: 0.02 });
    expect(given.chosen).toBe("given");
    expect(given.margin).toBe(probabilityMargin(0.8, 0.02));
    expect(marginProbability(given.margin, 0.02)).toBeGreaterThanOrEqual(0.8);
    expect(marginProbability(given.margin - 1, 0.02)).toBeLessThan(0.8);
  });
});

describe("the temperature", () => {
  /** Margins whose true log-odds are margin * scale / temperature. */
  function drawn(temperature: number, count: number) {
    const rng = new Rng(11, count);
    const values = Array.from({ length: count }, () => Math.round(rng.between(-100, 100)));
    const labels = Uint8Array.from(values, (margin) =>
      rng.uniform() < marginProbability(margin, 0.05 / temperature) ? 1 : 0,
    );
    return { values, labels };
  }

  it.each([0.5, 1, 2.5])("finds %d where margins were drawn with it", (temperature) => {
    const { values, labels } = drawn(temperature, 20_000);
    const share = labels.reduce((sum, label) => sum + label, 0) / labels.length;
    expect(fitTemperature(values, labels, 0.05, share) / temperature).toBeCloseTo(1, 1);
  });

  it("does not make certainties of margins without a mistake, and stays within its bounds", () => {
    const labels = Uint8Array.of(0, 0, 0, 1, 1, 1);
    const fitted = fitTemperature([-30, -40, -50, 30, 40, 50], labels, 0.05, 0.5);
    expect(marginProbability(40, 0.05 / fitted)).toBeLessThan(0.9);
    expect(fitTemperature([1, 1, -1, -1], Uint8Array.of(0, 0, 1, 1), 0.05, 0.5)).toBeCloseTo(10, 3);
  });
});
