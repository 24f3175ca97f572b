/** Small random graphs, one operator each or several, with quantization that keeps most outputs off the rails. */
import { broadcastShape } from "#smilec/graph/broadcast.js";
import { windowAxis } from "#smilec/graph/geometry.js";
import {
  type Activation,
  elementCount,
  type Int8Graph,
  type Operator,
  type Padding,
  type Quantization,
  type Tensor,
} from "#smilec/graph/types.js";
import { perTensor } from "../support/graph-builder.js";
import type { Random } from "../support/random.js";

const ACTIVATIONS: readonly Activation[] = ["NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1"];

/** Builds a graph operator by operator; every method returns the tensor it makes. */
export class NetworkBuilder {
  readonly tensors: Tensor[] = [];
  readonly operators: Operator[] = [];
  private readonly source: number;

  constructor(
    readonly random: Random,
    inputShape: readonly number[],
  ) {
    this.source = this.activation(inputShape, this.scale());
  }

  get input(): number {
    return this.source;
  }

  finish(name: string, output: number): Int8Graph {
    const { tensors, operators } = this;
    return { name, tensors, operators, inputs: [this.source], outputs: [output] };
  }

  shape(tensor: number): readonly number[] {
    return this.tensors[tensor].shape;
  }

  scaleOf(tensor: number): number {
    return this.tensors[tensor].quantization?.scale[0] as number;
  }

  scale(): number {
    return Math.fround(0.005 + this.random.unit() * 0.1);
  }

  activation(shape: readonly number[], scale: number, zeroPoint = this.random.integer(-128, 127)): number {
    const quantization = perTensor(scale, zeroPoint);
    return this.tensors.push({ name: `t${this.tensors.length}`, type: "int8", shape, quantization }) - 1;
  }

  sameQuantization(shape: readonly number[], as: number): number {
    return this.activation(shape, this.scaleOf(as), this.tensors[as].quantization?.zeroPoint[0]);
  }

  constantInt8(shape: readonly number[]): number {
    const data = Int8Array.from({ length: elementCount(shape) }, () => this.random.integer(-128, 127));
    const quantization = perTensor(this.scale(), this.random.integer(-20, 20));
    return this.tensors.push({ name: `c${this.tensors.length}`, type: "int8", shape, quantization, data }) - 1;
  }

  constantInt32(shape: readonly number[], values: readonly number[]): number {
    const data = Int32Array.from(values);
    return this.tensors.push({ name: `c${this.tensors.length}`, type: "int32", shape, data }) - 1;
  }

  private bias(input: number, weights: number, values: readonly number[]): number {
    const scale = (this.tensors[weights].quantization as Quantization).scale.map((w) => w * this.scaleOf(input));
    const quantization = { scale, zeroPoint: new Int32Array(scale.length), axis: 0 };
    const data = Int32Array.from(values);
    return this.tensors.push({ name: "bias", type: "int32", shape: [values.length], quantization, data }) - 1;
  }

  private weights(shape: readonly number[], axis: number, perChannel: boolean): number {
    const data = Int8Array.from({ length: elementCount(shape) }, () => this.random.integer(-127, 127));
    const count = perChannel ? shape[axis] : 1;
    const scale = Float32Array.from({ length: count }, () => 0.002 + this.random.unit() * 0.006);
    const quantization = { scale, zeroPoint: new Int32Array(count), axis: perChannel ? axis : 0 };
    return this.tensors.push({ name: `w${this.tensors.length}`, type: "int8", shape, quantization, data }) - 1;
  }

  /** Weights, maybe a bias, and an output scale for sums of `taps` products; one in ten multiplies by more than 1. */
  private weighted(input: number, shape: readonly number[], axis: number, taps: number, perChannel: boolean) {
    const weights = this.weights(shape, axis, perChannel);
    const spread = this.random.chance(0.1) ? 0.3 : 25 + this.random.unit() * 40;
    const outputScale = Math.fround(this.scaleOf(input) * 0.005 * Math.sqrt(taps) * spread);
    const range = Math.ceil(2000 * Math.sqrt(taps));
    const biases = Array.from({ length: shape[axis] }, () => this.random.integer(-range, range));
    const bias = this.random.chance(0.8) ? [this.bias(input, weights, biases)] : [];
    return { inputs: [input, weights, ...bias], outputScale };
  }

  conv(input: number, outputC: number, o: Partial<ConvChoice> = {}): number {
    const c = this.convChoice(input, o);
    const [n, h, w, depth] = this.shape(input);
    const filterC = depth / (o.groups ?? 1);
    const shape = [outputC, c.filterH, c.filterW, filterC];
    const taps = c.filterH * c.filterW * filterC;
    const { inputs, outputScale } = this.weighted(input, shape, 0, taps, this.random.chance(0.8));
    const rows = windowAxis(c.padding, h, c.filterH, c.strideH, c.dilationH).outputSize;
    const columns = windowAxis(c.padding, w, c.filterW, c.strideW, c.dilationW).outputSize;
    const output = this.activation([n, rows, columns, outputC], outputScale, o.zeroPoint);
    const { filterH: _, filterW: __, ...attributes } = c;
    this.operators.push({ kind: "CONV_2D", inputs, outputs: [output], ...attributes });
    return output;
  }

  depthwise(input: number, depthMultiplier: number, o: Partial<ConvChoice> = {}): number {
    const c = this.convChoice(input, o);
    const [n, h, w, depth] = this.shape(input);
    const shape = [1, c.filterH, c.filterW, depth * depthMultiplier];
    const taps = c.filterH * c.filterW;
    const { inputs, outputScale } = this.weighted(input, shape, 3, taps, this.random.chance(0.8));
    const rows = windowAxis(c.padding, h, c.filterH, c.strideH, c.dilationH).outputSize;
    const columns = windowAxis(c.padding, w, c.filterW, c.strideW, c.dilationW).outputSize;
    const output = this.activation([n, rows, columns, shape[3]], outputScale);
    const { filterH: _, filterW: __, ...attributes } = c;
    this.operators.push({ kind: "DEPTHWISE_CONV_2D", inputs, outputs: [output], depthMultiplier, ...attributes });
    return output;
  }

  fullyConnected(input: number, outputC: number, activation = this.random.pick(ACTIVATIONS)): number {
    const depth = this.shape(input).at(-1) as number;
    const rows = elementCount(this.shape(input)) / depth;
    const { inputs, outputScale } = this.weighted(input, [outputC, depth], 0, depth, this.random.chance(0.5));
    const output = this.activation([rows, outputC], outputScale);
    this.operators.push({ kind: "FULLY_CONNECTED", inputs, outputs: [output], keepNumDims: false, activation });
    return output;
  }

  add(a: number, b: number, activation = this.random.pick(ACTIVATIONS), zeroPoint?: number): number {
    const shape = broadcastShape(this.shape(a), this.shape(b)) as number[];
    const output = this.activation(
      shape,
      Math.fround((this.scaleOf(a) + this.scaleOf(b)) * (0.6 + this.random.unit())),
      zeroPoint,
    );
    this.operators.push({ kind: "ADD", inputs: [a, b], outputs: [output], activation });
    return output;
  }

  pool(kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D", input: number, o: Partial<ConvChoice> = {}): number {
    const { dilationH: _, dilationW: __, ...c } = this.convChoice(input, { ...o, dilationH: 1, dilationW: 1 });
    const [n, h, w, depth] = this.shape(input);
    const rows = windowAxis(c.padding, h, c.filterH, c.strideH, 1).outputSize;
    const columns = windowAxis(c.padding, w, c.filterW, c.strideW, 1).outputSize;
    const output = this.sameQuantization([n, rows, columns, depth], input);
    this.operators.push({ kind, inputs: [input], outputs: [output], ...c });
    return output;
  }

  mean(input: number, axes: readonly number[], keepDims: boolean): number {
    const shape = this.shape(input);
    const reduced = axes.map((axis) => (axis + shape.length) % shape.length);
    const kept = shape.flatMap((size, i) => (reduced.includes(i) ? (keepDims ? [1] : []) : [size]));
    const output = this.activation(kept, Math.fround(this.scaleOf(input) * (0.2 + this.random.unit())));
    const inputs = [input, this.constantInt32([axes.length], axes)];
    this.operators.push({ kind: "MEAN", inputs, outputs: [output], keepDims });
    return output;
  }

  pad(input: number, paddings: readonly (readonly [number, number])[]): number {
    const shape = this.shape(input).map((size, i) => paddings[i][0] + size + paddings[i][1]);
    const output = this.sameQuantization(shape, input);
    const inputs = [input, this.constantInt32([paddings.length, 2], paddings.flat())];
    this.operators.push({ kind: "PAD", inputs, outputs: [output] });
    return output;
  }

  reshape(input: number, shape: readonly number[]): number {
    const output = this.sameQuantization(shape, input);
    this.operators.push({ kind: "RESHAPE", inputs: [input], outputs: [output], newShape: shape });
    return output;
  }

  softmax(input: number): number {
    const output = this.activation(this.shape(input), 1 / 256, -128);
    this.operators.push({
      kind: "SOFTMAX",
      inputs: [input],
      outputs: [output],
      beta: this.random.pick([0.5, 1, 1, 2]),
    });
    return output;
  }

  unary(kind: "RELU" | "RELU6" | "LOGISTIC" | "QUANTIZE", input: number): number {
    const output =
      kind === "LOGISTIC"
        ? this.activation(this.shape(input), 1 / 256, -128)
        : kind === "RELU6"
          ? this.sameQuantization(this.shape(input), input)
          : this.activation(this.shape(input), Math.fround(this.scaleOf(input) * (0.3 + 2 * this.random.unit())));
    this.operators.push({ kind, inputs: [input], outputs: [output] });
    return output;
  }

  private convChoice(input: number, o: Partial<ConvChoice>): Omit<ConvChoice, "groups" | "zeroPoint"> {
    const [, h, w] = this.shape(input);
    const { random } = this;
    const dilationH = o.dilationH ?? (random.chance(0.15) ? 2 : 1);
    const dilationW = o.dilationW ?? (random.chance(0.15) ? 2 : 1);
    const padding: Padding = o.padding ?? random.pick(["SAME", "VALID"]);
    const largest = (size: number, dilation: number) =>
      padding === "SAME" ? 5 : Math.min(5, Math.floor((size - 1) / dilation) + 1);
    return {
      filterH: o.filterH ?? random.integer(1, largest(h, dilationH)),
      filterW: o.filterW ?? random.integer(1, largest(w, dilationW)),
      strideH: o.strideH ?? random.integer(1, 3),
      strideW: o.strideW ?? random.integer(1, 3),
      dilationH,
      dilationW,
      padding,
      activation: o.activation ?? random.pick(ACTIVATIONS),
    };
  }
}

export interface ConvChoice {
  readonly filterH: number;
  readonly filterW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly padding: Padding;
  readonly activation: Activation;
  readonly groups: number;
  /** Of the output. */
  readonly zeroPoint: number;
}

/** [N,H,W,C], small, with every kind of channel count: odd, even, multiples of 8 and 16. */
function imageShape(random: Random): number[] {
  const depth = random.pick([1, 1, 2, 3, 4, 5, 7, 8, 11, 16, 17, 24]);
  return [random.chance(0.15) ? 2 : 1, random.integer(1, 9), random.integer(1, 9), depth];
}

const OUTPUT_CHANNELS = [1, 2, 3, 4, 6, 7, 8, 9, 13, 16, 18];

/** Arrangements that the compiler treats specially; each called many times with one generator. */
export const SPECIAL_GRAPHS: Readonly<Record<string, (random: Random) => Int8Graph>> = {
  "1x1 convolution": (random) => {
    const b = new NetworkBuilder(random, imageShape(random));
    return b.finish("pointwise", b.conv(b.input, random.pick(OUTPUT_CHANNELS), { filterH: 1, filterW: 1 }));
  },
  "convolution of channel groups": (random) => {
    const groups = random.pick([2, 3, 4]);
    const [n, h, w] = imageShape(random);
    const b = new NetworkBuilder(random, [n, h, w, groups * random.integer(1, 5)]);
    return b.finish("grouped", b.conv(b.input, groups * random.integer(1, 4), { groups }));
  },
  "depthwise of wide runs": (random) => {
    const [n, h, w] = imageShape(random);
    const b = new NetworkBuilder(random, [n, h, w, random.pick([8, 9, 16, 17, 24])]);
    return b.finish("depthwise", b.depthwise(b.input, random.pick([1, 1, 2])));
  },
  "ADD over a dead input": (random) => {
    const shape = imageShape(random).slice(0, random.integer(1, 4));
    const b = new NetworkBuilder(random, shape);
    const other = random.chance(0.5)
      ? shape
      : shape.map((n) => (random.chance(0.4) ? 1 : n)).slice(random.integer(0, 1));
    const [x, y] = [b.unary("QUANTIZE", b.input), b.constantInt8(random.chance(0.1) ? [] : other)];
    const sum = random.chance(0.5) ? b.add(x, y) : b.add(y, x);
    return b.finish("add", random.chance(0.5) ? b.unary("RELU", sum) : sum);
  },
  "MEAN along any dimensions": (random) => {
    const b = new NetworkBuilder(random, imageShape(random));
    const axes = random.pick([[1, 2], [2, 1], [-1], [0, 2], [1, 3], [0, 1, 2, 3], [3], [1], [1, -3]]);
    return b.finish("mean", b.mean(b.input, axes, random.chance(0.5)));
  },
  "PAD before a convolution": (random) => {
    const b = new NetworkBuilder(random, imageShape(random));
    const side = () => random.integer(0, 3);
    const padded = b.pad(b.input, [
      [0, 0],
      [side(), side()],
      [side(), side()],
      [0, 0],
    ]);
    if (random.chance(0.5)) return b.finish("pad-depthwise", b.depthwise(padded, 1));
    return b.finish("pad-conv", b.conv(padded, random.pick(OUTPUT_CHANNELS)));
  },
  "RESHAPE chains": (random) => {
    const shape = imageShape(random);
    const b = new NetworkBuilder(random, shape);
    const flat = b.reshape(b.input, [elementCount(shape)]);
    const middle = random.chance(0.5) ? b.unary("QUANTIZE", flat) : flat;
    return b.finish("reshape", b.reshape(middle, [1, elementCount(shape), 1]));
  },
  "whole networks": (random) => randomNetwork(random),
};

/** Several operators in a random arrangement: branches, reshapes, in-place chances, an unused branch, a tail of classifier operators. */
function randomNetwork(random: Random): Int8Graph {
  const depth = random.pick([4, 8, 12]);
  const b = new NetworkBuilder(random, [1, random.integer(4, 10), random.integer(4, 10), random.integer(1, 3)]);
  let x = b.conv(b.input, depth, { padding: "SAME" });
  const blocks = random.integer(2, 5);
  for (let i = 0; i < blocks; i++) x = randomBlock(b, x);
  if (random.chance(0.3)) b.unary("RELU", x);
  x = random.chance(0.5) ? b.mean(x, [1, 2], false) : b.reshape(x, [1, elementCount(b.shape(x))]);
  x = b.fullyConnected(x, random.integer(2, 5));
  if (random.chance(0.3)) x = b.add(x, x);
  if (random.chance(0.6)) x = random.chance(0.5) ? b.softmax(x) : b.unary("LOGISTIC", x);
  return b.finish("network", x);
}

function randomBlock(b: NetworkBuilder, x: number): number {
  const { random } = b;
  const depth = b.shape(x)[3];
  const keep = { padding: "SAME", strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
  switch (random.integer(0, 5)) {
    case 0:
      return b.add(x, b.conv(b.conv(x, depth, keep), depth, keep));
    case 1:
      return b.add(b.depthwise(x, 1, keep), b.unary("QUANTIZE", x));
    case 2:
      return b.add(b.conv(x, 2 * depth, { ...keep, filterH: 1, filterW: 1 }), b.constantInt8([1, 1, 1, 2 * depth]));
    case 3:
      return b.conv(
        b.pad(x, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]),
        depth,
        { ...keep, padding: "VALID", filterH: 3, filterW: 3 },
      );
    case 4: {
      const [n, h, w] = b.shape(x);
      return b.reshape(b.unary("RELU", b.reshape(x, [n * h * w * depth])), [n, h, w, depth]);
    }
    default:
      return b.add(b.unary("RELU6", x), b.add(x, b.mean(x, [1, 2], true)));
  }
}

/** A residual classifier like the shipped one: 48 x 48 grey, stages of 16, 32 and 64 channels; about 1.7 million multiply-adds. */
export function residualNetwork(random: Random): Int8Graph {
  const b = new NetworkBuilder(random, [1, 48, 48, 1]);
  const relu = { activation: "RELU", zeroPoint: -128 } as const;
  const same = { padding: "SAME", dilationH: 1, dilationW: 1, strideH: 1, strideW: 1, filterH: 3, filterW: 3 } as const;
  const half = { ...same, strideH: 2, strideW: 2 };
  let x = b.conv(b.input, 12, { ...half, ...relu });
  for (const depth of [16, 32, 64]) {
    const main = b.conv(b.conv(x, depth, { ...half, ...relu }), depth, { ...same, activation: "NONE" });
    const skip = b.conv(x, depth, { ...half, filterH: 1, filterW: 1, activation: "NONE" });
    x = b.add(main, skip, "RELU", -128);
  }
  return b.finish("residual", b.fullyConnected(b.mean(x, [1, 2], false), 2, "NONE"));
}
