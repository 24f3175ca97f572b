/** Random int8 graphs of one operator each, over everything the operator's contract allows. */
import { windowAxis } from "#smilec/graph/geometry.js";
import { elementCount } from "#smilec/graph/types.js";
import type {
  Activation,
  Int8Graph,
  Operator,
  OperatorKind,
  Padding,
  Quantization,
  Tensor,
} from "#smilec/graph/types.js";
import type { Random } from "./random.js";

const ACTIVATIONS: readonly Activation[] = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"];
const PADDINGS: readonly Padding[] = ["SAME", "VALID"];

/** Collects tensors and operators of a graph under construction; every method that adds a tensor returns its index. */
export class GraphBuilder {
  readonly tensors: Tensor[] = [];
  readonly operators: Operator[] = [];
  readonly inputs: number[] = [];

  constructor(readonly random: Random) {}

  activation(shape: readonly number[], scale: number, zeroPoint: number): number {
    return this.add({
      name: `t${this.tensors.length}`,
      type: "int8",
      shape,
      quantization: perTensor(scale, zeroPoint),
    });
  }

  input(shape: readonly number[], scale = this.random.scale(0.002, 0.3), zeroPoint = this.zeroPoint()): number {
    const index = this.activation(shape, scale, zeroPoint);
    this.inputs.push(index);
    return index;
  }

  weights(shape: readonly number[], axis: number, perChannel: boolean): number {
    const scale = Float32Array.from({ length: perChannel ? shape[axis] : 1 }, () => this.random.scale(0.0005, 0.02));
    const zeroPoint = new Int32Array(scale.length);
    const data = this.random.int8s(elementCount(shape)).map((q) => Math.max(q, -127));
    const quantization = { scale, zeroPoint, axis: scale.length === 1 ? 0 : axis };
    return this.add({ name: `weights${this.tensors.length}`, type: "int8", shape, quantization, data });
  }

  int32s(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.add({ name: `constant${this.tensors.length}`, type: "int32", shape, data: Int32Array.from(values) });
  }

  /** An int32 bias of about the size of the accumulators, in steps of input scale * weight scale; or -1 for none. */
  bias(input: number, weights: number, channels: number, depth: number): number {
    if (this.random.chance(0.15)) return -1;
    const size = Math.ceil(4000 * Math.sqrt(depth));
    const scale = this.tensors[weights].quantization!.scale.map((s) => s * this.scaleOf(input));
    const quantization = { scale, zeroPoint: new Int32Array(scale.length), axis: 0 };
    const data = Int32Array.from({ length: channels }, () => this.random.integer(-size, size));
    return this.add({ name: `bias${this.tensors.length}`, type: "int32", shape: [channels], quantization, data });
  }

  zeroPoint(): number {
    return this.random.chance(0.3) ? this.random.pick([-128, 127, 0]) : this.random.integer(-128, 127);
  }

  /** An output scale at which sums of `depth` products spread over int8, sometimes far too small or too large. */
  outputScale(input: number, weights: number, depth: number): number {
    const unit = this.scaleOf(input) * this.scaleOf(weights) * 5000 * Math.sqrt(depth);
    const spread = this.random.chance(0.1) ? this.random.pick([0.001, 300]) : this.random.real(0.2, 4);
    return Math.fround((unit * spread) / 64);
  }

  scaleOf(index: number): number {
    return this.tensors[index].quantization!.scale[0];
  }

  zeroPointOf(index: number): number {
    return this.tensors[index].quantization!.zeroPoint[0];
  }

  shapeOf(index: number): readonly number[] {
    return this.tensors[index].shape;
  }

  build(outputs: readonly number[] = [this.operators.at(-1)!.outputs[0]]): Int8Graph {
    return { name: "main", tensors: this.tensors, operators: this.operators, inputs: this.inputs, outputs };
  }

  private add(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }
}

export function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), axis: 0 };
}

type Generator = (graph: GraphBuilder, random: Random) => void;

function randomWindow(random: Random, filterH: number, filterW: number) {
  const dilated = random.chance(0.25);
  return {
    padding: random.pick(PADDINGS),
    strideH: random.integer(1, 3),
    strideW: random.integer(1, 3),
    dilationH: dilated ? random.integer(1, 3) : 1,
    dilationW: dilated ? random.integer(1, 3) : 1,
    filterH,
    filterW,
  };
}

/** An image size at which the window fits at least once. */
function imageSize(random: Random, filter: number, dilation: number): number {
  return (filter - 1) * dilation + 1 + random.integer(0, 8);
}

function conv(graph: GraphBuilder, random: Random): void {
  const { padding, strideH, strideW, dilationH, dilationW, filterH, filterW } = randomWindow(
    random,
    random.integer(1, 5),
    random.integer(1, 5),
  );
  const groups = random.chance(0.2) ? random.integer(2, 3) : 1;
  const depth = random.pick([1, 1, 2, 3, 4, 8, 17]);
  const outputC = groups * random.pick([1, 2, 3, 4, 5, 8, 13]);
  const [height, width] = [imageSize(random, filterH, dilationH), imageSize(random, filterW, dilationW)];
  const input = graph.input([random.integer(1, 2), height, width, groups * depth]);
  const weights = graph.weights([outputC, filterH, filterW, depth], 0, random.chance(0.7));
  const bias = graph.bias(input, weights, outputC, filterH * filterW * depth);
  const rows = windowAxis(padding, height, filterH, strideH, dilationH).outputSize;
  const columns = windowAxis(padding, width, filterW, strideW, dilationW).outputSize;
  const scale = graph.outputScale(input, weights, filterH * filterW * depth);
  const output = graph.activation([graph.shapeOf(input)[0], rows, columns, outputC], scale, graph.zeroPoint());
  const inputs = bias < 0 && random.chance(0.5) ? [input, weights] : [input, weights, bias];
  const activation = random.pick(ACTIVATIONS);
  graph.operators.push({
    kind: "CONV_2D",
    inputs,
    outputs: [output],
    padding,
    strideH,
    strideW,
    dilationH,
    dilationW,
    activation,
  });
}

function depthwiseConv(graph: GraphBuilder, random: Random): void {
  const { padding, strideH, strideW, dilationH, dilationW, filterH, filterW } = randomWindow(
    random,
    random.integer(1, 5),
    random.integer(1, 5),
  );
  const depthMultiplier = random.pick([1, 1, 1, 2, 3, 8]);
  const inputC = random.pick([1, 2, 3, 4, 8, 11]);
  const outputC = inputC * depthMultiplier;
  const [height, width] = [imageSize(random, filterH, dilationH), imageSize(random, filterW, dilationW)];
  const input = graph.input([random.integer(1, 2), height, width, inputC]);
  const weights = graph.weights([1, filterH, filterW, outputC], 3, random.chance(0.7));
  const bias = graph.bias(input, weights, outputC, filterH * filterW);
  const rows = windowAxis(padding, height, filterH, strideH, dilationH).outputSize;
  const columns = windowAxis(padding, width, filterW, strideW, dilationW).outputSize;
  const scale = graph.outputScale(input, weights, filterH * filterW);
  const output = graph.activation([graph.shapeOf(input)[0], rows, columns, outputC], scale, graph.zeroPoint());
  const activation = random.pick(ACTIVATIONS);
  graph.operators.push({
    kind: "DEPTHWISE_CONV_2D",
    inputs: [input, weights, bias],
    outputs: [output],
    padding,
    strideH,
    strideW,
    dilationH,
    dilationW,
    depthMultiplier,
    activation,
  });
}

function fullyConnected(graph: GraphBuilder, random: Random): void {
  const depth = random.pick([1, 2, 7, 16, 64, 131]);
  const outputC = random.pick([1, 2, 3, 10, 33]);
  const keepNumDims = random.chance(0.3);
  const leading = keepNumDims ? [random.integer(1, 2), random.integer(1, 3)] : [random.integer(1, 4)];
  const input = graph.input([...leading, depth]);
  const weights = graph.weights([outputC, depth], 0, random.chance(0.4));
  const bias = graph.bias(input, weights, outputC, depth);
  const output = graph.activation([...leading, outputC], graph.outputScale(input, weights, depth), graph.zeroPoint());
  const activation = random.pick(ACTIVATIONS);
  graph.operators.push({
    kind: "FULLY_CONNECTED",
    inputs: [input, weights, bias],
    outputs: [output],
    keepNumDims,
    activation,
  });
}

/** Two shapes that broadcast to a third, of rank 1 to 4. */
function broadcastingShapes(random: Random): [number[], number[], number[]] {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 5));
  if (random.chance(0.5)) return [shape, shape, shape];
  const narrow = () => shape.map((size) => (random.chance(0.4) ? 1 : size)).slice(random.integer(0, shape.length - 1));
  const a = random.chance(0.5) ? shape : narrow();
  const b = a === shape ? narrow() : shape;
  return [a, b, shape];
}

function add(graph: GraphBuilder, random: Random): void {
  const [shapeA, shapeB, shape] = broadcastingShapes(random);
  const a = graph.input(shapeA);
  const constant = random.chance(0.2);
  const b = constant ? graph.weights(shapeB, 0, false) : graph.input(shapeB);
  const larger = Math.max(graph.scaleOf(a), graph.scaleOf(b));
  const output = graph.activation(shape, Math.fround(larger * random.real(0.3, 3)), graph.zeroPoint());
  graph.operators.push({ kind: "ADD", inputs: [a, b], outputs: [output], activation: random.pick(ACTIVATIONS) });
}

function pool(kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D"): Generator {
  return (graph, random) => {
    const { padding, strideH, strideW, filterH, filterW } = randomWindow(
      random,
      random.integer(1, 6),
      random.integer(1, 6),
    );
    const [height, width] = [imageSize(random, filterH, 1), imageSize(random, filterW, 1)];
    const shape = [random.integer(1, 2), height, width, random.integer(1, 9)];
    const input = graph.input(shape);
    const rows = windowAxis(padding, height, filterH, strideH, 1).outputSize;
    const columns = windowAxis(padding, width, filterW, strideW, 1).outputSize;
    const output = graph.activation(
      [shape[0], rows, columns, shape[3]],
      graph.scaleOf(input),
      graph.zeroPointOf(input),
    );
    const activation = random.pick(ACTIVATIONS);
    graph.operators.push({
      kind,
      inputs: [input],
      outputs: [output],
      padding,
      strideH,
      strideW,
      filterH,
      filterW,
      activation,
    });
  };
}

function mean(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 9));
  const reduced = shape.map(() => random.chance(0.5));
  if (shape.length === 4 && random.chance(0.5)) reduced.splice(0, 4, false, true, true, false);
  if (!reduced.includes(true)) reduced[0] = true;
  const axes = reduced.flatMap((yes, i) => (yes ? [random.chance(0.3) ? i - shape.length : i] : []));
  if (random.chance(0.2)) axes.push(axes[0]);
  const keepDims = random.chance(0.5);
  const input = graph.input(shape);
  const outputShape = keepDims ? shape.map((size, i) => (reduced[i] ? 1 : size)) : shape.filter((_, i) => !reduced[i]);
  const scale = Math.fround(graph.scaleOf(input) * random.real(0.1, 2));
  const axesTensor = graph.int32s(axes);
  const output = graph.activation(outputShape, random.chance(0.3) ? graph.scaleOf(input) : scale, graph.zeroPoint());
  graph.operators.push({ kind: "MEAN", inputs: [input, axesTensor], outputs: [output], keepDims });
}

function pad(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 6));
  const input = graph.input(shape);
  const paddings = shape.flatMap(() => [random.integer(0, 3), random.integer(0, 3)]);
  const table = graph.int32s(paddings, [shape.length, 2]);
  const outputShape = shape.map((size, i) => size + paddings[2 * i] + paddings[2 * i + 1]);
  const output = graph.activation(outputShape, graph.scaleOf(input), graph.zeroPointOf(input));
  graph.operators.push({ kind: "PAD", inputs: [input, table], outputs: [output] });
}

function reshape(graph: GraphBuilder, random: Random): void {
  const [a, b, c] = [random.integer(1, 5), random.integer(1, 5), random.integer(1, 5)];
  const input = graph.input([1, a, b, c]);
  const newShape = random.pick([[1, a * b * c], [a, b * c], [c, a, b], [a * b * c]]);
  const inputs = random.chance(0.5) ? [input, graph.int32s(newShape)] : [input];
  const output = graph.activation(newShape, graph.scaleOf(input), graph.zeroPointOf(input));
  graph.operators.push({ kind: "RESHAPE", inputs, outputs: [output], newShape: random.chance(0.5) ? newShape : [] });
}

function softmax(graph: GraphBuilder, random: Random): void {
  const shape = [
    ...Array.from({ length: random.integer(0, 2) }, () => random.integer(1, 4)),
    random.pick([1, 2, 3, 10, 100, 511]),
  ];
  const input = graph.input(shape, random.scale(0.0005, 2));
  const output = graph.activation(shape, 1 / 256, -128);
  const beta = random.chance(0.7) ? 1 : Math.fround(random.real(0.25, 3));
  graph.operators.push({ kind: "SOFTMAX", inputs: [input], outputs: [output], beta });
}

function randomShape(random: Random): number[] {
  return Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 7));
}

function rescaled(kind: "RELU" | "QUANTIZE"): Generator {
  return (graph, random) => {
    const shape = randomShape(random);
    const input = graph.input(shape);
    const ratio = random.chance(0.2) ? random.scale(0.001, 1000) : random.real(0.3, 3);
    const same = random.chance(0.2);
    const scale = same ? graph.scaleOf(input) : Math.fround(graph.scaleOf(input) * ratio);
    const output = graph.activation(shape, scale, same ? graph.zeroPointOf(input) : graph.zeroPoint());
    graph.operators.push({ kind, inputs: [input], outputs: [output] });
  };
}

function relu6(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const input = graph.input(shape);
  const output = graph.activation(shape, graph.scaleOf(input), graph.zeroPointOf(input));
  graph.operators.push({ kind: "RELU6", inputs: [input], outputs: [output] });
}

function logistic(graph: GraphBuilder, random: Random): void {
  const shape = [...randomShape(random), 11];
  const input = graph.input(shape, random.scale(0.0001, 10));
  const output = graph.activation(shape, 1 / 256, -128);
  graph.operators.push({ kind: "LOGISTIC", inputs: [input], outputs: [output] });
}

const GENERATORS: Readonly<Record<OperatorKind, Generator>> = {
  CONV_2D: conv,
  DEPTHWISE_CONV_2D: depthwiseConv,
  FULLY_CONNECTED: fullyConnected,
  ADD: add,
  AVERAGE_POOL_2D: pool("AVERAGE_POOL_2D"),
  MAX_POOL_2D: pool("MAX_POOL_2D"),
  MEAN: mean,
  PAD: pad,
  RESHAPE: reshape,
  SOFTMAX: softmax,
  RELU: rescaled("RELU"),
  RELU6: relu6,
  LOGISTIC: logistic,
  QUANTIZE: rescaled("QUANTIZE"),
};

export const OPERATOR_KINDS = Object.keys(GENERATORS) as OperatorKind[];

/** A valid graph of one operator of this kind. */
export function randomOperatorGraph(kind: OperatorKind, random: Random): Int8Graph {
  const graph = new GraphBuilder(random);
  GENERATORS[kind](graph, random);
  return graph.build();
}

/** `count` random inputs for a graph. */
export function randomInputs(graph: Int8Graph, random: Random, count: number): Int8Array[][] {
  return Array.from({ length: count }, () =>
    graph.inputs.map((index) => random.int8s(elementCount(graph.tensors[index].shape))),
  );
}
