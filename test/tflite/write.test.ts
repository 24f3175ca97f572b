import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { UserError } from "#smilec/errors.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { GraphBuilder } from "../support/graph-builder.js";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, randomOperatorGraph } from "../support/random-graph.js";
import { residualNet } from "../support/residual-net.js";
import { TflmOracle } from "../support/tflm.js";

const GRAPHS_PER_KIND = 10;

/** The canonical form: absent inputs at the end are left out. */
function canonical(graph: Int8Graph): Int8Graph {
  const operators = graph.operators.map((operator) => ({
    ...operator,
    inputs: operator.inputs.slice(0, operator.inputs.findLastIndex((index) => index !== -1) + 1),
  }));
  return { ...graph, operators };
}

function fullyConnected(): Int8Graph {
  const graph = new GraphBuilder(new Random(3));
  const input = graph.input([1, 4], 0.5, -1);
  const weights = graph.weights([2, 4], 0, true);
  const bias = graph.bias(input, weights, 2, 4);
  const output = graph.activation([1, 2], 0.25, 3);
  graph.operators.push({
    kind: "FULLY_CONNECTED",
    inputs: [input, weights, bias],
    outputs: [output],
    keepNumDims: false,
    activation: "RELU6",
  });
  return { ...graph.build(), metadata: { smilec: Uint8Array.of(1, 2, 3) } };
}

describe("writeTflite", () => {
  it("gives the same bytes for the same graph, however its metadata was put together", () => {
    const build = () => residualNet(new Random(8), { size: 16, channels: [4, 4, 8] });
    const [a, b] = [Uint8Array.of(1), new Uint8Array(0)];
    const first = writeTflite({ ...build(), metadata: { a, b } });
    expect(writeTflite({ ...build(), metadata: { b, a } })).toEqual(first);
    expect(writeTflite({ ...build(), metadata: { a } })).not.toEqual(first);
  });

  it("is read back as it was, for every operator", () => {
    const random = new Random(9);
    let compared = 0;
    for (const kind of OPERATOR_KINDS) {
      for (let i = 0; i < GRAPHS_PER_KIND; i++, compared++) {
        const graph = canonical(randomOperatorGraph(kind, random));
        expect(readTflite(writeTflite(graph), "graph")).toEqual(graph);
      }
    }
    const named = { ...canonical(residualNet(random, { size: 9, channels: [3, 5] })), name: 'ünïcode "net"' };
    const described = { ...named, metadata: { smilec: Uint8Array.of(0, 255), empty: new Uint8Array(0) } };
    expect(readTflite(writeTflite(described), "net")).toEqual(described);
    expect(compared).toBe(OPERATOR_KINDS.length * GRAPHS_PER_KIND);
  });

  it("refuses a graph that is not valid", () => {
    expect(() => writeTflite({ ...fullyConnected(), outputs: [17] })).toThrow(UserError);
  });
});

const describeWithOracle = noOracleHere === undefined ? describe : describe.skip;
if (noOracleHere !== undefined) console.warn(`skipped: ${noOracleHere}`);

describeWithOracle("what others find in a written model", () => {
  let oracle: TflmOracle;
  beforeAll(async () => {
    oracle = await TflmOracle.start();
  }, 300_000);
  afterAll(() => oracle.close());

  it("has the structure a converter would give it", async () => {
    const { identifier, model, buffers } = await oracle.describe(writeTflite(fullyConnected()));
    expect(identifier).toBe("TFL3");
    expect(model).toMatchObject({
      version: 3,
      description: "smilec",
      operatorCodes: [{ deprecatedBuiltinCode: 9, builtinCode: 9, version: 12, customCode: null }],
      signatureDefs: null,
      metadataBuffer: null,
    });
    expect(model.subgraphs).toHaveLength(1);
    const [{ tensors, operators, inputs, outputs, name }] = model.subgraphs;
    expect({ inputs, outputs, name }).toEqual({ inputs: [0], outputs: [3], name: "main" });
    expect(operators).toMatchObject([
      {
        opcodeIndex: 0,
        inputs: [0, 1, 2],
        outputs: [3],
        builtinOptionsType: 8,
        builtinOptions: { fusedActivationFunction: 3, keepNumDims: false, weightsFormat: 0 },
        customOptions: null,
        mutatingVariableInputs: null,
        intermediates: null,
      },
    ]);
    expect(tensors).toMatchObject([
      { type: 9, shape: [1, 4], buffer: 0, quantization: { scale: [0.5], zeroPoint: [-1], min: null, max: null } },
      { type: 9, shape: [2, 4], buffer: 1, quantization: { zeroPoint: [0, 0], quantizedDimension: 0 } },
      { type: 2, shape: [2], buffer: 2, sparsity: null, shapeSignature: null },
      { type: 9, shape: [1, 2], buffer: 0, quantization: { scale: [0.25], zeroPoint: [3] }, hasRank: true },
    ]);
    expect(model.metadata.map((entry: { name: string; buffer: number }) => [entry.name, entry.buffer])).toEqual([
      ["min_runtime_version", 3],
      ["smilec", 4],
    ]);
    expect(buffers).toEqual([null, ...[8, 8, 16, 3].map((size) => ({ size, misalignment: 0 }))]);
  });

  it("aligns every constant to 16 bytes", async () => {
    const { buffers } = await oracle.describe(
      writeTflite(residualNet(new Random(4), { size: 12, channels: [3, 5, 7] })),
    );
    expect(buffers[0]).toBeNull();
    expect(buffers.length).toBeGreaterThan(15);
    expect(buffers.slice(1).filter((buffer) => buffer?.misalignment !== 0)).toEqual([]);
  });

  it("is accepted by TFLite Micro for every operator", async () => {
    const random = new Random(10);
    for (const kind of OPERATOR_KINDS) {
      const graph = randomOperatorGraph(kind, random);
      await oracle.load(writeTflite(graph), graph);
    }
  });
});
