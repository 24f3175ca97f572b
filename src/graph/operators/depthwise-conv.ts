/** DEPTHWISE_CONV_2D (tflite-micro: integer_ops/depthwise_conv.h, depthwise_conv_common.cc). */
import type { OperatorContext } from "../operator-context.js";
import type { DepthwiseConv2D } from "../types.js";
import { type ImageGeometry, imageGeometry } from "./image-geometry.js";
import { channelMultipliers, type OutputStage, requantize } from "./requantize.js";

const { imul } = Math;

export interface PreparedDepthwiseConv2D extends ImageGeometry, OutputStage {
  readonly kind: "DEPTHWISE_CONV_2D";
  readonly dilationH: number;
  readonly dilationW: number;
  /** Output channel o reads input channel floor(o / depthMultiplier). */
  readonly depthMultiplier: number;
  /** Minus the input zero point. */
  readonly inputOffset: number;
  /** [1, filterH, filterW, outputC] */
  readonly weights: Int8Array;
  readonly bias: Int32Array | undefined;
}

export function prepareDepthwiseConv2D(context: OperatorContext<DepthwiseConv2D>): PreparedDepthwiseConv2D {
  context.expectInputs(2, 3);
  const { operator, output } = context;
  const { strideH, strideW, dilationH, dilationW, depthMultiplier } = operator;
  context.expectPositive({ strideH, strideW, dilationH, dilationW, depthMultiplier });
  const input = context.input(0);
  const { zeroPoint } = context.activation(input);
  const { data, shape, scale } = context.weights(1, 4, 3);
  context.check(input.shape.length === 4, "needs an NHWC input");
  const inputC = input.shape[3];
  const [one, filterH, filterW, outputC] = shape;
  context.check(one === 1, `needs weights of shape [1, height, width, channels], not [${shape}]`);
  context.check(
    outputC === inputC * depthMultiplier,
    `has ${outputC} output channels, not ${inputC} times its depth multiplier ${depthMultiplier}`,
  );
  const geometry = imageGeometry(context, { filterH, filterW, outputC }, operator);
  return {
    kind: "DEPTHWISE_CONV_2D",
    ...geometry,
    dilationH,
    dilationW,
    depthMultiplier,
    inputOffset: -zeroPoint,
    outputOffset: context.activation(output).zeroPoint,
    ...channelMultipliers(context, outputC, scale),
    ...context.activationRange(operator.activation),
    weights: data,
    bias: context.bias(2, outputC),
  };
}

/** input [N,H,W,I], output [N,H',W',I * depthMultiplier]. */
export function evaluateDepthwiseConv2D(
  p: PreparedDepthwiseConv2D,
  [input]: readonly Int8Array[],
  output: Int8Array,
): void {
  const sums = new Int32Array(p.outputC);
  let at = 0;
  for (let n = 0; n < p.batches; n++) {
    for (let y = 0; y < p.outputH; y++) {
      for (let x = 0; x < p.outputW; x++) {
        if (p.bias === undefined) sums.fill(0);
        else sums.set(p.bias);
        accumulateWindow(p, input, n, y * p.strideH - p.padTop, x * p.strideW - p.padLeft, sums);
        for (let o = 0; o < p.outputC; o++) output[at++] = requantize(p, o, sums[o]);
      }
    }
  }
}

function accumulateWindow(
  p: PreparedDepthwiseConv2D,
  input: Int8Array,
  n: number,
  top: number,
  left: number,
  sums: Int32Array,
): void {
  const { weights, depthMultiplier, inputC, inputOffset } = p;
  for (let i = 0; i < p.filterH; i++) {
    const row = top + i * p.dilationH;
    if (row < 0 || row >= p.inputH) continue;
    for (let j = 0; j < p.filterW; j++) {
      const column = left + j * p.dilationW;
      if (column < 0 || column >= p.inputW) continue;
      const from = ((n * p.inputH + row) * p.inputW + column) * inputC;
      let weight = (i * p.filterW + j) * p.outputC;
      for (let c = 0, o = 0; c < inputC; c++) {
        const value = input[from + c] + inputOffset;
        for (let m = 0; m < depthMultiplier; m++) sums[o++] += imul(value, weights[weight++]);
      }
    }
  }
}
