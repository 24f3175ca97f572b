/** Networks of depthwise and pointwise convolutions: random ones with every kind of window, and the known families at their usual sizes. */
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import type { Random } from "../support/random.js";
import { type ConvChoice, NetworkBuilder } from "./networks.js";

const POINT = { filterH: 1, filterW: 1, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
const THREE = { padding: "SAME", filterH: 3, filterW: 3, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
const RELU = { activation: "RELU", zeroPoint: -128 } as const;

/** Two to six layers in a row, odd sizes, any stride, padding, dilation, multiplier, pool or folded PAD; in some, a tensor is read twice. */
export function randomSeparable(random: Random): Int8Graph {
  const b = new NetworkBuilder(random, [1, random.integer(3, 13), random.integer(3, 13), random.pick([1, 2, 3, 5, 8])]);
  let x = b.conv(b.input, random.pick([2, 3, 8, 9]), { strideH: random.integer(1, 2), strideW: random.integer(1, 2) });
  for (let layer = random.integer(1, 5); layer > 0; layer--) x = randomLayer(b, x);
  if (random.chance(0.5)) x = b.conv(x, random.integer(1, 3), POINT);
  if (random.chance(0.3)) x = random.chance(0.5) ? b.mean(x, [1, 2], random.chance(0.5)) : wholePool(b, x);
  return b.finish("separable", x);
}

function randomLayer(b: NetworkBuilder, x: number): number {
  const { random } = b;
  const [, height, width, depth] = b.shape(x);
  switch (random.integer(0, 7)) {
    case 0:
    case 1:
      return b.conv(x, random.pick([depth, 2 * depth, 3, 17]), POINT);
    case 2:
      return b.depthwise(x, random.pick([1, 1, 2, 3]));
    case 3:
      return b.depthwise(x, 1, window(random));
    case 4:
      return b.conv(x, random.pick([2, 4, 7]), window(random));
    case 5: {
      const side = () => random.integer(0, 2);
      const sides: [number, number][] = [
        [0, 0],
        [side(), side()],
        [side(), side()],
        [0, 0],
      ];
      return b.depthwise(b.pad(x, sides), 1);
    }
    case 6: {
      const kind = random.pick(["AVERAGE_POOL_2D", "MAX_POOL_2D"] as const);
      return height > 1 && width > 1 ? b.pool(kind, x) : x;
    }
    default:
      return b.add(b.conv(x, depth, POINT), x);
  }
}

function wholePool(b: NetworkBuilder, x: number): number {
  const [, filterH, filterW] = b.shape(x);
  return b.pool("AVERAGE_POOL_2D", x, { filterH, filterW, strideH: 1, strideW: 1, padding: "VALID" });
}

function window(random: Random): Partial<ConvChoice> {
  const dilation = random.pick([1, 1, 2, 3]);
  return {
    padding: "SAME",
    filterH: random.integer(1, 5),
    filterW: random.integer(1, 4),
    dilationH: dilation,
    dilationW: dilation,
  };
}

/** 96 x 96 grey, alpha 0.25: the person detector that TFLite Micro ships. */
export function mobileNetV1(random: Random, size = 96, channels = 8): Int8Graph {
  const b = new NetworkBuilder(random, [1, size, size, 1]);
  let x = b.conv(b.input, channels, { ...THREE, strideH: 2, strideW: 2, ...RELU });
  const blocks = [2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32];
  const strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];
  for (const [i, multiple] of blocks.entries()) {
    const dw = b.depthwise(x, 1, { ...THREE, strideH: strides[i], strideW: strides[i], ...RELU });
    x = b.conv(dw, channels * multiple, { ...POINT, ...RELU });
  }
  return b.finish("MobileNetV1", b.fullyConnected(b.mean(x, [1, 2], false), 2, "NONE"));
}

/** Inverted bottlenecks of MobileNetV2 with width 0.35 on `size` x `size` colour pictures. */
export function mobileNetV2(random: Random, size = 96): Int8Graph {
  const b = new NetworkBuilder(random, [1, size, size, 3]);
  let x = b.conv(b.input, 16, { ...THREE, strideH: 2, strideW: 2, ...RELU });
  x = b.conv(b.depthwise(x, 1, { ...THREE, ...RELU }), 8, { ...POINT, activation: "NONE" });
  for (const [depth, count, stride] of [
    [8, 2, 2],
    [16, 3, 2],
    [24, 4, 2],
    [32, 3, 1],
    [56, 3, 2],
    [112, 1, 1],
  ]) {
    for (let i = 0; i < count; i++) x = bottleneck(b, x, depth, i === 0 ? stride : 1);
  }
  x = b.conv(x, 1280, { ...POINT, ...RELU });
  return b.finish("MobileNetV2", b.fullyConnected(b.mean(x, [1, 2], false), 2, "NONE"));
}

function bottleneck(b: NetworkBuilder, x: number, depth: number, stride: number): number {
  const wide = b.conv(x, 6 * b.shape(x)[3], { ...POINT, ...RELU });
  const dw = b.depthwise(wide, 1, { ...THREE, strideH: stride, strideW: stride, ...RELU });
  const out = b.conv(dw, depth, { ...POINT, activation: "NONE" });
  return elementCount(b.shape(out)) === elementCount(b.shape(x)) && stride === 1 ? b.add(out, x, "NONE") : out;
}
