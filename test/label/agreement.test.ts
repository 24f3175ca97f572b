import { describe, expect, it } from "@jest/globals";
import type { Judgement } from "#smilec/captures/catalogue/types.js";
import { agreedJudgement, cohensKappa } from "#smilec/label/agreement.js";

const pairs = (rows: Record<string, Record<string, number>>) =>
  new Map(Object.entries(rows).map(([first, row]) => [first, new Map(Object.entries(row))]));

const box = { x: 1, y: 2, width: 30, height: 30 };
const said = (label: string, drawn?: Judgement["box"]): Judgement => ({ label, box: drawn, atMs: 1, event: 1 });

describe("Cohen's kappa", () => {
  it("is 0.4 in the usual example", () => {
    expect(cohensKappa(pairs({ yes: { yes: 20, no: 5 }, no: { yes: 10, no: 15 } }))).toBeCloseTo(0.4, 12);
  });

  it("is 1 for full agreement, 0 for chance, negative below it", () => {
    expect(cohensKappa(pairs({ a: { a: 3 }, b: { b: 4 } }))).toBe(1);
    expect(cohensKappa(pairs({ a: { a: 5, b: 5 }, b: { a: 5, b: 5 } }))).toBeCloseTo(0, 12);
    expect(cohensKappa(pairs({ a: { b: 5 }, b: { a: 5 } }))).toBe(-1);
  });

  it("knows labels that only one look gave", () => {
    // Observed 8/10; by chance 0.5 * 0.5 + 0.5 * 0.3.
    expect(cohensKappa(pairs({ a: { a: 5 }, b: { b: 3, c: 2 } }))).toBeCloseTo((0.8 - 0.4) / 0.6, 12);
  });

  it("is not defined without pairs, or with one label", () => {
    expect(cohensKappa(pairs({}))).toBeUndefined();
    expect(cohensKappa(pairs({ a: { a: 9 } }))).toBeUndefined();
  });
});

describe("what counts of a capture", () => {
  const agreed = (first?: Judgement, second?: Judgement, resolution?: Judgement) =>
    agreedJudgement({ judgements: [first, second], resolution });

  it("is the only look, or what both say", () => {
    expect(agreed(said("smile"))).toEqual({ kind: "agreed", label: "smile", box: undefined });
    expect(agreed(undefined, said("smile"))).toMatchObject({ label: "smile" });
    expect(agreed(said("smile"), said("smile", box))).toEqual({ kind: "agreed", label: "smile", box });
  });

  it("is nothing where they differ, until it is settled", () => {
    expect(agreed(said("smile"), said("neutral"))).toEqual({ kind: "disputed" });
    expect(agreed(said("smile", box), said("neutral"), said("neutral"))).toEqual({
      kind: "agreed",
      label: "neutral",
      box,
    });
  });

  it("is nothing where nobody looked", () => {
    expect(agreed()).toEqual({ kind: "unjudged" });
  });
});
