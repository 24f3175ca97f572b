/** HARD_SWISH in int16 fixed-point arithmetic (tflite-micro: reference/hard_swish.h, hard_swish_common.cc). */
import { clamp, INT8_MAX, INT8_MIN, INT32_MAX, type QuantizedMultiplier } from "../arithmetic.js";
import type { OperatorContext } from "../operator-context.js";

const INT16_MIN = -0x8000;
const INT16_MAX = 0x7fff;
/** Inputs are refined by this many bits before they are rescaled. */
const HIRES_BITS = 7;
/** The step at which 3.0 is 2^15. */
const RELUISH_SCALE = Math.fround(3 / 32768);

/** The output for one int8 input; scales are divided in float32. */
export function hardSwish(context: OperatorContext): (q: number) => number {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const hiresScale = Math.fround(from.scale / 2 ** HIRES_BITS);
  const output = int16Multiplier(context.multiplier(Math.fround(hiresScale / to.scale)));
  const reluish = int16Multiplier(context.multiplier(Math.fround(hiresScale / RELUISH_SCALE)));
  context.check(output.shift <= 0, `has an output scale of ${to.scale}, too small for an input scale of ${from.scale}`);
  return (q) => {
    const hires = (q - from.zeroPoint) * 2 ** HIRES_BITS;
    const preshift = highMultiply(hires, output.multiplier);
    const gate = (reluishValue(hires, reluish) + 0x8000) >> 1;
    const product = Math.trunc((gate * preshift) / 0x8000);
    return clamp(roundingShiftRight(product, -output.shift) + to.zeroPoint, INT8_MIN, INT8_MAX);
  };
}

/** The input over 3 as Q0.15, saturating. */
function reluishValue(hires: number, { multiplier, shift }: QuantizedMultiplier): number {
  const early = shift > 0 ? shiftLeft(hires, shift - 1) : hires;
  const scaled = highMultiply(early, multiplier);
  return shift > 0 ? shiftLeft(scaled, 1) : roundingShiftRight(scaled, -shift);
}

/** DownScaleInt32ToInt16Multiplier */
function int16Multiplier({ multiplier, shift }: QuantizedMultiplier): QuantizedMultiplier {
  const rounding = 2 ** 15;
  return { multiplier: multiplier >= INT32_MAX - rounding ? INT16_MAX : (multiplier + rounding) >> 16, shift };
}

function shiftLeft(value: number, amount: number): number {
  return clamp(value * 2 ** amount, INT16_MIN, INT16_MAX);
}

/** gemmlowp::SaturatingRoundingDoublingHighMul for int16, b >= 0. */
function highMultiply(a: number, b: number): number {
  return (a * b + 2 ** 14) >> 15;
}

/** gemmlowp::RoundingDivideByPOT for int16, whose masks of more than 15 bits are all ones. exponent 0 to 31. */
function roundingShiftRight(x: number, exponent: number): number {
  const mask = ((2 ** exponent - 1) << 16) >> 16;
  const threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}
