/**
 * The integer arithmetic of TFLite Micro's reference int8 kernels, exact to the bit: gemmlowp's fixed-point primitives
 * (google/gemmlowp, fixedpoint/fixedpoint.h) and the double-rounding `MultiplyByQuantizedMultiplier`
 * (tflite-micro, kernels/internal/common.cc). Products of 32 x 32 bits are split so that every step is exact in a float64.
 *
 * int32 values are JavaScript integers in [-2^31, 2^31); sums and left shifts wrap as two's complement.
 */

/** Looked up once: looking up a global is slow in the virtual-machine contexts that test runners use. */
const { clz32, floor, max, min } = Math;

export const INT8_MIN = -128;
export const INT8_MAX = 127;
export const INT32_MIN = -0x80000000;
export const INT32_MAX = 0x7fffffff;

/** real = multiplier * 2^(shift - 31), multiplier 0 or in [2^30, 2^31), shift -31 to 30. */
export interface QuantizedMultiplier {
  readonly multiplier: number;
  readonly shift: number;
}

/** Significand in [0.5, 1) and exponent, as C's frexp; zero gives [0, 0]. `value` is finite and not negative. */
export function frexp(value: number): [significand: number, exponent: number] {
  if (value === 0) return [0, 0];
  let significand = value;
  let exponent = 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  if (((bits.getUint16(0) >> 4) & 0x7ff) === 0) {
    significand *= 2 ** 54; // subnormal: scale into the normal range first
    exponent -= 54;
    bits.setFloat64(0, significand);
  }
  const high = bits.getUint16(0);
  exponent += ((high >> 4) & 0x7ff) - 1022;
  bits.setUint16(0, (high & 0x800f) | (1022 << 4));
  return [bits.getFloat64(0), exponent];
}

/**
 * QuantizeMultiplier (quantization_util.cc): the int32 significand and power of two nearest to a real multiplier.
 * Multipliers below about 2^-32 become zero. A shift above 30 is returned as it is; no kernel accepts it.
 */
export function quantizeMultiplier(real: number): QuantizedMultiplier {
  const [significand, exponent] = frexp(real);
  let multiplier = roundHalfAway(significand * 2 ** 31);
  let shift = exponent;
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** C's round(): to the nearest integer, halves away from zero. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -floor(-value + 0.5) : floor(value + 0.5);
}

/** gemmlowp::SaturatingRoundingDoublingHighMul: round(a * b / 2^31), halves up; -1 * -1 saturates. */
export function saturatingRoundingDoublingHighMul(a: number, b: number): number {
  // a * b = (a * high) * 2^16 + a * low: both products stay below 2^48, and floors of floors nest exactly.
  const high = b >> 16;
  const low = b & 0xffff;
  const result = floor((a * high + floor((a * low + 0x40000000) / 0x10000)) / 0x8000);
  return min(result, INT32_MAX);
}

/** gemmlowp::RoundingDivideByPOT: x / 2^exponent to the nearest, halves away from zero. exponent 0 to 31. */
export function roundingDivideByPOT(x: number, exponent: number): number {
  const mask = 0x7fffffff >>> (31 - exponent);
  const threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/** gemmlowp::SaturatingRoundingMultiplyByPOT with a positive exponent: x * 2^exponent, saturating. */
export function saturatingShiftLeft(x: number, exponent: number): number {
  const product = x * 2 ** exponent;
  return clamp(product, INT32_MIN, INT32_MAX);
}

/** MultiplyByQuantizedMultiplier, double rounding (common.cc). x int32; shift -31 to 30; `x << shift` wraps. */
export function multiplyByQuantizedMultiplier(x: number, multiplier: number, shift: number): number {
  if (shift > 0) return saturatingRoundingDoublingHighMul(x << shift, multiplier);
  return roundingDivideByPOT(saturatingRoundingDoublingHighMul(x, multiplier), -shift);
}

export function clamp(value: number, minimum: number, maximum: number): number {
  return min(max(value, minimum), maximum);
}

/** Number of leading zero bits of a positive integer below 2^53, counted in 64 bits. */
export function countLeadingZeros64(value: number): number {
  const high = floor(value / 2 ** 32);
  return high === 0 ? 32 + clz32(value) : clz32(high);
}

/** CalculateInputRadius (quantization_util.cc) for 31 signed bits: largest |input difference| that does not overflow when rescaled. */
export function calculateInputRadius(integerBits: number, leftShift: number): number {
  return floor(((2 ** integerBits - 1) * 2 ** (31 - integerBits)) / 2 ** leftShift);
}
