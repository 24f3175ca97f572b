import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { randomInputs } from "../support/random-graph.js";
import { residualNet } from "../support/residual-net.js";
import { compareWithTflm, TflmOracle } from "../support/tflm.js";

const describeWithOracle = noOracleHere === undefined ? describe : describe.skip;
if (noOracleHere !== undefined) console.warn(`skipped: ${noOracleHere}`);

describeWithOracle("whole networks against the real TFLite Micro", () => {
  let oracle: TflmOracle;
  beforeAll(async () => {
    oracle = await TflmOracle.start();
  }, 300_000);
  afterAll(() => oracle.close());

  it("runs small residual networks with equal values in every tensor", async () => {
    const random = new Random(77);
    let values = 0;
    for (let i = 0; i < 10; i++) {
      const channels = Array.from({ length: random.integer(2, 4) }, () => random.integer(1, 9));
      const graph = residualNet(random, { size: random.integer(7, 21), channels });
      const comparison = await compareWithTflm(oracle, graph, randomInputs(graph, random, 5));
      expect(comparison.differences).toEqual([]);
      values += comparison.values;
    }
    expect(values).toBeGreaterThan(50_000);
  }, 60_000);

  it("runs a network of the size that is trained with equal values in every tensor of 50 inputs", async () => {
    const random = new Random(78);
    const graph = residualNet(random, { size: 48, channels: [12, 16, 32, 64] });
    const comparison = await compareWithTflm(oracle, graph, randomInputs(graph, random, 50));
    expect(comparison.differences).toEqual([]);
    expect(comparison.values).toBeGreaterThan(2_000_000);
  }, 60_000);
});
