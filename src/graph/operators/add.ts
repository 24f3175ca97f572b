/**
 * ADD and SUB of two int8 tensors with broadcasting (tflite-micro: integer_ops/add.h, add_common.cc, reference/sub.h, sub_common.cc). They differ in
 * more than the sign: ADD computes its multipliers in float64, SUB in float32.
 */
import { clamp, multiplyByQuantizedMultiplier, type QuantizedMultiplier } from "../arithmetic.js";
import { broadcastShape, broadcastStrides, mapBroadcast } from "../broadcast.js";
import type { ActivationRange, OperatorContext } from "../operator-context.js";
import type { Binary } from "../types.js";

/** TFLite's headroom for 8-bit addition: (127 + 128) * 2^20 stays below 2^28. */
const LEFT_SHIFT = 20;

/** The shapes of an elementwise operator of two inputs. */
export interface BroadcastGeometry {
  readonly outputShape: readonly number[];
  /** Elements to step in each input per dimension of the output; 0 where it is broadcast. */
  readonly strides: readonly [readonly number[], readonly number[]];
}

export interface PreparedAdd extends ActivationRange, BroadcastGeometry {
  readonly kind: "ADD" | "SUB";
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

/** Checks that the inputs broadcast to the output. */
export function broadcastGeometry(context: OperatorContext<Binary>): BroadcastGeometry {
  context.expectInputs(2);
  const [a, b] = [context.input(0), context.input(1)];
  const outputShape = broadcastShape(a.shape, b.shape);
  if (outputShape === undefined) return context.fail(`cannot broadcast [${a.shape}] and [${b.shape}]`);
  context.expectShape(context.output, outputShape);
  return {
    outputShape,
    strides: [broadcastStrides(a.shape, outputShape), broadcastStrides(b.shape, outputShape)],
  };
}

export function prepareAdd(context: OperatorContext<Binary>): PreparedAdd {
  const geometry = broadcastGeometry(context);
  const kind = context.operator.kind === "SUB" ? "SUB" : "ADD";
  const divide = kind === "SUB" ? (a: number, b: number) => Math.fround(a / b) : (a: number, b: number) => a / b;
  const quantization = [context.activation(context.input(0)), context.activation(context.input(1))] as const;
  const output = context.activation(context.output);
  const twiceLargest = 2 * Math.max(quantization[0].scale, quantization[1].scale);
  const inputMultipliers = [
    context.multiplierBelowOne(divide(quantization[0].scale, twiceLargest)),
    context.multiplierBelowOne(divide(quantization[1].scale, twiceLargest)),
  ] as const;
  const inputOffsets = [-quantization[0].zeroPoint, -quantization[1].zeroPoint] as const;
  return {
    kind,
    ...geometry,
    inputOffsets,
    leftShift: LEFT_SHIFT,
    inputMultipliers,
    outputMultiplier: context.multiplierBelowOne(divide(twiceLargest, 2 ** LEFT_SHIFT * output.scale)),
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
  const sign = p.kind === "SUB" ? -1 : 1;
  const add = (i: number, j: number): number => {
    const sum = (scaledA[a[i] + 128] + sign * scaledB[b[j] + 128]) | 0;
    return clamp(
      multiplyByQuantizedMultiplier(sum, multiplier, shift) + p.outputOffset,
      p.activationMin,
      p.activationMax,
    );
  };
  if (a.length === output.length && b.length === output.length) {
    for (let i = 0; i < output.length; i++) output[i] = add(i, i);
  } else mapBroadcast(p.outputShape, p.strides, output, add);
}
