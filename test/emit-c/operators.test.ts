import { describe, expect, it } from "@jest/globals";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, randomOperatorGraph } from "../support/random-graph.js";
import { compareWithReference } from "./model-program.js";
import { SPECIAL_GRAPHS } from "./networks.js";

const GRAPHS = 50;
const SPECIAL = 15;

describe("generated C", () => {
  const random = new Random(2);
  const single = OPERATOR_KINDS.flatMap((kind) =>
    Array.from({ length: GRAPHS }, () => randomOperatorGraph(kind, random)),
  );
  const special = Object.values(SPECIAL_GRAPHS).flatMap((make) => Array.from({ length: SPECIAL }, () => make(random)));
  const graphs = [...single, ...special];

  it.each([
    ["optimized", OPTIMIZED],
    ["under the address and undefined-behaviour sanitizers", SANITIZED],
  ])(
    `equals the reference for ${GRAPHS} random graphs of each operator, %s`,
    async (_, flags) => {
      expect(graphs).toHaveLength(OPERATOR_KINDS.length * GRAPHS + Object.keys(SPECIAL_GRAPHS).length * SPECIAL);
      const result = await compareWithReference(graphs, new Random(3), { runs: 4, flags });
      expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0, distinct: 256 });
      expect(result.compared).toBeGreaterThan(100_000);
    },
    300_000,
  );
});
