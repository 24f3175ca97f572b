/** CONV_2D (tflite-micro: integer_ops/conv.h, conv_common.cc). */
import type { OperatorContext } from "../operator-context.js";
import type { Conv2D } from "../types.js";
import { type ImageGeometry, imageGeometry } from "./image-geometry.js";
import { channelMultipliers, type OutputStage, requantize } from "./requantize.js";

const { imul } = Math;

export interface PreparedConv2D extends ImageGeometry, OutputStage {
  readonly kind: "CONV_2D";
  readonly dilationH: number;
  readonly dilationW: number;
  /** Input channels are split into groups; output channels [g * outputC / groups, ...) see only group g. */
  readonly groups: number;
  /** Minus the input zero point: accumulators sum (input + inputOffset) * weight. */
  readonly inputOffset: number;
  /** [outputC, filterH, filterW, inputC / groups] */
  readonly weights: Int8Array;
  readonly bias: Int32Array | undefined;
}

export function prepareConv2D(context: OperatorContext<Conv2D>): PreparedConv2D {
  context.expectInputs(2, 3);
  const { operator, output } = context;
  const { strideH, strideW, dilationH, dilationW } = operator;
  context.expectPositive({ strideH, strideW, dilationH, dilationW });
  const input = context.input(0);
  const { zeroPoint } = context.activation(input);
  const { data, shape, scale } = context.weights(1, 4, 0);
  context.check(input.shape.length === 4, "needs an NHWC input");
  const inputC = input.shape[3];
  const [outputC, filterH, filterW, filterC] = shape;
  const groups = inputC / filterC;
  context.check(
    inputC % filterC === 0 && outputC % groups === 0,
    `cannot split ${inputC} input and ${outputC} output channels into groups of ${filterC}`,
  );
  const geometry = imageGeometry(context, { filterH, filterW, outputC }, operator);
  return {
    kind: "CONV_2D",
    ...geometry,
    dilationH,
    dilationW,
    groups,
    inputOffset: -zeroPoint,
    outputOffset: context.activation(output).zeroPoint,
    ...channelMultipliers(context, outputC, scale),
    ...context.activationRange(operator.activation),
    weights: data,
    bias: context.bias(2, outputC),
  };
}

/** input [N,H,W,I], output [N,H',W',O]. Each window is gathered once, with zeros outside the image, and met with every filter. */
export function evaluateConv2D(p: PreparedConv2D, [input]: readonly Int8Array[], output: Int8Array): void {
  const depth = p.inputC / p.groups;
  const window = new Int32Array(p.filterH * p.filterW * depth);
  const channels = p.outputC / p.groups;
  let at = 0;
  for (let n = 0; n < p.batches; n++) {
    for (let y = 0; y < p.outputH; y++) {
      for (let x = 0; x < p.outputW; x++, at += p.outputC) {
        for (let group = 0; group < p.groups; group++) {
          gatherWindow(p, input, n, y * p.strideH - p.padTop, x * p.strideW - p.padLeft, group * depth, window);
          applyFilters(p, window, group * channels, (group + 1) * channels, output, at);
        }
      }
    }
  }
}

function gatherWindow(
  p: PreparedConv2D,
  input: Int8Array,
  n: number,
  top: number,
  left: number,
  firstChannel: number,
  window: Int32Array,
): void {
  const depth = p.inputC / p.groups;
  let to = 0;
  for (let i = 0; i < p.filterH; i++) {
    const row = top + i * p.dilationH;
    for (let j = 0; j < p.filterW; j++) {
      const column = left + j * p.dilationW;
      if (row < 0 || row >= p.inputH || column < 0 || column >= p.inputW) {
        window.fill(0, to, to + depth);
        to += depth;
        continue;
      }
      let from = ((n * p.inputH + row) * p.inputW + column) * p.inputC + firstChannel;
      for (let c = 0; c < depth; c++) window[to++] = input[from++] + p.inputOffset;
    }
  }
}

/** Dot products of one window with the filters [from, to): four at a time, as the window is then read once for four. */
function applyFilters(
  p: PreparedConv2D,
  window: Int32Array,
  from: number,
  to: number,
  output: Int8Array,
  at: number,
): void {
  const { weights, bias } = p;
  const size = window.length;
  let o = from;
  for (; o + 4 <= to; o += 4) {
    const w0 = o * size;
    const w1 = w0 + size;
    const w2 = w1 + size;
    const w3 = w2 + size;
    let a = bias === undefined ? 0 : bias[o];
    let b = bias === undefined ? 0 : bias[o + 1];
    let c = bias === undefined ? 0 : bias[o + 2];
    let d = bias === undefined ? 0 : bias[o + 3];
    for (let k = 0; k < size; k++) {
      const value = window[k];
      a = (a + imul(value, weights[w0 + k])) | 0;
      b = (b + imul(value, weights[w1 + k])) | 0;
      c = (c + imul(value, weights[w2 + k])) | 0;
      d = (d + imul(value, weights[w3 + k])) | 0;
    }
    output[at + o] = requantize(p, o, a);
    output[at + o + 1] = requantize(p, o + 1, b);
    output[at + o + 2] = requantize(p, o + 2, c);
    output[at + o + 3] = requantize(p, o + 3, d);
  }
  for (; o < to; o++) {
    let a = bias === undefined ? 0 : bias[o];
    for (let k = 0; k < size; k++) a = (a + imul(window[k], weights[o * size + k])) | 0;
    output[at + o] = requantize(p, o, a);
  }
}
