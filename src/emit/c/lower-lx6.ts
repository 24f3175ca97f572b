/**
 * CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED to the kernels of firmware/kernels/lx6 (smk_lx6.h says how they work and what they demand). Each
 * function returns undefined where they do not fit: the portable kernels then compute the layer.
 */
import { type CStruct, literal, read, scratch, write } from "./kernel-call.js";
import {
  type ChosenKernel,
  type ExplicitPadding,
  imageWindow,
  isPointwise,
  outputStruct,
  padded,
  pixelRow,
  pixels,
  type PreparedConv,
  type PreparedDense,
  type PreparedDepthwise,
  type PreparedWeighted,
  transpose,
  type Window,
  windowStruct,
} from "./lower-conv.js";

const HEADER = "smk_lx6.h";

/** Scratch for one band of a layer's widened activations, at most, in bytes, unless one line takes more. */
const BAND_BYTES = 6 * 1024;
/** A line, window or plane that takes more is left to the portable kernels, which need no scratch of that size. */
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
  const columns = Math.ceil(Math.max((s.out_width - 1) * s.stride_x + 3, s.pad_left + s.in_width) / 2) * 2;
  const lines = (s.out_height - 1) * s.stride_y + 3;
  const bytes = lines * columns * 2 + 16;
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

/** 1x1 filters, or rows of a matrix. */
function point(p: PreparedWeighted, s: Window, source: number, output: number): ChosenKernel | undefined {
  const taps = s.in_depth;
  const band = evenBand(s.out_width, BAND_BYTES / (taps * 2));
  const bytes = taps * 2 + band * taps * 2 + 8;
  if (taps < FEWEST_TAPS || taps * s.out_width < FEWEST_PRODUCTS || bytes > LARGEST_SCRATCH) return undefined;
  const parameters = convParameters(p, taps, taps);
  return parameters && kernel("smk_lx6_conv_point", s, parameters, [band], source, bytes, output);
}

function convRows(p: PreparedConv, s: Window, source: number, output: number): ChosenKernel | undefined {
  const columns = (s.out_width - 1) * s.stride_x + 3;
  const line = columns * s.in_depth * 2;
  const fixed = 9 * s.in_depth * 2 + s.stride_x * s.in_depth * 2 + 8;
  const linesOf = (band: number) => (band - 1) * s.stride_y + 3;
  const band = evenBand(s.out_height, (BAND_BYTES / line - 3) / s.stride_y + 1);
  const bytes = fixed + linesOf(band) * line;
  if (bytes > LARGEST_SCRATCH) return undefined;
  const parameters = convParameters(p, 9 * s.in_depth, 9 * s.in_depth);
  return parameters && kernel("smk_lx6_conv_rows", s, parameters, [band], source, bytes, output);
}

/** `count` in as few bands of at most `largest` as can be, at least of 1, and these alike: each band widens the weights anew. */
function evenBand(count: number, largest: number): number {
  const bands = Math.ceil(count / Math.max(1, Math.floor(largest)));
  return Math.ceil(count / bands);
}

function patches(p: PreparedWeighted, s: Window, source: number, output: number): ChosenKernel | undefined {
  const values = s.height * s.width * s.in_depth;
  const taps = Math.ceil(values / 4) * 4;
  const count = s.batches * s.out_height * s.out_width;
  const band = evenBand(count, BAND_BYTES / 2 / (taps * 2));
  const bytes = taps * 3 + band * taps * 2 + 8;
  if (values < FEWEST_TAPS || taps * count < FEWEST_PRODUCTS || s.out_depth < 4 || bytes > LARGEST_SCRATCH) {
    return undefined;
  }
  const parameters = convParameters(p, values, taps);
  return parameters && kernel("smk_lx6_conv_patches", s, parameters, [taps, band], source, bytes, output);
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
    header: HEADER,
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
export function packWeights(row: Int8Array): Int32Array {
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
