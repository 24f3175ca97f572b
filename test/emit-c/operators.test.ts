import { describe, expect, it } from "@jest/globals";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, operatorCases } from "../support/random-graph.js";
import { compareCases, compareWithReference } from "./model-program.js";
import { SPECIAL_GRAPHS } from "./networks.js";

/** The cases that test/graph/operators.test.ts compares with TFLite Micro: all of them optimized, some under sanitizers. */
const CONFIGURATIONS = 200;
const SANITIZED_CONFIGURATIONS = 25;
const SPECIAL = 15;

describe("generated C", () => {
  it(`equals the reference for ${CONFIGURATIONS} configurations of each operator, optimized`, async () => {
    const cases = OPERATOR_KINDS.flatMap((kind) => operatorCases(kind, CONFIGURATIONS));
    expect(cases).toHaveLength(28 * CONFIGURATIONS);
    const result = await compareCases(cases, OPTIMIZED);
    console.info(`${result.compared} values of ${cases.length} configurations in C are equal to the reference's`);
    expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0, distinct: 256 });
    expect(result.compared).toBeGreaterThan(1_000_000);
  }, 300_000);

  it("equals the reference under the address and undefined-behaviour sanitizers", async () => {
    const cases = OPERATOR_KINDS.flatMap((kind) => operatorCases(kind, SANITIZED_CONFIGURATIONS));
    const result = await compareCases(cases, SANITIZED);
    expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0, distinct: 256 });
    expect(result.compared).toBeGreaterThan(100_000);
  }, 300_000);

  it.each([
    ["optimized", OPTIMIZED],
    ["under sanitizers", SANITIZED],
  ])(
    "equals the reference for graphs of several operators, %s",
    async (_, flags) => {
      const random = new Random(2);
      const graphs = Object.values(SPECIAL_GRAPHS).flatMap((make) =>
        Array.from({ length: SPECIAL }, () => make(random)),
      );
      const result = await compareWithReference(graphs, random, { runs: 4, flags });
      expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0 });
      expect(result.compared).toBeGreaterThan(10_000);
    },
    300_000,
  );
});
