/** The layers that bench/speed-model.ts counts: for each kernel shapes as small networks have them, with odd ones among them. Seeded. */
import type { Activation, Int8Graph, Operator, Padding } from "#smilec/graph/types.js";
import { type ConvChoice, NetworkBuilder } from "../test/emit-c/networks.js";
import { Random } from "../test/support/random.js";

/** Layers of a family are spread evenly over their choices; each is small enough to be counted in a moment. */
const LARGEST_PRODUCTS = 150_000;
const ACTIVATIONS: readonly Activation[] = ["NONE", "RELU", "RELU6"];
const PADDINGS: readonly Padding[] = ["SAME", "SAME", "VALID"];

type Make = (b: NetworkBuilder) => number;
type Draw = (random: Random) => readonly [shape: readonly number[], make: Make];

/** Graphs of one operator each, or two alike. */
export function spreadOfLayers(): Int8Graph[] {
  return Object.entries(FAMILIES).flatMap(([family, [count, draw]], index) => {
    const random = new Random(700 + index);
    return Array.from({ length: count }, () => {
      const [shape, make] = draw(random);
      const builder = new NetworkBuilder(random, shape);
      return builder.finish(family, make(builder));
    });
  });
}

/** Depthwise and pointwise layers that can be computed row by row together. */
export function spreadOfChains(): Int8Graph[] {
  const random = new Random(690);
  return Array.from({ length: 16 }, () => {
    const [h, w] = [random.integer(6, 20), random.integer(6, 20)];
    const b = new NetworkBuilder(random, [1, h, w, random.pick([3, 8, 16])]);
    let x = b.conv(b.input, random.pick([8, 16, 24]), random.chance(0.5) ? POINT : THREE);
    x = b.depthwise(x, 1, { ...THREE, strideH: random.integer(1, 2), strideW: random.integer(1, 2) });
    if (random.chance(0.7)) x = b.conv(x, random.pick([4, 8, 16]), POINT);
    return b.finish("chain", x);
  });
}

const POINT = { filterH: 1, filterW: 1, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
const THREE = { ...POINT, filterH: 3, filterW: 3, padding: "SAME" } as const;

function choice(random: Random, filterH: number, filterW: number, largestStride = 2): Partial<ConvChoice> {
  return {
    filterH,
    filterW,
    strideH: random.integer(1, largestStride),
    strideW: random.integer(1, largestStride),
    dilationH: 1,
    dilationW: 1,
    padding: random.pick(PADDINGS),
    activation: random.pick(ACTIVATIONS),
  };
}

/** A picture of `depth` channels on which `perPixel` products stay within the bound. */
function picture(random: Random, depth: number, perPixel: number): number[] {
  const pixels = Math.max(16, Math.min(900, LARGEST_PRODUCTS / perPixel));
  const side = () => random.integer(Math.min(7, Math.floor(Math.sqrt(pixels) / 2) + 2), Math.floor(Math.sqrt(pixels)));
  return [1, side(), side(), depth];
}

function convolution(filters: readonly (readonly [number, number])[], depths: readonly number[]): Draw {
  return (random) => {
    const [[filterH, filterW], depth] = [random.pick(filters), random.pick(depths)];
    const outputs = random.pick([4, 6, 8, 12, 16, 24, 32, 33, 64]);
    const shape = picture(random, depth, filterH * filterW * depth * outputs);
    const fitting = shape.map((size, i) => Math.max(size, [1, filterH, filterW, 1][i]));
    return [fitting, (b) => b.conv(b.input, outputs, choice(random, filterH, filterW))];
  };
}

function depthwise(
  filters: readonly (readonly [number, number])[],
  multipliers: readonly number[],
  depths: readonly number[] = [4, 8, 12, 16, 24, 32, 48, 64],
): Draw {
  return (random) => {
    const [[filterH, filterW], multiplier, depth] = [
      random.pick(filters),
      random.pick(multipliers),
      random.pick(depths),
    ];
    const shape = picture(random, depth, filterH * filterW * depth * multiplier);
    const fitting = shape.map((size, i) => Math.max(size, [1, filterH, filterW, 1][i]));
    return [fitting, (b) => b.depthwise(b.input, multiplier, choice(random, filterH, filterW))];
  };
}

const dilated: Draw = (random) => {
  const [depth, outputs] = [random.pick([4, 8, 16]), random.pick([4, 8, 16])];
  const o = { ...choice(random, 3, 3, 1), dilationH: 2, dilationW: 2, padding: "SAME" } as const;
  const channelwise = random.chance(0.5);
  return [
    [1, random.integer(7, 14), random.integer(7, 14), depth],
    (b) => (channelwise ? b.depthwise(b.input, 1, o) : b.conv(b.input, outputs, o)),
  ];
};

const grouped: Draw = (random) => {
  const groups = random.pick([2, 4]);
  const depth = groups * random.pick([2, 4, 8, 12]);
  const filter = random.pick([1, 3]);
  return [
    [1, random.integer(6, 12), random.integer(6, 12), depth],
    (b) => b.conv(b.input, groups * random.pick([2, 4, 8]), { ...choice(random, filter, filter), groups }),
  ];
};

const matrix: Draw = (random) => {
  const depth = random.pick([8, 10, 16, 30, 64, 65, 128, 256, 490, 640, 1000]);
  const outputs = random.pick([1, 2, 3, 4, 10, 12, 33, 64, 128]);
  return [[random.pick([1, 1, 1, 2, 3, 8]), depth], (b) => b.fullyConnected(b.input, outputs)];
};

function pooling(kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D"): Draw {
  return (random) => {
    const [h, w] = [random.integer(4, 16), random.integer(4, 16)];
    const filter = random.pick([2, 2, 3, 3, 5]);
    const whole = random.chance(0.3);
    const [filterH, filterW] = whole ? [h, w] : [Math.min(filter, h), Math.min(filter, w)];
    const stride = whole ? { strideH: 1, strideW: 1, padding: "VALID" as const } : {};
    const window = { ...choice(random, filterH, filterW), ...stride };
    return [[1, h, w, random.pick([1, 3, 4, 8, 12, 16, 20, 32, 64])], (b) => pool(b, kind, window)];
  };
}

/** NetworkBuilder.pool draws its window. */
function pool(b: NetworkBuilder, kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D", window: Partial<ConvChoice>): number {
  const { filterH = 1, filterW = 1, strideH = 1, strideW = 1, padding = "VALID", activation = "NONE" } = window;
  const [n, h, w, depth] = b.shape(b.input);
  const size = (from: number, filter: number, stride: number) =>
    Math.ceil((padding === "SAME" ? from : from - filter + 1) / stride);
  const output = b.sameQuantization([n, size(h, filterH, strideH), size(w, filterW, strideW), depth], b.input);
  const attributes = { padding, strideH, strideW, filterH, filterW, activation };
  return operator(b, { kind, inputs: [b.input], outputs: [output], ...attributes });
}

function operator(b: NetworkBuilder, made: Operator): number {
  b.operators.push(made);
  return made.outputs[0];
}

/** Two in a row, which are one function: with one alone, compilers know its parameters. */
function binary(kind: "ADD" | "SUB" | "MUL", broadcast: boolean): Draw {
  return (random) => {
    const shape = [1, random.integer(2, 14), random.integer(2, 14), random.pick([1, 3, 4, 8, 16, 32, 64])];
    const other = broadcast ? random.pick([[1, 1, 1, shape[3]], [1, shape[1], shape[2], 1], [1]]) : shape;
    const activation = random.pick(ACTIVATIONS);
    const one = (b: NetworkBuilder, input: number) => {
      const constant = b.constantInt8(other);
      const unit = kind === "MUL" ? b.scaleOf(input) * 0.03 : b.scaleOf(input) + b.scaleOf(constant);
      const output = b.activation(shape, Math.fround(unit * random.real(0.6, 1.6)));
      return operator(b, { kind, inputs: [input, constant], outputs: [output], activation });
    };
    return [shape, (b) => one(b, one(b, b.input))];
  };
}

const logistic: Draw = (random) => [[1, random.integer(1, 2000)], (b) => b.unary("LOGISTIC", b.input)];

const softmax: Draw = (random) => [
  [random.integer(1, 6), random.pick([2, 3, 4, 6, 10, 12, 20, 100])],
  (b) => b.softmax(b.input),
];

const mean: Draw = (random) => {
  const axes = random.pick([[1, 2], [1, 2], [1, 2], [3], [1], [2, 3]]);
  return [
    [1, random.integer(2, 10), random.integer(2, 10), random.pick([1, 4, 8, 16, 64])],
    (b) => b.mean(b.input, axes, random.chance(0.5)),
  ];
};

const padding: Draw = (random) => {
  const side = (): [number, number] => [random.integer(0, 2), random.integer(1, 2)];
  const depth = random.pick([1, 3, 4, 8, 16]);
  return [
    [1, random.integer(4, 14), random.integer(4, 14), depth],
    (b) => b.pad(b.input, [[0, 0], side(), side(), random.chance(0.2) ? side() : [0, 0]]),
  ];
};

/** The input beside a part of itself, so that one input is enough. */
const concatenation: Draw = (random) => {
  const shape = [1, random.integer(2, 10), random.integer(2, 10), random.pick([1, 3, 4, 8, 16, 20])];
  return [
    shape,
    (b) => {
      const output = b.sameQuantization([...shape.slice(0, 3), 2 * shape[3]], b.input);
      const o = { kind: "CONCATENATION", inputs: [b.input, b.input], axis: 3, activation: "NONE" } as const;
      return operator(b, { ...o, outputs: [output] });
    },
  ];
};

const transposition: Draw = (random) => {
  const shape = [1, random.integer(2, 12), random.integer(2, 12), random.pick([2, 3, 4, 8, 16])];
  const order = random.pick([
    [0, 2, 1, 3],
    [0, 3, 1, 2],
    [0, 1, 3, 2],
    [0, 3, 2, 1],
  ]);
  return [
    shape,
    (b) => {
      const output = b.sameQuantization(
        order.map((d) => shape[d]),
        b.input,
      );
      const inputs = [b.input, b.constantInt32([4], order)];
      return operator(b, { kind: "TRANSPOSE", inputs, outputs: [output] });
    },
  ];
};

function resizing(kind: "RESIZE_NEAREST_NEIGHBOR" | "RESIZE_BILINEAR"): Draw {
  return (random) => {
    const shape = [1, random.integer(2, 8), random.integer(2, 8), random.pick([1, 3, 4, 8, 16])];
    const size = random.chance(0.5) ? [2 * shape[1], 2 * shape[2]] : [random.integer(4, 16), random.integer(4, 16)];
    return [
      shape,
      (b) => {
        const output = b.sameQuantization([1, ...size, shape[3]], b.input);
        const inputs = [b.input, b.constantInt32([2], size)];
        return operator(b, { kind, inputs, outputs: [output], alignCorners: false, halfPixelCenters: true });
      },
    ];
  };
}

const ODD_WINDOWS: readonly (readonly [number, number])[] = [
  [3, 3],
  [5, 5],
  [1, 3],
  [10, 8],
  [2, 2],
];

const FAMILIES: Readonly<Record<string, readonly [count: number, draw: Draw]>> = {
  "3x3": [36, convolution([[3, 3]], [4, 8, 12, 16, 24, 32, 48, 64])],
  "first layers": [
    30,
    convolution(
      [
        [3, 3],
        [3, 3],
        [5, 5],
        [10, 4],
        [8, 3],
      ],
      [1, 1, 2, 3],
    ),
  ],
  "1x1": [36, convolution([[1, 1]], [4, 8, 12, 16, 24, 32, 64, 96, 128])],
  "other windows": [
    24,
    convolution(
      [
        [5, 5],
        [1, 3],
        [3, 1],
        [2, 2],
        [5, 3],
      ],
      [2, 3, 4, 6, 8, 16, 32],
    ),
  ],
  "depthwise 3x3": [36, depthwise([[3, 3]], [1])],
  "other depthwise": [24, depthwise(ODD_WINDOWS, [1])],
  "multiplied depthwise": [24, depthwise(ODD_WINDOWS, [2, 3, 8], [2, 3, 4, 8, 12, 16])],
  "depthwise on one channel": [16, depthwise(ODD_WINDOWS, [1, 2, 3, 8], [1])],
  dilated: [16, dilated],
  grouped: [16, grouped],
  matrix: [40, matrix],
  "average pool": [24, pooling("AVERAGE_POOL_2D")],
  "max pool": [24, pooling("MAX_POOL_2D")],
  add: [10, binary("ADD", false)],
  sub: [10, binary("SUB", false)],
  mul: [10, binary("MUL", false)],
  "add, broadcast": [12, binary("ADD", true)],
  "sub, broadcast": [12, binary("SUB", true)],
  "mul, broadcast": [12, binary("MUL", true)],
  logistic: [12, logistic],
  softmax: [14, softmax],
  mean: [16, mean],
  padding: [16, padding],
  concatenation: [14, concatenation],
  transposition: [16, transposition],
  nearest: [14, resizing("RESIZE_NEAREST_NEIGHBOR")],
  bilinear: [14, resizing("RESIZE_BILINEAR")],
  copy: [8, (random) => [[1, random.integer(1, 600)], (b) => b.reshape(b.input, [b.shape(b.input)[1]])]],
};
