/** Random int8 graphs of one operator each, over everything the operator's contract allows. */
import { windowAxis } from "#smilec/graph/geometry.js";
import type {
  Activation,
  ActivationData,
  Int8Graph,
  Operator,
  OperatorKind,
  Padding,
  Quantization,
  Tensor,
} from "#smilec/graph/types.js";
import { elementCount } from "#smilec/graph/types.js";
import { Random } from "./random.js";

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

  /** An activation quantized as another. */
  like(tensor: number, shape: readonly number[]): number {
    return this.activation(shape, this.scaleOf(tensor), this.zeroPointOf(tensor));
  }

  /** An int8 constant quantized as another tensor. */
  constantAs(tensor: number, shape: readonly number[], random: Random): number {
    const quantization = this.tensors[tensor].quantization!;
    const data = random.int8s(elementCount(shape));
    return this.add({ name: `constant${this.tensors.length}`, type: "int8", shape, quantization, data });
  }

  /** A tensor of any boundary type; float32 has no quantization. */
  boundary(type: "int8" | "uint8" | "float32", shape: readonly number[], scale: number, zeroPoint: number): number {
    const quantization = type === "float32" ? {} : { quantization: perTensor(scale, zeroPoint) };
    return this.add({ name: `t${this.tensors.length}`, type, shape, ...quantization });
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

/** Two shapes that broadcast to a third, of rank 1 to 6. */
function broadcastingShapes(random: Random): [number[], number[], number[]] {
  const rank = random.integer(1, 6);
  const shape = Array.from({ length: rank }, () => random.integer(1, rank > 4 ? 3 : 5));
  if (random.chance(0.5)) return [shape, shape, shape];
  const narrow = () => shape.map((size) => (random.chance(0.4) ? 1 : size)).slice(random.integer(0, shape.length - 1));
  const a = random.chance(0.5) ? shape : narrow();
  const b = a === shape ? narrow() : shape;
  return [a, b, shape];
}

function binary(kind: "ADD" | "SUB" | "MUL"): Generator {
  return (graph, random) => {
    const [shapeA, shapeB, shape] = broadcastingShapes(random);
    const a = graph.input(shapeA);
    const constant = random.chance(0.2);
    const b = constant ? graph.weights(shapeB, 0, false) : graph.input(shapeB);
    const larger = Math.max(graph.scaleOf(a), graph.scaleOf(b));
    const unit = kind === "MUL" ? graph.scaleOf(a) * graph.scaleOf(b) * random.scale(0.5, 300) : larger;
    const output = graph.activation(shape, Math.fround(unit * random.real(0.3, 3)), graph.zeroPoint());
    graph.operators.push({ kind, inputs: [a, b], outputs: [output], activation: random.pick(ACTIVATIONS) });
  };
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

const pad =
  (kind: "PAD" | "PADV2"): Generator =>
  (graph, random) => {
    const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 5));
    const input = graph.input(shape);
    const most = shape.length === 5 ? 1 : 3;
    const paddings = shape.flatMap(() => [random.integer(0, most), random.integer(0, most)]);
    const table = graph.int32s(paddings, [shape.length, 2]);
    const outputShape = shape.map((size, i) => size + paddings[2 * i] + paddings[2 * i + 1]);
    const output = graph.activation(outputShape, graph.scaleOf(input), graph.zeroPointOf(input));
    const value = kind === "PAD" ? [] : [graph.constantAs(input, random.pick([[], [1]]), random)];
    graph.operators.push({ kind, inputs: [input, table, ...value], outputs: [output] });
  };

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

function squeeze(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(2, 5) }, () => random.pick([1, 1, random.integer(1, 5)]));
  const input = graph.input(shape);
  const ones = shape.flatMap((size, d) => (size === 1 ? [d] : []));
  const named = random.chance(0.3) ? [] : ones.filter(() => random.chance(0.6));
  const removed = named.length === 0 ? ones : named;
  const output = graph.like(
    input,
    shape.filter((_, d) => !removed.includes(d)),
  );
  const squeezeDims = named.map((d) => (random.chance(0.3) ? d - shape.length : d));
  graph.operators.push({ kind: "SQUEEZE", inputs: [input], outputs: [output], squeezeDims });
}

function expandDims(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const input = graph.input(shape);
  const axis = random.integer(-shape.length - 1, shape.length);
  const axisTensor = graph.int32s([axis], random.pick([[], [1]]));
  const output = graph.like(input, shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, 1));
  graph.operators.push({ kind: "EXPAND_DIMS", inputs: [input, axisTensor], outputs: [output] });
}

function concatenation(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 4));
  const axis = random.integer(0, shape.length - 1);
  const first = graph.input(shape);
  const inputs = [first];
  const count = random.chance(0.1) ? 10 : random.integer(1, 4);
  for (let i = 1; i < count; i++) {
    const other = shape.with(axis, random.integer(1, 6));
    if (random.chance(0.15)) inputs.push(graph.constantAs(first, other, random));
    else if (random.chance(0.1)) inputs.push(first);
    else inputs.push(graph.input(other, graph.scaleOf(first), graph.zeroPointOf(first)));
  }
  const total = inputs.reduce((sum, input) => sum + graph.shapeOf(input)[axis], 0);
  const output = graph.like(first, shape.with(axis, total));
  const named = random.chance(0.3) ? axis - shape.length : axis;
  graph.operators.push({ kind: "CONCATENATION", inputs, outputs: [output], axis: named });
}

/** One dimension of a slice that takes something: begin, end, stride and masks as a model may give them, and how many it takes. */
function randomSlice(random: Random, size: number) {
  for (;;) {
    const shrink = random.chance(0.15);
    const stride = random.pick(shrink ? [1, 2] : [1, 1, 2, 3, -1, -2]);
    const [begin, end] = [random.integer(-size - 2, size + 2), random.integer(-size - 2, size + 2)];
    const [anyBegin, anyEnd] = [random.chance(0.3), random.chance(0.3)];
    const taken = slicePositions(size, anyBegin ? undefined : begin, anyEnd ? undefined : end, stride);
    const inside = begin >= -size && begin < size;
    if (shrink ? anyBegin || inside : taken > 0) {
      return { begin, end, stride, beginMask: anyBegin, endMask: anyEnd, shrink, count: shrink ? 1 : taken };
    }
  }
}

/** How many elements Python's slice takes: an independent account of what begin, end and stride mean. */
function slicePositions(size: number, begin: number | undefined, end: number | undefined, stride: number): number {
  const positions = Array.from({ length: size }, (_, i) => i);
  const absolute = (at: number) => (at < 0 ? at + size : at);
  const first = begin === undefined ? (stride > 0 ? 0 : size - 1) : absolute(begin);
  const stop = end === undefined ? (stride > 0 ? size : -1) : absolute(end);
  const start = stride > 0 ? Math.max(first, 0) : Math.min(first, size - 1);
  return positions.filter((i) =>
    stride > 0
      ? i >= start && i < stop && (i - start) % stride === 0
      : i <= start && i > Math.max(stop, -1) && (start - i) % -stride === 0,
  ).length;
}

function stridedSlice(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 7));
  const input = graph.input(shape);
  const slices = shape.map((size) => randomSlice(random, size));
  const constants = (["begin", "end", "stride"] as const).map((field) => graph.int32s(slices.map((s) => s[field])));
  const output = graph.like(
    input,
    slices.flatMap(({ shrink, count }) => (shrink ? [] : [count])),
  );
  const mask = (field: "beginMask" | "endMask" | "shrink") =>
    slices.reduce((bits, slice, d) => bits | (slice[field] ? 1 << d : 0), 0);
  graph.operators.push({
    kind: "STRIDED_SLICE",
    inputs: [input, ...constants],
    outputs: [output],
    beginMask: mask("beginMask"),
    endMask: mask("endMask"),
    shrinkAxisMask: mask("shrink"),
  });
}

function transpose(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 5));
  const input = graph.input(shape);
  const rest = shape.map((_, d) => d);
  const permutation = shape.map(() => rest.splice(random.integer(0, rest.length - 1), 1)[0]);
  const output = graph.like(
    input,
    permutation.map((d) => shape[d]),
  );
  graph.operators.push({ kind: "TRANSPOSE", inputs: [input, graph.int32s(permutation)], outputs: [output] });
}

function resize(kind: "RESIZE_NEAREST_NEIGHBOR" | "RESIZE_BILINEAR"): Generator {
  return (graph, random) => {
    const shape = [random.integer(1, 2), random.integer(1, 9), random.integer(1, 9), random.integer(1, 5)];
    const input = graph.input(shape);
    const factor = random.chance(0.3) ? 2 : 0;
    const size = [shape[1], shape[2]].map((from) => (factor === 2 ? 2 * from : random.integer(1, 20)));
    const alignCorners = random.chance(0.3);
    const halfPixelCenters = random.chance(0.4) && (kind === "RESIZE_NEAREST_NEIGHBOR" || !alignCorners);
    const output = graph.like(input, [shape[0], ...size, shape[3]]);
    const inputs = [input, graph.int32s(size)];
    graph.operators.push({ kind, inputs, outputs: [output], alignCorners, halfPixelCenters });
  };
}

function tanh(graph: GraphBuilder, random: Random): void {
  const shape = [...randomShape(random), 11];
  const input = graph.input(shape, random.scale(0.0001, 10));
  const output = graph.activation(shape, 1 / 128, 0);
  graph.operators.push({ kind: "TANH", inputs: [input], outputs: [output] });
}

/** Output scales from the smallest TFLite Micro accepts, 1/128 of the input's, to far too large. */
function hardSwish(graph: GraphBuilder, random: Random): void {
  const shape = [...randomShape(random), 11];
  const input = graph.input(shape, random.chance(0.2) ? random.scale(0.0001, 1000) : random.scale(0.005, 0.2));
  const ratio = random.chance(0.2) ? random.scale(0.01, 1e6) : random.real(0.3, 2);
  const output = graph.activation(shape, Math.fround(graph.scaleOf(input) * ratio), graph.zeroPoint());
  graph.operators.push({ kind: "HARD_SWISH", inputs: [input], outputs: [output] });
}

function leakyRelu(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const input = graph.input(shape);
  const ratio = random.chance(0.2) ? random.scale(0.001, 1000) : random.real(0.3, 3);
  const output = graph.activation(shape, Math.fround(graph.scaleOf(input) * ratio), graph.zeroPoint());
  const alpha = Math.fround(random.pick([0.01, 0.1, 0.2, 0.3, 0, 1, 1.5, -0.5, random.real(-2, 2)]));
  graph.operators.push({ kind: "LEAKY_RELU", inputs: [input], outputs: [output], alpha });
}

function quantize(graph: GraphBuilder, random: Random): void {
  const [from, to] = random.pick([
    ["int8", "int8"],
    ["int8", "uint8"],
    ["uint8", "int8"],
    ["float32", "int8"],
  ] as const);
  const shape = [...randomShape(random), 5];
  const scale = random.scale(0.002, 0.3);
  const ratio = random.chance(0.2) ? random.scale(0.001, 1000) : random.real(0.3, 3);
  const same = random.chance(0.3);
  const zeroPoint = graph.zeroPoint();
  const input = graph.boundary(from, shape, scale, from === "uint8" ? zeroPoint + 128 : zeroPoint);
  graph.inputs.push(input);
  const other = same ? zeroPoint : graph.zeroPoint();
  const output = graph.boundary(
    to,
    shape,
    same ? scale : Math.fround(scale * ratio),
    to === "uint8" ? other + 128 : other,
  );
  graph.operators.push({ kind: "QUANTIZE", inputs: [input], outputs: [output] });
}

function dequantize(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const type = random.pick(["int8", "uint8"] as const);
  const zeroPoint = graph.zeroPoint();
  const input = graph.boundary(type, shape, random.scale(1e-6, 1e6), type === "uint8" ? zeroPoint + 128 : zeroPoint);
  graph.inputs.push(input);
  const output = graph.boundary("float32", shape, 0, 0);
  graph.operators.push({ kind: "DEQUANTIZE", inputs: [input], outputs: [output] });
}

function randomShape(random: Random): number[] {
  return Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 7));
}

function rescaled(kind: "RELU"): Generator {
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
