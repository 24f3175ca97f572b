/** MEAN over constant axes (tflite-micro: QuantizedMeanOrSum in reference/reduce.h, reduce_common.cc). */
import { clamp, countLeadingZeros64, INT8_MAX, INT8_MIN, multiplyByQuantizedMultiplier } from "../arithmetic.js";
import type { OperatorContext } from "../operator-context.js";
import { elementCount, type Mean } from "../types.js";

export interface PreparedMean {
  readonly kind: "MEAN";
  readonly inputShape: readonly number[];
  /** Reduced dimensions, ascending, without duplicates. */
  readonly axes: readonly number[];
  /** Elements averaged into one output. */
  readonly count: number;
  /** Elements to step in the output per dimension of the input; 0 along reduced dimensions. */
  readonly outputStrides: readonly number[];
  /** zero point * count is subtracted from each sum: this is its negative. */
  readonly sumOffset: number;
  /** Input scale / output scale / count; shift -31 to 30. */
  readonly multiplier: number;
  readonly shift: number;
  readonly outputOffset: number;
}

export function prepareMean(context: OperatorContext<Mean>): PreparedMean {
  context.expectInputs(2);
  const input = context.input(0);
  const from = context.activation(input);
  const to = context.activation(context.output);
  const axes = resolveAxes(context, input.shape.length);
  const kept = input.shape.map((size, dimension) => (axes.includes(dimension) ? 1 : size));
  const outputShape = context.operator.keepDims
    ? kept
    : input.shape.filter((_, dimension) => !axes.includes(dimension));
  context.expectShape(context.output, outputShape);
  const count = elementCount(input.shape) / elementCount(kept);
  context.check(count < 2 ** 23, `averages ${count} values, more than an int32 sum holds`);
  return {
    kind: "MEAN",
    inputShape: input.shape,
    axes,
    count,
    outputStrides: reducedStrides(kept, axes),
    sumOffset: -from.zeroPoint * count,
    ...meanMultiplier(context, from.scale / to.scale, count),
    outputOffset: to.zeroPoint,
  };
}

function resolveAxes(context: OperatorContext<Mean>, rank: number): number[] {
  const axes = new Set<number>();
  for (const axis of context.constantInt32(1, "axes")) {
    const resolved = axis < 0 ? axis + rank : axis;
    context.check(resolved >= 0 && resolved < rank, `reduces dimension ${axis} of a tensor of rank ${rank}`);
    axes.add(resolved);
  }
  return [...axes].sort((a, b) => a - b);
}

function reducedStrides(kept: readonly number[], axes: readonly number[]): number[] {
  const strides = new Array<number>(kept.length).fill(0);
  let step = 1;
  for (let i = kept.length - 1; i >= 0; i--) {
    if (axes.includes(i)) continue;
    strides[i] = step;
    step *= kept[i];
  }
  return strides;
}

/** QuantizedMeanOrSum folds 1 / count into the multiplier, keeping as many bits as fit. */
function meanMultiplier(
  context: OperatorContext<Mean>,
  real: number,
  count: number,
): { multiplier: number; shift: number } {
  const quantized = context.multiplier(real);
  const headroom = Math.min(63 - countLeadingZeros64(count), 32, 31 + quantized.shift);
  const multiplier = (BigInt(quantized.multiplier) << BigInt(headroom)) / BigInt(count);
  return { multiplier: Number(BigInt.asIntN(32, multiplier)), shift: quantized.shift - headroom };
}

export function evaluateMean(p: PreparedMean, [input]: readonly Int8Array[], output: Int8Array): void {
  const sums = new Int32Array(output.length);
  const position = new Int32Array(p.inputShape.length);
  let to = 0;
  for (let i = 0; i < input.length; i++) {
    sums[to] += input[i];
    for (let dimension = position.length - 1; dimension >= 0; dimension--) {
      to += p.outputStrides[dimension];
      if (++position[dimension] < p.inputShape[dimension]) break;
      to -= p.outputStrides[dimension] * p.inputShape[dimension];
      position[dimension] = 0;
    }
  }
  for (let i = 0; i < output.length; i++) {
    const mean = multiplyByQuantizedMultiplier((sums[i] + p.sumOffset) | 0, p.multiplier, p.shift);
    output[i] = clamp(mean + p.outputOffset, INT8_MIN, INT8_MAX);
  }
}
