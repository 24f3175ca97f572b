/**
 * QUANTIZE and DEQUANTIZE (tflite-micro: quantize_common.cc, requantize.h, quantize.h; dequantize_common.cc, dequantize.h): where uint8 and float32
 * enter and leave an int8 model.
 */
import { clamp, INT8_MAX, INT8_MIN, multiplyByQuantizedMultiplier, roundHalfAway } from "../arithmetic.js";
import { describe, type OperatorContext } from "../operator-context.js";
import { type ActivationData, type Dequantize, elementCount, type Quantize, type Tensor } from "../types.js";
import type { PreparedUnary } from "./unary.js";

export interface PreparedQuantizeFloat {
  readonly kind: "QUANTIZE_FLOAT";
  readonly elements: number;
  /** A float32 value. */
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface PreparedDequantize {
  readonly kind: "DEQUANTIZE";
  readonly elements: number;
  /** A float32 value. */
  readonly scale: number;
  readonly zeroPoint: number;
  /** Whether the input is uint8, not int8. */
  readonly unsigned: boolean;
}

export function prepareQuantize(context: OperatorContext<Quantize>): PreparedUnary | PreparedQuantizeFloat {
  context.expectInputs(1);
  const [input, { output }] = [context.input(0), context];
  context.expectShape(output, input.shape);
  const types = `${input.type} to ${output.type}`;
  context.check(
    ["int8 to int8", "int8 to uint8", "uint8 to int8", "float32 to int8"].includes(types),
    `from ${types} is not supported`,
  );
  expectComputed(context, input);
  const elements = elementCount(input.shape);
  if (input.type === "float32") return { kind: "QUANTIZE_FLOAT", elements, ...context.perTensor(output) };
  return { kind: "QUANTIZE", elements, table: requantizeTable(context, input, output) };
}

/** Requantize: scales divided in float64. */
function requantizeTable(context: OperatorContext, input: Tensor, output: Tensor): Int8Array {
  const [from, to] = [context.perTensor(input), context.perTensor(output)];
  const { multiplier, shift } = context.multiplier(from.scale / to.scale);
  const [low, high] = output.type === "uint8" ? [0, 255] : [INT8_MIN, INT8_MAX];
  return Int8Array.from({ length: 256 }, (_, i) => {
    const q = input.type === "uint8" ? (i - 128) & 0xff : i - 128;
    return clamp(multiplyByQuantizedMultiplier(q - from.zeroPoint, multiplier, shift) + to.zeroPoint, low, high);
  });
}

/**
 * AffineQuantize: the quotient rounds to float32, then to the nearest integer, halves away from zero. Where C++ leaves the conversion undefined,
 * quotients beyond int32 saturate and NaN becomes -128.
 */
export function evaluateQuantizeFloat(
  p: PreparedQuantizeFloat,
  [input]: readonly Float32Array[],
  output: Int8Array,
): void {
  for (let i = 0; i < input.length; i++) {
    const steps = roundHalfAway(Math.fround(input[i] / p.scale));
    output[i] = Number.isNaN(steps) ? INT8_MIN : clamp(steps + p.zeroPoint, INT8_MIN, INT8_MAX);
  }
}

export function prepareDequantize(context: OperatorContext<Dequantize>): PreparedDequantize {
  context.expectInputs(1);
  const input = context.input(0);
  const types = `${input.type} to ${context.output.type}`;
  context.check(["int8 to float32", "uint8 to float32"].includes(types), `from ${types} is not supported`);
  expectComputed(context, input);
  context.expectShape(context.output, input.shape);
  return {
    kind: "DEQUANTIZE",
    elements: elementCount(input.shape),
    ...context.perTensor(input),
    unsigned: input.type === "uint8",
  };
}

/** scale * steps, rounded once to float32. */
export function evaluateDequantize(
  p: PreparedDequantize,
  [input]: readonly ActivationData[],
  output: Float32Array,
): void {
  for (let i = 0; i < input.length; i++) output[i] = p.scale * (input[i] - p.zeroPoint);
}

/** Only int8 constants take part in the arithmetic. */
function expectComputed(context: OperatorContext, input: Tensor): void {
  context.check(input.data === undefined || input.type === "int8", `reads the constant ${describe(input)}`);
}
