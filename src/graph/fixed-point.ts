/** gemmlowp's fixed-point functions on Qm.n int32 values (google/gemmlowp, fixedpoint/fixedpoint.h), exact to the bit. */
import {
  INT32_MAX,
  saturatingRoundingDoublingHighMul as multiply,
  roundingDivideByPOT,
  saturatingShiftLeft,
} from "./arithmetic.js";

/** exp(-2^k) in Q0.31 for k = -2 to 4: the barrel shifter of exp_on_negative_values. */
const EXP_OF_MINUS_POWER = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;

/** exp(a) for a in [-1/4, 0), Q0.31 to Q0.31: Taylor expansion around -1/8. */
function expBetweenMinusQuarterAndZero(a: number): number {
  const expMinusEighth = 1895147668;
  const third = 715827883;
  const x = (a + (1 << 28)) | 0;
  const x2 = multiply(x, x);
  const x3 = multiply(x2, x);
  const x4Over4 = roundingDivideByPOT(multiply(x2, x2), 2);
  const tail = roundingDivideByPOT((multiply((x4Over4 + x3) | 0, third) + x2) | 0, 1);
  return (expMinusEighth + multiply(expMinusEighth, (x + tail) | 0)) | 0;
}

/** exp(a) for a <= 0 in Q(integerBits), integerBits 0 to 5, as Q0.31; exp(0) is 2^31 - 1. */
export function expOnNegativeValues(a: number, integerBits: number): number {
  if (a === 0) return INT32_MAX;
  const fractionalBits = 31 - integerBits;
  const quarter = 1 << (fractionalBits - 2);
  const inQuarter = ((a & (quarter - 1)) - quarter) | 0;
  const remainder = (inQuarter - a) | 0;
  let result = expBetweenMinusQuarterAndZero(saturatingShiftLeft(inQuarter, integerBits));
  for (let i = 0; i < EXP_OF_MINUS_POWER.length; i++) {
    const exponent = i - 2;
    if (integerBits > exponent && (remainder & (1 << (fractionalBits + exponent))) !== 0) {
      result = multiply(result, EXP_OF_MINUS_POWER[i]);
    }
  }
  return result;
}

/** 2 / (1 + a) for a in (0, 1), Q0.31 to Q2.29: three Newton-Raphson steps. */
function twoOverOnePlusX(a: number): number {
  const sum = a + INT32_MAX;
  const halfDenominator = Math.trunc((sum + (sum >= 0 ? 1 : -1)) / 2);
  let x = (1515870810 + multiply(halfDenominator, -1010580540)) | 0; // 48/17 - 32/17 * half denominator, Q2.29
  for (let i = 0; i < 3; i++) {
    const rest = ((1 << 29) - multiply(halfDenominator, x)) | 0;
    x = (x + saturatingShiftLeft(multiply(x, rest), 2)) | 0;
  }
  return x;
}

/** 1 / (1 + a) for a in (0, 1), Q0.31 to Q0.31. */
export function oneOverOnePlusX(a: number): number {
  return saturatingShiftLeft(twoOverOnePlusX(a), 1);
}

/** tanh(a), a in Q(integerBits), integerBits 0 to 4, result in Q0.31: (1 - exp(-2|a|)) / (1 + exp(-2|a|)) with the sign of a. */
export function tanh(a: number, integerBits: number): number {
  if (a === 0) return 0;
  const exp = expOnNegativeValues(a > 0 ? -a : a, integerBits + 1); // one integer bit more doubles the value
  const ofAbsolute = saturatingShiftLeft((twoOverOnePlusX(exp) - (1 << 29)) | 0, 2);
  return a > 0 ? ofAbsolute : -ofAbsolute;
}

/** 1 / (1 + exp(-a)), a in Q(integerBits), result in Q0.31. */
export function logistic(a: number, integerBits: number): number {
  if (a === 0) return 1 << 30;
  const ofAbsolute = oneOverOnePlusX(expOnNegativeValues(a > 0 ? -a : a, integerBits));
  return a > 0 ? ofAbsolute : INT32_MAX - ofAbsolute;
}

/** GetReciprocal (common.h): 1 / x for x > 0 in Q(integerDigits), as Q0.31 and the number of bits left of the binary point. */
export function reciprocal(x: number, integerDigits: number): { scale: number; bitsOverUnit: number } {
  const headroomPlusOne = Math.clz32(x);
  const shiftedMinusOne = ((x << headroomPlusOne) - (1 << 31)) | 0;
  return { scale: oneOverOnePlusX(shiftedMinusOne), bitsOverUnit: integerDigits - headroomPlusOne };
}
