/**
 * CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED to the kernels of firmware/kernels/lx6 (smk_lx6.h says how they work and what they demand). Each
 * function returns undefined where they do not fit: the portable kernels then compute the layer.
 */
import { bandBytes, bandWithin, withScratch } from "./bands.js";
import { type Bands, type CStruct, type KernelCall, literal, read, scratch, write } from "./kernel-call.js";
import {
  type ChosenKernel,
  type ExplicitPadding,
  imageWindow,
  isPointwise,
  outputStruct,
  type PreparedConv,
  type PreparedDense,
  type PreparedDepthwise,
  type PreparedWeighted,
  padded,
  pixelRow,
  pixels,
  transpose,
  type Window,
  windowStruct,
} from "./lower-conv.js";

export const LX6_HEADER = "smk_lx6.h";

/** Scratch of a layer, at most, in bytes, unless the smallest band takes more: beyond it larger bands save next to nothing. */
export const BAND_BYTES = 8 * 1024;
/** What needs more for its smallest band, or for a plane, is left to the portable kernels, which need no scratch of that size. */
const LARGEST_SCRATCH = 24 * 1024;
/** Fewer values under a window than this cost more to bring into form than they save. */
const FEWEST_TAPS = 8;
/** The weights of a layer that few pixels share cost more to widen than they save. */
const FEWEST_PRODUCTS = 24;

export function lowerLx6Conv(
  p: PreparedConv,
  input: number,
  output: number,
  padding?: ExplicitPadding,
): ChosenKernel | undefined {
  const window = padded(imageWindow(p), padding);
  const source = padding?.tensor ?? input;
  if (p.groups > 1) return undefined;
  if (isPointwise(window) && p.inputC % 4 === 0) return point(p, pixelRow(window), source, output);
  const wide = window.height === 3 && window.width === 3 && window.dilation_y === 1 && window.dilation_x === 1;
  const rows = wide && p.inputC % 4 === 0 ? convRows(p, window, source, output) : undefined;
  return rows ?? patches(p, window, source, output);
}

export function lowerLx6FullyConnected(p: PreparedDense, input: number, output: number): ChosenKernel | undefined {
  const row = pixels(p.batches, p.depth, p.outputC);
  return p.depth % 4 === 0 ? point(p, row, input, output) : patches(p, row, input, output);
}

export function lowerLx6Depthwise(
  p: PreparedDepthwise,
  input: number,
  output: number,
  padding?: ExplicitPadding,
): ChosenKernel | undefined {
  const s = padded(imageWindow(p), padding);
  const plain = s.height === 3 && s.width === 3 && s.dilation_y === 1 && s.dilation_x === 1 && s.stride_x <= 2;
  const bytes = depthwiseScratch(s);
  if (p.inputC === 1) return severalOfOne(p, s, padding?.tensor ?? input, output);
  if (!plain || p.depthMultiplier !== 1 || bytes > LARGEST_SCRATCH) return undefined;
  const byChannel = transpose(p.weights, 9, p.outputC);
  const weights = new Int32Array(p.outputC * 5);
  for (let o = 0; o < p.outputC; o++) {
    for (let t = 0; t < 9; t++) weights[o * 5 + (t >> 1)] |= ((2 * byChannel[o * 9 + t]) & 0xffff) << (16 * (t & 1));
  }
  const parameters = lx6Parameters(p, byChannel, 9, 0, weights);
  if (parameters === undefined) return undefined;
  return kernel("smk_lx6_depthwise", s, parameters, [], padding?.tensor ?? input, bytes, output);
}

/** One input channel, whatever the multiplier: every output channel looks at the same window, as in a convolution. */
function severalOfOne(p: PreparedDepthwise, s: Window, source: number, output: number): ChosenKernel | undefined {
  const byChannel = transpose(p.weights, s.height * s.width, p.outputC);
  return patches({ ...p, weights: byChannel }, s, source, output);
}

/** The call as it sees its input through another window: with the plane that this takes where it keeps one. */
export function withPlaneOf(call: KernelCall, window: Window): KernelCall {
  return call.kernel === "smk_lx6_depthwise" ? withScratch(call, depthwiseScratch(window)) : call;
}

/** Bytes of one channel's plane, as wide as smk_lx6_depthwise keeps it. */
function depthwiseScratch(s: Window): number {
  const columns = Math.ceil(Math.max((s.out_width - 1) * s.stride_x + 3, s.pad_left + s.in_width) / 2) * 2;
  const lines = (s.out_height - 1) * s.stride_y + 3;
  return lines * columns * 2 + 16;
}

/** 1x1 filters, or rows of a matrix. */
function point(p: PreparedWeighted, s: Window, source: number, output: number): ChosenKernel | undefined {
  const taps = s.in_depth;
  const bands: Bands = { unit: "pixels", count: s.out_width, fixedBytes: taps * 2 + 8, bytesEach: taps * 2 };
  if (taps < FEWEST_TAPS || taps * s.out_width < FEWEST_PRODUCTS) return undefined;
  const parameters = convParameters(p, taps, taps);
  return parameters && banded("smk_lx6_conv_point", s, parameters, [], bands, source, output);
}

function convRows(p: PreparedConv, s: Window, source: number, output: number): ChosenKernel | undefined {
  const columns = (s.out_width - 1) * s.stride_x + 3;
  const line = columns * s.in_depth * 2;
  const around = 9 * s.in_depth * 2 + s.stride_x * s.in_depth * 2 + 8;
  // The lines of a band: (band - 1) * stride_y + 3.
  const fixedBytes = around + (3 - s.stride_y) * line;
  const bands: Bands = { unit: "lines", count: s.out_height, fixedBytes, bytesEach: s.stride_y * line };
  const parameters = convParameters(p, 9 * s.in_depth, 9 * s.in_depth);
  return parameters && banded("smk_lx6_conv_rows", s, parameters, [], bands, source, output);
}

function patches(p: PreparedWeighted, s: Window, source: number, output: number): ChosenKernel | undefined {
  const values = s.height * s.width * s.in_depth;
  const taps = Math.ceil(values / 4) * 4;
  const count = s.batches * s.out_height * s.out_width;
  const bands: Bands = { unit: "pixels", count, fixedBytes: taps * 3 + 8, bytesEach: taps * 2 };
  if (values < FEWEST_TAPS || taps * count < FEWEST_PRODUCTS || s.out_depth < 4) return undefined;
  const parameters = convParameters(p, values, taps);
  return parameters && banded("smk_lx6_conv_patches", s, parameters, [taps], bands, source, output);
}

/** Undefined where even the smallest band takes more than LARGEST_SCRATCH. */
function banded(
  name: string,
  s: Window,
  parameters: CStruct,
  extra: readonly number[],
  bands: Bands,
  source: number,
  output: number,
): ChosenKernel | undefined {
  const band = bandWithin(bands, BAND_BYTES);
  const bytes = bandBytes(bands, band);
  if (bytes > LARGEST_SCRATCH) return undefined;
  return { ...kernel(name, s, parameters, [...extra, band], source, bytes, output), bands };
}

function kernel(
  name: string,
  s: Window,
  parameters: CStruct,
  extra: readonly number[],
  source: number,
  bytes: number,
  output: number,
): ChosenKernel {
  return {
    kernel: name,
    header: LX6_HEADER,
    arguments: [
      literal(windowStruct(s)),
      { kind: "parameters", struct: parameters },
      ...extra.map((value) => literal(value)),
      read(source),
      scratch(bytes),
      write(output),
    ],
  };
}

/** Rows of `values` weights per channel, filled up to `taps` with zeros. */
function convParameters(p: PreparedWeighted, values: number, taps: number): CStruct | undefined {
  if (p.weights.includes(-128)) return undefined;
  const packed = new Int32Array((p.outputC * taps) / 4);
  for (let o = 0; o < p.outputC; o++) {
    const row = new Int8Array(taps);
    row.set(p.weights.subarray(o * values, (o + 1) * values));
    packed.set(packWeights(row), (o * taps) / 4);
  }
  return lx6Parameters(p, p.weights, values, 128, packed);
}

/** Where each of four neighbouring activations lies once widened. */
const ORDER = [0, 2, 1, 3];

/** Words that smk_lx6_unpack widens to the weights in the activations' order, turned left by one. Exported for the tests. */
function packWeights(row: Int8Array): Int32Array {
  const at = (j: number) => {
    const turned = (j + 1) % row.length;
    return row[(turned & ~3) + ORDER[turned & 3]];
  };
  return Int32Array.from({ length: row.length / 4 }, (_, quad) => {
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => at(quad * 4 + i));
    const first = (a + 127) | ((b + 127 + (a < 0 ? 1 : 0)) << 16);
    const second = (c + 127) | ((d + 127 + (c < 0 ? 1 : 0)) << 16);
    return first | (second << 8);
  });
}

const LARGEST_SHIFT = 22;

/** `offset`: what is added to each activation. Undefined when a sum or a shift is outside of what smk_lx6.h allows. */
function lx6Parameters(
  p: PreparedWeighted,
  rows: Int8Array,
  taps: number,
  offset: number,
  weights: Int32Array,
): CStruct | undefined {
  const bias = new Int32Array(p.outputC);
  const shift = new Int8Array(p.outputC);
  for (let o = 0; o < p.outputC; o++) {
    const row = rows.subarray(o * taps, (o + 1) * taps);
    const sum = row.reduce((total, w) => total + w, 0);
    const magnitude = row.reduce((total, w) => total + Math.abs(w), 0);
    const folded = (p.bias?.[o] ?? 0) + (p.inputOffset - offset) * sum;
    if (2 * ((128 + offset) * magnitude + Math.abs(folded)) >= 2 ** 31) return undefined;
    // A multiplier of 0 gives 0 with any shift.
    shift[o] = p.multiplier[o] === 0 ? -1 : p.shift[o];
    if (shift[o] > -1 || shift[o] < -LARGEST_SHIFT) return undefined;
    bias[o] = 2 * folded;
  }
  return {
    type: "smk_lx6_t",
    fields: {
      weights: { role: "weights", values: weights },
      bias: { role: "bias", values: bias },
      multiplier: { role: "multiplier", values: p.multiplier },
      shift: { role: "shift", values: shift },
      input_zero_point: -p.inputOffset,
      output: outputStruct(p.outputOffset, p.activationMin, p.activationMax),
    },
  };
}
