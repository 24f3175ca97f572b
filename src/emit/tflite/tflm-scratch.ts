/**
 * Scratch buffers that kernels request from TFLite Micro's planner while they prepare: the portable ones of MEAN, and those of ESP-NN. On the ESP32
 * ESP-NN needs some for SOFTMAX only; on the ESP32-S3 its convolutions copy weights and padded inputs into memory aligned for the vector unit. Sizes as
 * in espressif/esp-nn 1.2.3 (esp_nn_get_*_scratch_size).
 */
import { windowAxis } from "../../graph/geometry.js";
import { type Conv2D, type DepthwiseConv2D, elementCount, type Int8Graph, type Operator } from "../../graph/types.js";
import { roundUp, type TflmRuntime } from "./tflm-layout.js";

/** Sizes in bytes, in the order of the requests. */
export function scratchRequests(graph: Int8Graph, operator: Operator, { kernels }: TflmRuntime): readonly number[] {
  const shape = graph.tensors[operator.inputs[0]].shape;
  if (operator.kind === "MEAN") {
    const output = elementCount(graph.tensors[operator.outputs[0]].shape);
    const axes = elementCount(graph.tensors[operator.inputs[1]].shape);
    return [4 * output, 4 * shape.length, 4 * axes]; // reduce_common.cc: PrepareMeanOrSumHelper
  }
  if (kernels === "reference") return [];
  if (operator.kind === "SOFTMAX") return [4 * shape[1]]; // kernels/esp_nn/softmax.cc takes dimension 1 for the width
  if (kernels === "esp32") return [];
  if (operator.kind === "CONV_2D") return [convScratch(convShape(graph, operator))];
  if (operator.kind === "DEPTHWISE_CONV_2D") return [depthwiseScratch(convShape(graph, operator))];
  return [];
}

interface ConvShape {
  readonly inputH: number;
  readonly inputW: number;
  readonly inputC: number;
  readonly filterH: number;
  readonly filterW: number;
  readonly outputH: number;
  readonly outputW: number;
  readonly outputC: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
}

function convShape({ tensors }: Int8Graph, operator: Conv2D | DepthwiseConv2D): ConvShape {
  const [, inputH, inputW, inputC] = tensors[operator.inputs[0]].shape;
  const [, filterH, filterW] = tensors[operator.inputs[1]].shape;
  const [, outputH, outputW, outputC] = tensors[operator.outputs[0]].shape;
  const { padding, strideH, strideW, dilationH, dilationW } = operator;
  const padH = windowAxis(padding, inputH, filterH, strideH, dilationH).padBefore;
  const padW = windowAxis(padding, inputW, filterW, strideW, dilationW).padBefore;
  return { inputH, inputW, inputC, filterH, filterW, outputH, outputW, outputC, strideH, strideW, padH, padW };
}

/** Rows (columns) from the first one read to the end of the last window, beyond the input's. */
function overhang(outputSize: number, stride: number, filterSize: number, inputSize: number): number {
  return outputSize * stride + filterSize - 1 - inputSize;
}

/** esp_nn_get_conv_scratch_size_esp32s3 */
function convScratch(s: ConvShape): number {
  const alignment = 64;
  const padded = s.padW > 0 || s.padH > 0;
  if (s.filterW === 1 && s.filterH === 1 && !padded && s.strideW === 1 && s.strideH === 1) {
    const channels = roundUp(s.inputC, 8);
    const transposed = s.inputW * s.inputH < 8 ? 0 : 16 * channels;
    const input = s.inputC % 8 === 0 ? 0 : s.inputW * s.inputH * channels;
    return input + channels * s.outputC + transposed + alignment;
  }
  const row = s.filterW * s.inputC;
  const window = row * s.filterH;
  if (row < 16 && window >= 16) {
    const columns = roundUp(window, 16);
    return s.outputC * 4 + 16 + s.outputC * columns + 16 + columns + alignment;
  }
  const input = padded ? (s.inputW + 2 * s.padW) * (s.inputH + 2 * s.padH) * s.inputC : 0;
  const filter = s.filterW * s.filterH * roundUp(s.inputC, 16) * s.outputC;
  const alignedFilter = roundUp(row, 16) * s.filterH * s.outputC;
  const right = Math.max(0, overhang(s.outputW, s.strideW, s.filterW, s.inputW));
  const bottom = Math.max(0, overhang(s.outputH, s.strideH, s.filterH, s.inputH));
  const boundary = right > 0 || bottom > 0 ? (s.inputW + right) * (s.inputH + bottom) * s.inputC : 0;
  return input + filter + alignedFilter + boundary + alignment + s.outputC * 4;
}

/** esp_nn_get_depthwise_conv_scratch_size_esp32s3 */
function depthwiseScratch(s: ConvShape): number {
  const multiplier = s.outputC / s.inputC;
  const filter = s.filterW * s.filterH * s.outputC;
  const input = s.inputW * s.inputH * s.inputC;
  if (multiplier === 1 && s.inputC % 8 === 0) {
    if (s.filterW === 3 && s.filterH === 3) return depthwise3x3Scratch(s);
    const wide = 2 * (filter + input);
    return wide <= 48 * 1024 ? wide + 32 : 2 * filter + 2 * s.inputW * s.filterH * s.inputC + 32;
  }
  if (multiplier === 1 && s.inputC > 3) {
    const channels = roundUp(s.inputC, 8);
    const inputStart = roundUp(2 * s.filterW * s.filterH * channels, 16);
    const outputStart = roundUp(inputStart + 2 * s.inputW * s.inputH * channels, 16);
    const biasStart = roundUp(outputStart + s.outputW * s.outputH * channels, 16);
    return biasStart + 3 * 4 * channels + 16;
  }
  return multiplier % 4 === 0 ? 2 * (filter + input) + 32 : 32;
}

/** Of a depthwise 3x3 whose channels are a multiple of 8. */
function depthwise3x3Scratch(s: ConvShape): number {
  const channels = s.inputC;
  const right = overhang(s.outputW, s.strideW, 3, s.inputW);
  const bottom = overhang(s.outputH, s.strideH, 3, s.inputH);
  if (channels % 16 === 0) {
    const padded = s.padW > 0 || s.padH > 0;
    const width = padded ? 2 * s.padW : right;
    const height = padded ? 2 * s.padH : bottom;
    if (width === 0 && height === 0) return 9 * channels + 16;
    const input = (s.inputW + width) * (s.inputH + height) * channels;
    return 9 * channels + (input <= 40 * 1024 ? input : (s.inputW + width) * 3 * channels) + 16;
  }
  if (channels < 12) return 2 * (9 * channels + s.inputW * s.inputH * channels) + 32;
  const wide = roundUp(channels, 16);
  const width = s.inputW + 2 * s.padW + Math.max(0, right);
  const height = s.inputH + 2 * s.padH + Math.max(0, bottom);
  return 9 * wide + width * height * wide + s.outputW * s.outputH * wide + 64;
}
