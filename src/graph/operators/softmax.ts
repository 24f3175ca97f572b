/** SOFTMAX over the last dimension (tflite-micro: reference/softmax.h, softmax_common.cc). */
import {
  calculateInputRadius,
  clamp,
  INT8_MAX,
  INT8_MIN,
  quantizeMultiplier,
  roundingDivideByPOT,
  saturatingRoundingDoublingHighMul,
} from "../arithmetic.js";
import { expOnNegativeValues, reciprocal } from "../fixed-point.js";
import type { OperatorContext } from "../operator-context.js";
import { elementCount, type Softmax } from "../types.js";

const { max } = Math;

/** Input differences enter exp() as Q5.26; sums of exp() are kept as Q12.19. */
const DIFF_INTEGER_BITS = 5;
const SUM_INTEGER_BITS = 12;
/** Q0.31 to Q0.8. */
const OUTPUT_EXPONENT = 23;
/** More values than this could overflow the Q12.19 sum. */
const MAX_DEPTH = 2 ** SUM_INTEGER_BITS - 1;

/**
 * Where the exps of a row sum to 512 or more, all its probabilities are 0: each is below half a step of 1/256. TFLite Micro ends the process
 * there (TFLITE_CHECK on the final exponent, bitsOverUnit + 23 <= 31).
 */
export interface PreparedSoftmax {
  readonly kind: "SOFTMAX";
  readonly rows: number;
  /** Size of the last dimension, at most 4,095. */
  readonly depth: number;
  /** beta * input scale in Q5.26: multiplier and left shift, 0 to 31. */
  readonly inputMultiplier: number;
  readonly inputLeftShift: number;
  /** Differences to the row's largest value below this (it is 0 or negative) give probability 0. */
  readonly diffMin: number;
  /** exp(-d * beta * input scale) in Q0.31 at [d], d = 0 to 255; 0 for d > -diffMin. */
  readonly expTable: Int32Array;
}

export function prepareSoftmax(context: OperatorContext<Softmax>): PreparedSoftmax {
  context.expectInputs(1);
  const input = context.input(0);
  const { scale } = context.activation(input);
  const output = context.activation(context.output);
  context.check(
    output.scale === 1 / 256 && output.zeroPoint === INT8_MIN,
    "needs an output of scale 1/256 and zero point -128",
  );
  context.expectShape(context.output, input.shape);
  const depth = input.shape.at(-1);
  if (depth === undefined) return context.fail("needs at least one dimension");
  context.check(depth <= MAX_DEPTH, `has ${depth} values in a row, more than ${MAX_DEPTH}`);
  const real = Math.min(context.operator.beta * scale * 2 ** (31 - DIFF_INTEGER_BITS), 2 ** 31 - 1);
  context.check(
    real > 1,
    `has beta * input scale = ${context.operator.beta * scale}, outside what TFLite Micro accepts`,
  );
  const { multiplier, shift } = quantizeMultiplier(real);
  const diffMin = -calculateInputRadius(DIFF_INTEGER_BITS, shift) + 0; // + 0: never -0
  return {
    kind: "SOFTMAX",
    rows: elementCount(input.shape) / depth,
    depth,
    inputMultiplier: multiplier,
    inputLeftShift: shift,
    diffMin,
    expTable: expTable(multiplier, shift, diffMin),
  };
}

function expTable(multiplier: number, leftShift: number, diffMin: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, d) =>
    -d < diffMin
      ? 0
      : expOnNegativeValues(saturatingRoundingDoublingHighMul(-d << leftShift, multiplier), DIFF_INTEGER_BITS),
  );
}

export function evaluateSoftmax(p: PreparedSoftmax, [input]: readonly Int8Array[], output: Int8Array): void {
  for (let start = 0; start < input.length; start += p.depth) {
    const end = start + p.depth;
    let largest = INT8_MIN;
    for (let i = start; i < end; i++) largest = max(largest, input[i]);
    let sum = 0;
    for (let i = start; i < end; i++) {
      const d = largest - input[i];
      if (-d >= p.diffMin) sum += roundingDivideByPOT(p.expTable[d], SUM_INTEGER_BITS);
    }
    const { scale, bitsOverUnit } = reciprocal(sum, SUM_INTEGER_BITS);
    for (let i = start; i < end; i++) {
      const d = largest - input[i];
      const product = saturatingRoundingDoublingHighMul(scale, p.expTable[d]);
      const exponent = bitsOverUnit + OUTPUT_EXPONENT;
      const probability = -d < p.diffMin || exponent > 31 ? 0 : roundingDivideByPOT(product, exponent);
      output[i] = clamp(probability + INT8_MIN, INT8_MIN, INT8_MAX);
    }
  }
}
