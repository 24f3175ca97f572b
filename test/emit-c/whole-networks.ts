/** Small whole networks at random, of every arrangement that small vision networks have: what arena plans with overlaps must get right. */
import { type Activation, elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { perTensor } from "../support/graph-builder.js";
import type { Random } from "../support/random.js";
import { type ConvChoice, NetworkBuilder } from "./networks.js";

/** Adds one or several layers to the network and returns their result. */
type Block = (b: WholeNetworkBuilder, x: number) => number;

const POINT = { filterH: 1, filterW: 1, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
const SAME = { padding: "SAME", strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 } as const;
const THREE = { ...SAME, filterH: 3, filterW: 3 } as const;

/**
 * NetworkBuilder with results that stay off the rails however deep the network: an activation that is not absolute, a zero point that leaves it most of
 * the range, a scale that does not saturate.
 */
class WholeNetworkBuilder extends NetworkBuilder {
  override conv(input: number, outputC: number, o: Partial<ConvChoice> = {}): number {
    return this.settled(super.conv(input, outputC, { activation: this.clamp(), ...o }), input);
  }

  override depthwise(input: number, depthMultiplier: number, o: Partial<ConvChoice> = {}): number {
    return this.settled(super.depthwise(input, depthMultiplier, { activation: this.clamp(), ...o }), input);
  }

  override fullyConnected(input: number, outputC: number): number {
    return this.settled(super.fullyConnected(input, outputC, "NONE"), input);
  }

  override add(a: number, b: number): number {
    return this.settled(super.add(a, b, this.clamp()), a);
  }

  override unary(kind: "RELU" | "QUANTIZE", input: number): number {
    return this.settled(super.unary(kind, input), input);
  }

  private clamp(): Activation {
    return this.random.pick(["NONE", "RELU"]);
  }

  private settled(output: number, input: number): number {
    const operator = this.operators[this.operators.length - 1];
    const rectified = operator.kind === "RELU" || ("activation" in operator && operator.activation === "RELU");
    const zeroPoint = rectified ? this.random.integer(-128, -60) : this.random.integer(-50, 50);
    const scale = Math.max(this.scaleOf(output), 0.2 * this.scaleOf(input));
    this.tensors[output] = { ...this.tensors[output], quantization: perTensor(Math.fround(scale), zeroPoint) };
    return output;
  }
}

const depthOf = (b: NetworkBuilder, x: number) => b.shape(x)[3];
const sidesOf = (b: NetworkBuilder, x: number) => b.shape(x).slice(1, 3);
const stride = (random: Random): Partial<ConvChoice> => ({
  strideH: random.integer(1, 2),
  strideW: random.integer(1, 2),
});

/** Two convolutions and their input, which therefore has two readers and must outlive the first. */
const residual: Block = (b, x) => {
  const inner = b.conv(x, b.random.pick([4, 5, 7, 8]), THREE);
  return b.add(b.conv(inner, depthOf(b, x), THREE), x);
};

/** As a residual network's stages begin: both ways halve the picture. */
const shortcut: Block = (b, x) => {
  const [depth, half] = [b.random.pick([4, 7, 8, 11]), { ...THREE, ...stride(b.random) }];
  const main = b.conv(b.conv(x, depth, half), depth, THREE);
  return b.add(main, b.conv(x, depth, { ...half, filterH: 1, filterW: 1 }));
};

const separable: Block = (b, x) => {
  const depthwise = b.depthwise(x, 1, { ...THREE, ...stride(b.random) });
  return b.conv(depthwise, b.random.pick([5, 8, 9, 12]), POINT);
};

/** Wider, looked at, and narrower again; with its input where the shapes allow it. */
const bottleneck: Block = (b, x) => {
  const wide = b.conv(x, b.random.integer(2, 4) * depthOf(b, x), POINT);
  const keep = b.random.chance(0.5);
  const looked = b.depthwise(wide, 1, { ...THREE, ...(keep ? {} : stride(b.random)) });
  const narrow = b.conv(looked, keep ? depthOf(b, x) : b.random.pick([3, 5, 8]), POINT);
  return keep ? b.add(narrow, x) : narrow;
};

/** Any filter, stride, padding and dilation. */
const anyWindow: Block = (b, x) => b.conv(x, b.random.pick([3, 4, 5, 7, 9]), fitting(b, x));

const multiplied: Block = (b, x) => (depthOf(b, x) > 6 ? anyWindow(b, x) : b.depthwise(x, b.random.pick([2, 3])));

const dilated: Block = (b, x) => {
  const o = { ...SAME, filterH: 3, filterW: b.random.integer(2, 3), dilationH: 2, dilationW: b.random.integer(1, 3) };
  return b.random.chance(0.5) ? b.depthwise(x, 1, o) : b.conv(x, b.random.pick([4, 7]), o);
};

/** A PAD, which becomes part of the convolution, or does not because a second layer reads it. */
const padded: Block = (b, x) => {
  const side = (): [number, number] => [b.random.integer(0, 2), b.random.integer(1, 2)];
  const wider = b.pad(x, [[0, 0], side(), side(), [0, 0]]);
  const valid = { ...THREE, padding: "VALID" } as const;
  if (Math.min(...sidesOf(b, wider)) < 3) return wider;
  if (b.random.chance(0.5)) return b.depthwise(wider, 1, valid);
  return b.add(b.conv(wider, 4, valid), b.depthwise(b.conv(wider, 4, POINT), 1, valid));
};

const pooled: Block = (b, x) => b.pool(b.random.pick(["AVERAGE_POOL_2D", "MAX_POOL_2D"]), x);

/** Branches of one picture beside each other, as in Inception. */
const concatenated: Block = (b, x) => {
  const branches = [
    b.conv(x, b.random.pick([2, 3, 4]), POINT),
    b.conv(x, b.random.pick([2, 4, 5]), THREE),
    ...(b.random.chance(0.5) ? [b.conv(b.conv(x, 3, POINT), 4, { ...SAME, filterH: 5, filterW: 1 })] : []),
  ];
  return beside(b, branches, branches[0]);
};

/** The input itself beside what was made of it, as in DenseNet. */
const dense: Block = (b, x) => {
  const grown = b.conv(b.conv(x, 8, POINT), 4, THREE);
  return beside(b, b.random.chance(0.5) ? [x, grown] : [grown, x], x);
};

/** A picture that is read three times, far apart. */
const manyReaders: Block = (b, x) => {
  const first = b.conv(x, depthOf(b, x), THREE);
  const second = b.depthwise(b.add(first, x), 1, THREE);
  return b.add(b.add(b.conv(second, depthOf(b, x), POINT), first), x);
};

/** Far more values out than in, or the other way round. */
const reshaping: Block = (b, x) => b.conv(x, b.random.pick([1, 2, 13, 24]), POINT);

const activated: Block = (b, x) => {
  const flat = b.reshape(x, [elementCount(b.shape(x))]);
  const kind = b.random.pick(["RELU", "QUANTIZE"] as const);
  return b.reshape(b.unary(kind, flat), b.shape(x));
};

export const BLOCKS: Readonly<Record<string, Block>> = {
  residual,
  shortcut,
  separable,
  bottleneck,
  anyWindow,
  multiplied,
  dilated,
  padded,
  pooled,
  concatenated,
  dense,
  manyReaders,
  reshaping,
  activated,
};

/** Some convolutions, or all, get a weight of -128, which the MAC16 kernels do not hold: portable ones compute them whatever the target. */
export function partlyPortable(random: Random, graph: Int8Graph): Int8Graph {
  const share = random.pick([0.5, 1]);
  const convolutions = graph.operators.filter(({ kind }) => kind === "CONV_2D" && random.chance(share));
  const weights = new Set(convolutions.map(({ inputs }) => inputs[1]));
  const tensors = graph.tensors.map((tensor, index) =>
    weights.has(index) && tensor.data instanceof Int8Array
      ? { ...tensor, data: Int8Array.from(tensor.data).fill(-128, 0, 1) }
      : tensor,
  );
  return { ...graph, tensors };
}

/** `count` networks; each kind of block is in every 14th network at least, others come at random. */
export function wholeNetworks(random: Random, count: number): Int8Graph[] {
  const names = Object.keys(BLOCKS);
  return Array.from({ length: count }, (_, i) => wholeNetwork(random, names[i % names.length], i % 5 === 0 ? 2 : 1));
}

function wholeNetwork(random: Random, certain: string, batches: number): Int8Graph {
  const side = () => random.integer(5, 13);
  const b = new WholeNetworkBuilder(random, [batches, side(), side(), random.pick([1, 2, 3])]);
  const names = [...Array.from({ length: random.integer(1, 3) }, () => random.pick(Object.keys(BLOCKS)))];
  names.splice(random.integer(0, names.length), 0, certain);
  let x = b.conv(b.input, random.pick([4, 5, 7, 8]), { ...THREE, ...stride(random) });
  for (const name of names) x = BLOCKS[name](b, x);
  return b.finish(names.join(", "), head(b, x));
}

/** A picture, in which every wrong byte before it shows, or a classifier. */
function head(b: NetworkBuilder, x: number): number {
  const { random } = b;
  const [batches, ...rest] = b.shape(x);
  if (random.chance(0.6)) return b.conv(x, random.integer(4, 8), POINT);
  const flat = random.chance(0.5) ? b.mean(x, [1, 2], false) : b.reshape(x, [batches, elementCount(rest)]);
  const scores = b.fullyConnected(flat, random.integer(2, 5));
  return random.chance(0.3) ? b.softmax(scores) : scores;
}

/** CONCATENATION of channels. Its inputs, of which only `as` may have been read before, get the scale and zero point of that one. */
function beside(b: NetworkBuilder, inputs: readonly number[], as: number): number {
  const { quantization } = b.tensors[as];
  for (const input of inputs) b.tensors[input] = { ...b.tensors[input], ...(quantization && { quantization }) };
  const depth = inputs.reduce((sum, input) => sum + depthOf(b, input), 0);
  const output = b.sameQuantization([...b.shape(as).slice(0, 3), depth], as);
  b.operators.push({ kind: "CONCATENATION", inputs: [...inputs], outputs: [output], axis: 3 });
  return output;
}

/** A window that fits at least once, whatever is left of the picture. */
function fitting(b: NetworkBuilder, x: number): Partial<ConvChoice> {
  const [h, w] = sidesOf(b, x);
  return Math.min(h, w) > 4
    ? {
        filterH: b.random.integer(1, 5),
        filterW: b.random.integer(1, 4),
        ...SAME,
        ...stride(b.random),
        padding: b.random.pick(["SAME", "VALID"]),
      }
    : { ...THREE };
}
