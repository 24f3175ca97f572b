import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { BoundaryNetwork, oddOutputs, randomBoundaryNetwork } from "../support/boundary-network.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { type OperatorCase, randomInputsOfAnyType } from "../support/random-graph.js";
import { compareWithTflm, TflmOracle } from "../support/tflm.js";
import { compareCases, compareWithReference } from "./model-program.js";

const NETWORKS = 120;
const SANITIZED_NETWORKS = 40;
const INPUTS = 4;

function networks(count: number): OperatorCase[] {
  const random = new Random(50);
  return Array.from({ length: count }, () => {
    const graph = randomBoundaryNetwork(random);
    return { graph, inputs: randomInputsOfAnyType(graph, random, INPUTS) };
  });
}

function header(graph: Int8Graph): string {
  return emitC(graph, { provenance: "a test" }).files["model.h"];
}

describe("models of several inputs and outputs, of int8, uint8 and float32", () => {
  it("are made of all types and counts", () => {
    const graphs = networks(NETWORKS).map(({ graph }) => graph);
    const types = (ends: "inputs" | "outputs") =>
      new Set(graphs.flatMap((graph) => graph[ends].map((index) => graph.tensors[index].type)));
    expect([types("inputs").size, types("outputs").size]).toEqual([3, 3]);
    expect(new Set(graphs.map(({ inputs, outputs }) => `${inputs.length} ${outputs.length}`)).size).toBe(9);
    expect(new Set(graphs.flatMap(({ operators }) => operators.map(({ kind }) => kind))).size).toBeGreaterThan(16);
  });

  it.each([
    ["optimized", OPTIMIZED, NETWORKS],
    ["under sanitizers", SANITIZED, SANITIZED_NETWORKS],
  ])(
    "equal the reference in C, %s",
    async (_, flags, count) => {
      const result = await compareCases(networks(count), flags);
      expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0, distinct: 256 });
      expect(result.compared).toBeGreaterThan(count * 100);
    },
    120_000,
  );

  it("equal the reference in C where an output is an input, a constant, or another output", async () => {
    const graphs = oddOutputs(new Random(51));
    const result = await compareWithReference(graphs, new Random(52), { runs: INPUTS, flags: SANITIZED });
    expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0 });
    expect(result.compared).toBeGreaterThan(500);
  }, 120_000);

  it("have model_invoke with the types of the one input and output", () => {
    const b = new BoundaryNetwork(new Random(1));
    const graph = b.build([b.outputOf("uint8", b.unary(b.quantizedInput("float32", [1, 2, 2, 1])))]);
    expect(header(graph)).toContain("int model_invoke(const float *input, uint8_t *output);");
    expect(header(graph)).not.toContain("model_invoke_many");
  });

  it("have model_invoke_many with counts, lengths and types of several", () => {
    const b = new BoundaryNetwork(new Random(1));
    const [x, y] = [b.quantizedInput("uint8", [1, 2, 3, 1]), b.quantizedInput("float32", [1, 2, 3, 1])];
    const text = header(b.build([b.outputOf("float32", b.binary(x, y))]));
    expect(text).toContain("#define MODEL_INPUTS 2\n");
    expect(text).toContain("#define MODEL_INPUT_0_LENGTH 6 /* values: uint8_t [1, 2, 3, 1]");
    expect(text).toContain("#define MODEL_INPUT_1_LENGTH 6 /* values: float [1, 2, 3, 1]");
    expect(text).toContain("#define MODEL_OUTPUTS 1\n");
    expect(text).toContain(
      "int model_invoke_many(const void *const inputs[MODEL_INPUTS], void *const outputs[MODEL_OUTPUTS]);",
    );
    expect(text).not.toMatch(/model_invoke\(/);
  });
});

if (noOracleHere !== undefined) console.warn(`skipped: ${noOracleHere}`);

(noOracleHere === undefined ? describe : describe.skip)("the same models in the real TFLite Micro", () => {
  let oracle: TflmOracle;
  beforeAll(async () => {
    oracle = await TflmOracle.start();
  }, 300_000);
  afterAll(() => oracle.close());

  it("equal the reference in every tensor", async () => {
    let values = 0;
    for (const { graph, inputs } of networks(NETWORKS)) {
      const comparison = await compareWithTflm(oracle, graph, inputs);
      expect(comparison.differences).toEqual([]);
      values += comparison.values;
    }
    console.info(`${values} values of ${NETWORKS} models of several inputs and outputs are equal to TFLite Micro's`);
    expect(values).toBeGreaterThan(NETWORKS * 1000);
  }, 120_000);
});
