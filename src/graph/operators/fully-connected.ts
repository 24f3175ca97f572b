/** FULLY_CONNECTED (tflite-micro: integer_ops/fully_connected.h, fully_connected_common.cc). */
import type { OperatorContext } from "../operator-context.js";
import { elementCount, type FullyConnected } from "../types.js";
import { channelMultipliers, type OutputStage, requantize } from "./requantize.js";

const { imul } = Math;

/** In output steps per bias step. */
const BIAS_SCALE_TOLERANCE = 0.02;

export interface PreparedFullyConnected extends OutputStage {
  readonly kind: "FULLY_CONNECTED";
  readonly batches: number;
  /** Inputs of each dot product. */
  readonly depth: number;
  readonly outputC: number;
  /** Minus the input zero point. */
  readonly inputOffset: number;
  /** [outputC, depth] */
  readonly weights: Int8Array;
  readonly bias: Int32Array | undefined;
}

export function prepareFullyConnected(context: OperatorContext<FullyConnected>): PreparedFullyConnected {
  context.expectInputs(2, 3);
  const { operator, output } = context;
  const input = context.input(0);
  const { zeroPoint } = context.activation(input);
  const { data, shape, scale } = context.weights(1, 2, 0);
  const [outputC, depth] = shape;
  const elements = elementCount(input.shape);
  context.check(elements % depth === 0, `cannot split ${elements} inputs into rows of ${depth}`);
  const batches = elements / depth;
  context.check(
    output.shape.at(-1) === outputC && elementCount(output.shape) === batches * outputC,
    `needs an output of ${batches} rows of ${outputC}, not [${output.shape}]`,
  );
  if (scale.length === 1) checkBiasScale(context, scale[0]);
  return {
    kind: "FULLY_CONNECTED",
    batches,
    depth,
    outputC,
    inputOffset: -zeroPoint,
    outputOffset: context.activation(output).zeroPoint,
    ...channelMultipliers(context, outputC, scale, scale.length === 1 ? productInFloat32 : undefined),
    ...context.activationRange(operator.activation),
    weights: data,
    bias: context.bias(2, outputC),
  };
}

/** GetQuantizedConvolutionMultipler (kernel_util.cc) refuses a bias that is not in steps of input scale * weight scale. */
function checkBiasScale(context: OperatorContext<FullyConnected>, weightScale: number): void {
  const bias = context.optionalInput(2);
  if (bias === undefined) return;
  const product = context.activation(context.input(0)).scale * weightScale;
  const difference = Math.abs(product - (bias.quantization?.scale[0] ?? 0));
  context.check(
    difference / context.activation(context.output).scale <= BIAS_SCALE_TOLERANCE,
    `needs a bias of scale ${product}, the product of input and weight scale`,
  );
}

/** GetQuantizedConvolutionMultipler (kernel_util.cc) multiplies the two scales in float32 when weights are quantized per tensor. */
function productInFloat32(input: number, weight: number, output: number): number {
  return Math.fround(input * weight) / output;
}

/** input [batches, depth], output [batches, outputC]. */
export function evaluateFullyConnected(
  p: PreparedFullyConnected,
  [input]: readonly Int8Array[],
  output: Int8Array,
): void {
  const { weights, depth, inputOffset } = p;
  let at = 0;
  for (let batch = 0; batch < p.batches; batch++) {
    for (let o = 0; o < p.outputC; o++) {
      let sum = p.bias === undefined ? 0 : p.bias[o];
      let from = batch * depth;
      let weight = o * depth;
      for (let k = 0; k < depth; k++) sum = (sum + imul(input[from++] + inputOffset, weights[weight++])) | 0;
      output[at++] = requantize(p, o, sum);
    }
  }
}
