/** CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED to the kernels of smk_conv.h and smk_depthwise.h. */
import { UserError } from "../../errors.js";
import type { ImageGeometry } from "../../graph/operators/image-geometry.js";
import type { PreparedOperator } from "../../graph/registry.js";
import { type Argument, type Bands, type CStruct, literal, read, scratch, write } from "./kernel-call.js";

export type PreparedConv = Extract<PreparedOperator, { kind: "CONV_2D" }>;
export type PreparedDepthwise = Extract<PreparedOperator, { kind: "DEPTHWISE_CONV_2D" }>;
export type PreparedDense = Extract<PreparedOperator, { kind: "FULLY_CONNECTED" }>;
export type PreparedWeighted = PreparedConv | PreparedDepthwise | PreparedDense;

/** Field names and order of smk_window_t (firmware/kernels/smk_window.h). */
export interface Window {
  readonly batches: number;
  readonly in_height: number;
  readonly in_width: number;
  readonly in_depth: number;
  readonly out_height: number;
  readonly out_width: number;
  readonly out_depth: number;
  readonly height: number;
  readonly width: number;
  readonly stride_y: number;
  readonly stride_x: number;
  readonly dilation_y: number;
  readonly dilation_x: number;
  readonly pad_top: number;
  readonly pad_left: number;
  readonly whole: boolean;
}

/** A picture padded by an operator before: what the window sees is the unpadded one. */
export interface ExplicitPadding {
  readonly tensor: number;
  readonly top: number;
  readonly left: number;
  /** Height and width without the padding. */
  readonly height: number;
  readonly width: number;
}

export interface ChosenKernel {
  readonly kernel: string;
  readonly header: string;
  readonly arguments: readonly Argument[];
  readonly bands?: Bands;
}

/** Up to this many input values under a window, weights are better read tap by tap, runs of channels at a time (bench/kernels.ts). */
const FEW_INPUTS = 32;
const CHANNEL_RUN = 8;

/** `input` and `output` are tensors. Throws UserError when a sum of products may not fit int32. */
export function lowerConv(p: PreparedConv, input: number, output: number, padding?: ExplicitPadding): ChosenKernel {
  const window = padded(imageWindow(p), padding);
  const source = padding?.tensor ?? input;
  if (p.groups > 1) return lowerGrouped(p, window, source, output);
  const taps = p.filterH * p.filterW * p.inputC;
  const parameters = weightParameters(p, taps, p.weights);
  if (isPointwise(window)) return dense(pixelRow(window), parameters, source, output);
  if (taps <= FEW_INPUTS && p.outputC >= CHANNEL_RUN) {
    const tapByTap = { ...parameters, weights: transpose(p.weights, p.outputC, taps) };
    return kernel("smk_conv_few", "smk_conv.h", window, tapByTap, source, output, taps);
  }
  return dense(window, parameters, source, output);
}

export function lowerFullyConnected(p: PreparedDense, input: number, output: number): ChosenKernel {
  const row = pixels(p.batches, p.depth, p.outputC);
  return dense(row, weightParameters(p, p.depth, p.weights), input, output);
}

export function lowerDepthwise(
  p: PreparedDepthwise,
  input: number,
  output: number,
  padding?: ExplicitPadding,
): ChosenKernel {
  const window = padded(imageWindow(p), padding);
  const source = padding?.tensor ?? input;
  const taps = p.filterH * p.filterW;
  const byChannel = transpose(p.weights, taps, p.outputC);
  const parameters = { ...weightParameters(p, taps, byChannel), weights: p.weights };
  return depthwise(window, parameters, p.depthMultiplier, source, output);
}

/** One input channel: a convolution with few inputs. One output per input channel: runs of channels. Else one channel at a time. */
function depthwise(
  window: Window,
  parameters: Parameters,
  multiplier: number,
  source: number,
  output: number,
): ChosenKernel {
  const bytes = window.height * window.width * window.in_depth;
  if (window.in_depth === 1) return kernel("smk_conv_few", "smk_conv.h", window, parameters, source, output, bytes);
  const gathered = window.whole ? 0 : bytes;
  if (multiplier === 1) {
    return kernel("smk_depthwise", "smk_depthwise.h", window, parameters, source, output, gathered);
  }
  const name = "smk_depthwise_multiply";
  return kernel(name, "smk_depthwise.h", window, parameters, source, output, gathered, [literal(multiplier)]);
}

/** Groups of one input channel are a depthwise convolution with its weights in the other order. */
function lowerGrouped(p: PreparedConv, window: Window, source: number, output: number): ChosenKernel {
  const taps = (p.filterH * p.filterW * p.inputC) / p.groups;
  const parameters = weightParameters(p, taps, p.weights);
  if (p.groups === p.inputC) {
    const weights = transpose(p.weights, p.outputC, taps);
    return depthwise(window, { ...parameters, weights }, p.outputC / p.inputC, source, output);
  }
  const bytes = p.filterH * p.filterW * p.inputC;
  const extra = [literal(p.groups)];
  return kernel("smk_conv_grouped", "smk_conv.h", window, parameters, source, output, bytes, extra);
}

function dense(window: Window, parameters: Parameters, source: number, output: number): ChosenKernel {
  const bytes = window.height * window.width * window.in_depth;
  if (window.out_width === 1) {
    const name = "smk_conv_single";
    return kernel(name, "smk_conv.h", window, parameters, source, output, window.whole ? 0 : bytes);
  }
  return kernel("smk_conv_pairs", "smk_conv.h", window, parameters, source, output, window.whole ? 0 : 2 * bytes);
}

function kernel(
  name: string,
  header: string,
  window: Window,
  parameters: Parameters,
  source: number,
  output: number,
  scratchBytes: number,
  extra: readonly Argument[] = [],
): ChosenKernel {
  const { weights, bias, multiplier, shift, ...rest } = parameters;
  const struct: CStruct = {
    type: "smk_conv_t",
    fields: {
      weights: { role: "weights", values: weights },
      bias: { role: "bias", values: bias },
      multiplier: { role: "multiplier", values: multiplier },
      shift: { role: "shift", values: shift },
      ...rest,
    },
  };
  return {
    kernel: name,
    header,
    arguments: [
      literal(windowStruct(window)),
      { kind: "parameters", struct },
      ...extra,
      read(source),
      scratch(scratchBytes),
      write(output),
    ],
  };
}

export interface Parameters {
  readonly weights: Int8Array;
  readonly bias: Int32Array;
  readonly multiplier: Int32Array;
  readonly shift: Int8Array;
  readonly input_zero_point: number;
  readonly output: CStruct;
}

/** `weights` is one row of `taps` per output channel, for the sums; what is stored may be in another order. */
function weightParameters(p: PreparedWeighted, taps: number, weights: Int8Array): Parameters {
  const bias = new Int32Array(p.outputC);
  for (let o = 0; o < p.outputC; o++) {
    let sum = 0;
    let magnitude = 0;
    for (const weight of weights.subarray(o * taps, (o + 1) * taps)) {
      sum += weight;
      magnitude += Math.abs(weight);
    }
    if (magnitude * 128 >= 2 ** 31) {
      throw new UserError(`sums ${taps} products for output channel ${o}, which may not fit int32`, {
        remedy: "Split the layer: fewer input channels or a smaller filter.",
      });
    }
    bias[o] = ((p.bias?.[o] ?? 0) + p.inputOffset * sum) | 0;
  }
  return {
    weights,
    bias,
    multiplier: p.multiplier,
    shift: Int8Array.from(p.shift),
    input_zero_point: -p.inputOffset,
    output: outputStruct(p.outputOffset, p.activationMin, p.activationMax),
  };
}

export function outputStruct(zeroPoint: number, low: number, high: number): CStruct {
  return { type: "smk_output_t", fields: { zero_point: zeroPoint, low, high } };
}

export function windowStruct(window: Window): CStruct {
  return { type: "smk_window_t", fields: { ...window, whole: window.whole ? 1 : 0 } };
}

/** A filter one element wide cannot be dilated: 1 then, so that its windows count as whole. */
export function imageWindow(p: ImageGeometry & Partial<Pick<PreparedConv, "dilationH" | "dilationW">>): Window {
  return wholeOrNot({
    batches: p.batches,
    in_height: p.inputH,
    in_width: p.inputW,
    in_depth: p.inputC,
    out_height: p.outputH,
    out_width: p.outputW,
    out_depth: p.outputC,
    height: p.filterH,
    width: p.filterW,
    stride_y: p.strideH,
    stride_x: p.strideW,
    dilation_y: p.filterH === 1 ? 1 : (p.dilationH ?? 1),
    dilation_x: p.filterW === 1 ? 1 : (p.dilationW ?? 1),
    pad_top: p.padTop,
    pad_left: p.padLeft,
  });
}

export function padded(window: Window, padding: ExplicitPadding | undefined): Window {
  if (padding === undefined) return window;
  return wholeOrNot({
    ...window,
    in_height: padding.height,
    in_width: padding.width,
    pad_top: window.pad_top + padding.top,
    pad_left: window.pad_left + padding.left,
  });
}

/** `count` pixels in a row, each met with filters of one pixel. */
export function pixels(count: number, inDepth: number, outDepth: number): Window {
  return imageWindow({
    batches: 1,
    inputH: 1,
    inputW: count,
    inputC: inDepth,
    outputH: 1,
    outputW: count,
    outputC: outDepth,
    filterH: 1,
    filterW: 1,
    strideH: 1,
    strideW: 1,
    padTop: 0,
    padLeft: 0,
  });
}

/** A 1x1 filter that visits every pixel once. */
export function isPointwise(w: Window): boolean {
  return w.height === 1 && w.width === 1 && w.in_height === w.out_height && w.in_width === w.out_width && w.whole;
}

export function pixelRow(w: Window): Window {
  return pixels(w.batches * w.out_height * w.out_width, w.in_depth, w.out_depth);
}

/** Fills in whether the kernel can read every window in place. */
function wholeOrNot(w: Omit<Window, "whole">): Window {
  const inside = (pad: number, out: number, stride: number, filter: number, size: number) =>
    pad === 0 && (out - 1) * stride + filter <= size;
  const whole =
    w.dilation_y === 1 &&
    w.dilation_x === 1 &&
    inside(w.pad_top, w.out_height, w.stride_y, w.height, w.in_height) &&
    inside(w.pad_left, w.out_width, w.stride_x, w.width, w.in_width);
  return { ...w, whole };
}

/** [rows][columns] -> [columns][rows] */
export function transpose(values: Int8Array, rows: number, columns: number): Int8Array {
  const result = new Int8Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}
