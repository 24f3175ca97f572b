import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { noOracleHere } from "../support/oracle-venv.js";
import { OPERATOR_KINDS, operatorCases } from "../support/random-graph.js";
import { compareWithTflm, TflmOracle } from "../support/tflm.js";

/** The same ones are compared with generated C in test/emit-c/operators.test.ts. */
const CONFIGURATIONS = 200;
/** Fewer values than this compared would mean the generators degenerated. */
const MINIMUM_VALUES = 6000;
/** Of the 256 int8 values; a softmax of few inputs cannot reach all. */
const MINIMUM_DISTINCT = 200;
const VENV_TIMEOUT_MS = 300_000;

const describeWithOracle = noOracleHere === undefined ? describe : describe.skip;
if (noOracleHere !== undefined) console.warn(`skipped: ${noOracleHere}`);

describeWithOracle("reference operators against the real TFLite Micro", () => {
  let oracle: TflmOracle;
  let total = 0;
  beforeAll(async () => {
    oracle = await TflmOracle.start();
  }, VENV_TIMEOUT_MS);
  afterAll(() => {
    oracle.close();
    const configurations = OPERATOR_KINDS.length * CONFIGURATIONS;
    console.info(`${total} values of ${configurations} configurations are equal to TFLite Micro's`);
  });

  it.each(OPERATOR_KINDS)(
    "%s is equal on every value of random configurations",
    async (kind) => {
      const seen = new Set<number>();
      let values = 0;
      for (const [i, { graph, inputs }] of operatorCases(kind, CONFIGURATIONS).entries()) {
        const comparison = await compareWithTflm(oracle, graph, inputs);
        const what = () =>
          JSON.stringify({ configuration: i, graph: graph.operators[0], shapes: graph.tensors.map((t) => t.shape) });
        expect(comparison.differences.length === 0 ? "" : `${comparison.differences.join("\n")} ${what()}`).toBe("");
        values += comparison.values;
        for (const value of comparison.seen) seen.add(value);
      }
      total += values;
      expect(values).toBeGreaterThan(MINIMUM_VALUES);
      expect(seen.size).toBeGreaterThan(MINIMUM_DISTINCT);
    },
    60_000,
  );
});
