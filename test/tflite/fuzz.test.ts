import { describe, expect, it } from "@jest/globals";
import { fuzzCorpus } from "../support/fuzz-corpus.js";
import { fuzzTflite } from "../support/fuzz-tflite.js";
import { Random } from "../support/random.js";

const INPUTS = 20_000;

describe("readTflite on hostile files", () => {
  it(`ends ${INPUTS} of them in a valid graph or a UserError (bench/fuzz-tflite.ts runs a million)`, () => {
    const report = fuzzTflite(fuzzCorpus(), new Random(40), INPUTS);
    expect(report.unexpected).toEqual([]);
    expect(report).toMatchObject({ inputs: INPUTS, unexpectedCount: 0 });
    expect(report.accepted + report.refused).toBe(INPUTS);
    expect(report.accepted).toBeGreaterThan(INPUTS / 20);
    expect(report.refused).toBeGreaterThan(INPUTS / 20);
    expect(report.compiled).toBeGreaterThan(100);
    expect(Math.min(...Object.values(report.kinds))).toBeGreaterThan(INPUTS / 20);
  }, 120_000);
});
