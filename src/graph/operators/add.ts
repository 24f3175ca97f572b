/** ADD of two int8 tensors with broadcasting (tflite-micro: integer_ops/add.h, add_common.cc). */
import { clamp, multiplyByQuantizedMultiplier, type QuantizedMultiplier } from "../arithmetic.js";
import type { ActivationRange, OperatorContext } from "../operator-context.js";
import { broadcastShape, broadcastStrides } from "../broadcast.js";
import type { Add } from "../types.js";

/** TFLite's headroom for 8-bit addition: (127 + 128) * 2^20 stays below 2^28. */
const LEFT_SHIFT = 20;

export interface PreparedAdd extends ActivationRange {
  readonly kind: "ADD";
  readonly outputShape: readonly number[];
  /** Elements to step in each input per dimension of the output; 0 where it is broadcast. */
  readonly strides: readonly [readonly number[], readonly number[]];
  /** Minus the zero points of the inputs. */
  readonly inputOffsets: readonly [number, number];
  /** 20: (q + offset) << leftShift enters the input multipliers. */
  readonly leftShift: number;
  /** Shifts are 0 to -31. */
  readonly inputMultipliers: readonly [QuantizedMultiplier, QuantizedMultiplier];
  readonly outputMultiplier: QuantizedMultiplier;
  readonly outputOffset: number;
  /** Input q rescaled to the common scale, at [q + 128]: what leftShift, offset and multiplier amount to. */
  readonly scaledInputs: readonly [Int32Array, Int32Array];
}

export function prepareAdd(context: OperatorContext<Add>): PreparedAdd {
  context.expectInputs(2);
  const inputs = [context.input(0), context.input(1)] as const;
  const quantization = [context.activation(inputs[0]), context.activation(inputs[1])] as const;
  const output = context.activation(context.output);
  const outputShape = broadcastShape(inputs[0].shape, inputs[1].shape);
  if (outputShape === undefined) return context.fail(`cannot broadcast [${inputs[0].shape}] and [${inputs[1].shape}]`);
  context.expectShape(context.output, outputShape);
  const twiceLargest = 2 * Math.max(quantization[0].scale, quantization[1].scale);
  const inputMultipliers = [
    context.multiplierBelowOne(quantization[0].scale / twiceLargest),
    context.multiplierBelowOne(quantization[1].scale / twiceLargest),
  ] as const;
  const inputOffsets = [-quantization[0].zeroPoint, -quantization[1].zeroPoint] as const;
  return {
    kind: "ADD",
    outputShape,
    strides: [broadcastStrides(inputs[0].shape, outputShape), broadcastStrides(inputs[1].shape, outputShape)],
    inputOffsets,
    leftShift: LEFT_SHIFT,
    inputMultipliers,
    outputMultiplier: context.multiplierBelowOne(twiceLargest / (2 ** LEFT_SHIFT * output.scale)),
    outputOffset: output.zeroPoint,
    scaledInputs: [
      scaledInput(inputOffsets[0], inputMultipliers[0]),
      scaledInput(inputOffsets[1], inputMultipliers[1]),
    ],
    ...context.activationRange(context.operator.activation),
  };
}

function scaledInput(offset: number, { multiplier, shift }: QuantizedMultiplier): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) =>
    multiplyByQuantizedMultiplier((i - 128 + offset) << LEFT_SHIFT, multiplier, shift),
  );
}

/** Inputs of any shapes that broadcast to the output's. */
export function evaluateAdd(p: PreparedAdd, [a, b]: readonly Int8Array[], output: Int8Array): void {
  const [scaledA, scaledB] = p.scaledInputs;
  const { multiplier, shift } = p.outputMultiplier;
  const add = (i: number, j: number): number => {
    const sum = (scaledA[a[i] + 128] + scaledB[b[j] + 128]) | 0;
    return clamp(
      multiplyByQuantizedMultiplier(sum, multiplier, shift) + p.outputOffset,
      p.activationMin,
      p.activationMax,
    );
  };
  if (a.length === output.length && b.length === output.length) {
    for (let i = 0; i < output.length; i++) output[i] = add(i, i);
    return;
  }
  const [stridesA, stridesB] = p.strides;
  for (let at = 0; at < output.length; at++) {
    let rest = at;
    let i = 0;
    let j = 0;
    for (let dimension = p.outputShape.length - 1; dimension >= 0; dimension--) {
      const size = p.outputShape[dimension];
      const position = rest % size;
      rest = (rest - position) / size;
      i += position * stridesA[dimension];
      j += position * stridesB[dimension];
    }
    output[at] = add(i, j);
  }
}
