/** MUL of two int8 tensors with broadcasting (tflite-micro: integer_ops/mul.h, mul_common.cc). */
import { clamp, multiplyByQuantizedMultiplier } from "../arithmetic.js";
import { mapBroadcast } from "../broadcast.js";
import type { ActivationRange, OperatorContext } from "../operator-context.js";
import type { Binary } from "../types.js";
import { type BroadcastGeometry, broadcastGeometry } from "./add.js";

export interface PreparedMul extends ActivationRange, BroadcastGeometry {
  readonly kind: "MUL";
  /** Minus the zero points of the inputs. */
  readonly inputOffsets: readonly [number, number];
  /** Scale of the first input * scale of the second / scale of the output; shift -31 to 30. */
  readonly multiplier: number;
  readonly shift: number;
  readonly outputOffset: number;
}

export function prepareMul(context: OperatorContext<Binary>): PreparedMul {
  const geometry = broadcastGeometry(context);
  const [a, b] = [context.activation(context.input(0)), context.activation(context.input(1))];
  const output = context.activation(context.output);
  return {
    kind: "MUL",
    ...geometry,
    inputOffsets: [-a.zeroPoint, -b.zeroPoint],
    ...context.multiplier((a.scale * b.scale) / output.scale),
    outputOffset: output.zeroPoint,
    ...context.activationRange(context.operator.activation),
  };
}

/** Inputs of any shapes that broadcast to the output's. */
export function evaluateMul(p: PreparedMul, [a, b]: readonly Int8Array[], output: Int8Array): void {
  const [offsetA, offsetB] = p.inputOffsets;
  mapBroadcast(p.outputShape, p.strides, output, (i, j) => {
    const product = (a[i] + offsetA) * (b[j] + offsetB);
    const scaled = multiplyByQuantizedMultiplier(product, p.multiplier, p.shift);
    return clamp(scaled + p.outputOffset, p.activationMin, p.activationMax);
  });
}
