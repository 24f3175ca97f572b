import { describe, expect, it } from "@jest/globals";
import { UserError } from "#smilec/errors.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import type { Int8Graph, Operator, Tensor } from "#smilec/graph/types.js";
import { validateGraph } from "#smilec/graph/validate.js";
import { GraphBuilder, perTensor } from "../support/graph-builder.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, randomOperatorGraph } from "../support/random-graph.js";

/** input [1,4,4,2] -> CONV_2D -> [1,4,4,3] -> RELU6 -> [1,4,4,3] */
function convThenRelu6(): Int8Graph {
  const graph = new GraphBuilder(new Random(1));
  const input = graph.input([1, 4, 4, 2], 0.1, 0);
  const weights = graph.weights([3, 3, 3, 2], 0, true);
  const convolved = graph.activation([1, 4, 4, 3], 0.1, -128);
  const clamped = graph.activation([1, 4, 4, 3], 0.1, -128);
  const window = { padding: "SAME", strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
  graph.operators.push(
    { kind: "CONV_2D", inputs: [input, weights], outputs: [convolved], ...window, activation: "NONE" },
    { kind: "RELU6", inputs: [convolved], outputs: [clamped] },
  );
  return graph.build();
}

function withTensor(graph: Int8Graph, index: number, change: Partial<Tensor>): Int8Graph {
  return { ...graph, tensors: graph.tensors.map((tensor, i) => (i === index ? { ...tensor, ...change } : tensor)) };
}

function withOperator(graph: Int8Graph, index: number, change: object): Int8Graph {
  const operators = graph.operators.map((operator, i) =>
    i === index ? ({ ...operator, ...change } as Operator) : operator,
  );
  return { ...graph, operators };
}

const good = convThenRelu6();
const [, weights] = good.tensors;
const broken: readonly [what: string, graph: Int8Graph, message: RegExp][] = [
  ["no inputs", { ...good, inputs: [] }, /no input or no output/],
  ["no outputs", { ...good, outputs: [] }, /no input or no output/],
  ["an input named twice", { ...good, inputs: [0, 0] }, /names an input twice/],
  ["an input that is a constant", { ...good, inputs: [0, 1] }, /is a constant/],
  ["an output that does not exist", { ...good, outputs: [9] }, /tensor 9, which does not exist/],
  ["an output index that is no integer", { ...good, outputs: [0.5] }, /tensor 0.5, which does not exist/],
  ["an output that is never computed", { ...good, operators: good.operators.slice(0, 1) }, /never computed/],
  [
    "operators out of order",
    { ...good, operators: [...good.operators].reverse() },
    /operator 0 \(RELU6\) reads .* before it is computed/,
  ],
  ["a tensor written twice", withOperator(good, 1, { outputs: [2] }), /operator 1 \(RELU6\) writes .* written before/],
  ["a constant that is written", withOperator(good, 1, { outputs: [1] }), /operator 1 \(RELU6\) writes/],
  ["a negative index", withOperator(good, 1, { inputs: [-2] }), /operator 1 \(RELU6\) reads tensor -2/],
  [
    "a required input that is absent",
    withOperator(good, 1, { inputs: [-1] }),
    /operator 1 \(RELU6\) lacks its input 0/,
  ],
  ["too many inputs", withOperator(good, 1, { inputs: [2, 0] }), /operator 1 \(RELU6\) has 2 inputs, not 1/],
  ["no operator output", withOperator(good, 1, { outputs: [] }), /operator 1 \(RELU6\) has 0 outputs/],
  ["a size of zero", withTensor(good, 0, { shape: [1, 0, 4, 2] }), /not a positive integer/],
  ["a size that is no integer", withTensor(good, 0, { shape: [1, 1.5, 4, 2] }), /not a positive integer/],
  ["a huge tensor", withTensor(good, 0, { shape: [1, 2 ** 20, 2 ** 20, 2] }), /more than 67108864 elements/],
  ["huge tensors in sum", hugeInSum(), /together/],
  ["too many dimensions", withTensor(good, 0, { shape: [1, 1, 1, 1, 4, 4, 2] }), /more than 6 dimensions/],
  ["data of another type", withTensor(good, 1, { type: "int32" }), /data of another type/],
  ["too little data", withTensor(good, 1, { data: new Int8Array(5) }), /holds 5 values/],
  [
    "scales without zero points",
    withTensor(good, 1, { quantization: { ...weights.quantization!, zeroPoint: new Int32Array(1) } }),
    /unequal numbers/,
  ],
  [
    "an axis that does not exist",
    withTensor(good, 1, { quantization: { ...weights.quantization!, axis: 7 } }),
    /3 scales along dimension 7/,
  ],
  [
    "weights along the wrong axis",
    withTensor(good, 1, { quantization: { ...weights.quantization!, axis: 1 } }),
    /operator 0 \(CONV_2D\) needs weights quantized per tensor or along dimension 0/,
  ],
  ["asymmetric weights", withTensor(good, 1, { quantization: perTensor(0.1, 3) }), /symmetric weights/],
  [
    "a scale of zero",
    withTensor(good, 0, { quantization: perTensor(0, 0) }),
    /operator 0 \(CONV_2D\) needs a positive scale/,
  ],
  [
    "a scale that is no number",
    withTensor(good, 0, { quantization: perTensor(Number.NaN, 0) }),
    /needs a positive scale/,
  ],
  [
    "an infinite scale",
    withTensor(good, 1, { quantization: perTensor(Number.POSITIVE_INFINITY, 0) }),
    /needs positive scales/,
  ],
  ["a zero point beyond int8", withTensor(good, 0, { quantization: perTensor(0.1, 200) }), /int8 zero point/],
  [
    "an activation per channel",
    withTensor(good, 0, { quantization: { scale: Float32Array.of(1, 2), zeroPoint: new Int32Array(2), axis: 3 } }),
    /quantized per tensor/,
  ],
  ["a float input", withTensor(good, 0, { type: "float32" }), /not int8/],
  [
    "a wrong output shape",
    withTensor(good, 2, { shape: [1, 3, 4, 3] }),
    /operator 0 \(CONV_2D\) needs shape \[1,4,4,3\]/,
  ],
  ["a stride of zero", withOperator(good, 0, { strideH: 0 }), /operator 0 \(CONV_2D\) has a strideH of 0/],
  ["a huge dilation", withOperator(good, 0, { dilationW: 2 ** 31 }), /has a dilationW of 2147483648/],
  ["a bias of the wrong length", withBias(new Int32Array(2)), /needs 3 biases, not 2/],
  ["a bias of the wrong type", withBias(new Int8Array(3)), /constant int32 bias/],
  [
    "a RELU6 that would have to rescale",
    withTensor(good, 3, { quantization: perTensor(0.2, -128) }),
    /operator 1 \(RELU6\) needs equal quantization/,
  ],
  [
    "a multiplier beyond int32",
    withTensor(good, 2, { quantization: perTensor(1e-20, -128) }),
    /more than int32 arithmetic can do/,
  ],
];

function hugeInSum(): Int8Graph {
  const graph = new GraphBuilder(new Random(1));
  let at = graph.input([2 ** 25], 0.1, 0);
  for (let i = 0; i < 3; i++) {
    const next = graph.activation([2 ** 25], 0.1, 0);
    graph.operators.push({ kind: "RELU6", inputs: [at], outputs: [next] });
    at = next;
  }
  return graph.build();
}

function withBias(data: Int32Array | Int8Array): Int8Graph {
  const bias: Tensor = { name: "bias", type: data instanceof Int8Array ? "int8" : "int32", shape: [data.length], data };
  return withOperator({ ...good, tensors: [...good.tensors, bias] }, 0, { inputs: [0, 1, 4] });
}

describe("validateGraph", () => {
  it("accepts every random graph", () => {
    const random = new Random(5);
    for (const kind of OPERATOR_KINDS) for (let i = 0; i < 20; i++) validateGraph(randomOperatorGraph(kind, random));
  });

  it.each(broken)("refuses %s", (_, graph, message) => {
    expect(() => validateGraph(graph, "model.tflite")).toThrow(message);
    try {
      validateGraph(graph, "model.tflite");
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).where).toBe("model.tflite");
    }
  });
});

describe("ReferenceInterpreter", () => {
  it("says how many inputs and values it wants", () => {
    const interpreter = new ReferenceInterpreter(good);
    expect(() => interpreter.run([])).toThrow(/has 1 inputs, not 0/);
    expect(() => interpreter.run([new Int8Array(3)])).toThrow(/has 32 values, not 3/);
  });

  it("keeps every tensor of the last run and returns copies", () => {
    const interpreter = new ReferenceInterpreter(good);
    const [first] = interpreter.run([new Int8Array(32).fill(100)]);
    const kept = first.slice();
    expect(interpreter.tensor(3)).toEqual(first);
    const [second] = interpreter.run([new Int8Array(32).fill(-100)]);
    expect(second).not.toEqual(kept);
    expect(first).toEqual(kept);
    expect(interpreter.tensor(1)).toBe(good.tensors[1].data);
  });

  it("gives probability 0 to rows too long for any to reach half a step", () => {
    const graph = new GraphBuilder(new Random(1));
    const input = graph.input([600], 0.1, 0);
    const output = graph.activation([600], 1 / 256, -128);
    graph.operators.push({ kind: "SOFTMAX", inputs: [input], outputs: [output], beta: 1 });
    const [flat] = new ReferenceInterpreter(graph.build()).run([new Int8Array(600).fill(7)]);
    expect(flat).toEqual(new Int8Array(600).fill(-128));
  });
});
