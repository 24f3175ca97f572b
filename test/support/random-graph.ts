/** Random int8 graphs of one operator each, over everything the operator's contract allows. */
import type { ActivationData, Int8Graph, OperatorKind } from "#smilec/graph/types.js";
import { elementCount } from "#smilec/graph/types.js";
import { GraphBuilder } from "./graph-builder.js";
import { Random } from "./random.js";
import {
  binary,
  dequantize,
  hardSwish,
  leakyRelu,
  logistic,
  quantize,
  relu6,
  rescaled,
  softmax,
  tanh,
} from "./random-operators/elementwise.js";
import type { Generator } from "./random-operators/generator.js";
import { concatenation, expandDims, reshape, squeeze, stridedSlice, transpose } from "./random-operators/shape.js";
import { mean, pad, pool, resize } from "./random-operators/spatial.js";
import { conv, depthwiseConv, fullyConnected } from "./random-operators/weighted.js";

const GENERATORS: Readonly<Record<OperatorKind, Generator>> = {
  CONV_2D: conv,
  DEPTHWISE_CONV_2D: depthwiseConv,
  FULLY_CONNECTED: fullyConnected,
  ADD: binary("ADD"),
  SUB: binary("SUB"),
  MUL: binary("MUL"),
  AVERAGE_POOL_2D: pool("AVERAGE_POOL_2D"),
  MAX_POOL_2D: pool("MAX_POOL_2D"),
  MEAN: mean,
  PAD: pad("PAD"),
  PADV2: pad("PADV2"),
  RESHAPE: reshape,
  SQUEEZE: squeeze,
  EXPAND_DIMS: expandDims,
  CONCATENATION: concatenation,
  STRIDED_SLICE: stridedSlice,
  TRANSPOSE: transpose,
  RESIZE_NEAREST_NEIGHBOR: resize("RESIZE_NEAREST_NEIGHBOR"),
  RESIZE_BILINEAR: resize("RESIZE_BILINEAR"),
  SOFTMAX: softmax,
  RELU: rescaled("RELU"),
  RELU6: relu6,
  LOGISTIC: logistic,
  TANH: tanh,
  HARD_SWISH: hardSwish,
  LEAKY_RELU: leakyRelu,
  QUANTIZE: quantize,
  DEQUANTIZE: dequantize,
};

export const OPERATOR_KINDS = Object.keys(GENERATORS) as OperatorKind[];

/** A valid graph of one operator of this kind. */
export function randomOperatorGraph(kind: OperatorKind, random: Random): Int8Graph {
  const graph = new GraphBuilder(random);
  GENERATORS[kind](graph, random);
  return graph.build();
}

/** `count` random inputs for a graph of int8 inputs. */
export function randomInputs(graph: Int8Graph, random: Random, count: number): Int8Array[][] {
  return Array.from({ length: count }, () =>
    graph.inputs.map((index) => random.int8s(elementCount(graph.tensors[index].shape))),
  );
}

/** As {@link randomInputs}, each of its tensor's type; floats spread over about twice the range of the int8 that reads them, with halves of steps. */
export function randomInputsOfAnyType(graph: Int8Graph, random: Random, count: number): ActivationData[][] {
  return Array.from({ length: count }, () => graph.inputs.map((index) => randomValues(graph, index, random)));
}

function randomValues(graph: Int8Graph, index: number, random: Random): ActivationData {
  const { type, shape } = graph.tensors[index];
  const values = random.int8s(elementCount(shape));
  if (type === "int8") return values;
  if (type === "uint8") return Uint8Array.from(values, (q) => q + 128);
  const reader = graph.operators.find(({ inputs }) => inputs.includes(index))!;
  const { scale, zeroPoint } = graph.tensors[reader.outputs[0]].quantization!;
  return Float32Array.from(values, (q) => {
    const steps = random.chance(0.3) ? random.integer(-300, 300) + 0.5 : (q - zeroPoint[0]) * random.real(0.5, 2);
    return random.chance(0.02) ? random.pick([0, -0, 1e-40, -1e9, 1e9]) * scale[0] : steps * scale[0];
  });
}

/** A graph of one operator with inputs for it. */
export interface OperatorCase {
  readonly graph: Int8Graph;
  readonly inputs: readonly (readonly ActivationData[])[];
}

const INPUTS_PER_CASE = 3;

/** The first `count` of one fixed sequence per kind: every test that takes them compares the same graphs on the same inputs. */
export function operatorCases(kind: OperatorKind, count: number): OperatorCase[] {
  const random = new Random(20_000 + OPERATOR_KINDS.indexOf(kind));
  return Array.from({ length: count }, () => {
    const graph = randomOperatorGraph(kind, random);
    return { graph: { ...graph, name: kind }, inputs: randomInputsOfAnyType(graph, random, INPUTS_PER_CASE) };
  });
}
