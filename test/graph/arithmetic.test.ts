import { describe, expect, it } from "@jest/globals";
import {
  calculateInputRadius,
  frexp,
  INT32_MAX,
  INT32_MIN,
  multiplyByQuantizedMultiplier,
  quantizeMultiplier,
  roundHalfAway,
  roundingDivideByPOT,
  saturatingRoundingDoublingHighMul,
} from "#smilec/graph/arithmetic.js";
import { expOnNegativeValues, logistic, oneOverOnePlusX } from "#smilec/graph/fixed-point.js";
import { Random } from "../support/random.js";

const SAMPLES = 20_000;
const EDGES = [
  0,
  1,
  -1,
  2,
  -2,
  3,
  -3,
  0x3fffffff,
  0x40000000,
  0x40000001,
  -0x40000000,
  INT32_MAX - 1,
  INT32_MAX,
  INT32_MIN + 1,
  INT32_MIN,
];

/** Pairs of int32: all pairs of edges, then random ones of all magnitudes. */
function* pairs(random: Random): Generator<[number, number]> {
  for (const a of EDGES) for (const b of EDGES) yield [a, b];
  const any = () => (random.uint32() | 0) >> random.integer(0, 31);
  for (let i = 0; i < SAMPLES; i++) yield [any(), any()];
}

/** The definitions in gemmlowp, in exact integers and with C's truncating division. */
function highMulExactly(a: number, b: number): number {
  if (a === INT32_MIN && b === INT32_MIN) return INT32_MAX;
  const product = BigInt(a) * BigInt(b);
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  return Number((product + nudge) / (1n << 31n));
}

function divideByPOTExactly(x: number, exponent: number): number {
  const divisor = 1n << BigInt(exponent);
  const magnitude = x < 0 ? -BigInt(x) : BigInt(x);
  const rounded = (2n * magnitude + divisor) / (2n * divisor);
  return Number(x < 0 ? -rounded : rounded);
}

describe("fixed-point arithmetic", () => {
  it("multiplies high as gemmlowp defines it", () => {
    let compared = 0;
    for (const [a, b] of pairs(new Random(1))) {
      if (saturatingRoundingDoublingHighMul(a, b) !== highMulExactly(a, b)) throw new Error(`differs for ${a}, ${b}`);
      compared++;
    }
    expect(compared).toBe(SAMPLES + EDGES.length ** 2);
  });

  it("divides by powers of two, halves away from zero", () => {
    let compared = 0;
    const random = new Random(2);
    for (const [x] of pairs(random)) {
      for (const exponent of [0, 1, 31, random.integer(2, 30)]) {
        if (roundingDivideByPOT(x, exponent) !== divideByPOTExactly(x, exponent))
          throw new Error(`differs for ${x} / 2^${exponent}`);
        compared++;
      }
    }
    expect(compared).toBe(4 * (SAMPLES + EDGES.length ** 2));
  });

  it("rescales with both roundings, and wraps left shifts", () => {
    const random = new Random(3);
    let equal = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const x = (random.uint32() | 0) >> random.integer(0, 31);
      const multiplier = random.integer(2 ** 30, 2 ** 31 - 1);
      const shift = random.integer(-31, 30);
      const shifted = Number(BigInt.asIntN(32, BigInt(x) << BigInt(Math.max(shift, 0))));
      const expected = divideByPOTExactly(highMulExactly(shifted, multiplier), Math.max(-shift, 0));
      if (multiplyByQuantizedMultiplier(x, multiplier, shift) === expected) equal++;
    }
    expect(equal).toBe(SAMPLES);
  });

  it("splits reals into significand and exponent as C does", () => {
    const random = new Random(4);
    const values = [0.5, 1, 1 - 2 ** -53, 5e-324, 2 ** -1022, 2 ** -1030 * 3, Number.MAX_VALUE];
    for (let i = 0; i < SAMPLES; i++) values.push(random.unit() * 2 ** random.integer(-1060, 1000));
    const wrong = values.filter((value) => {
      const [significand, exponent] = frexp(value);
      // Two steps, as 2 ** exponent may overflow where the product does not.
      const product = significand * 2 ** Math.floor(exponent / 2) * 2 ** Math.ceil(exponent / 2);
      return product !== value || (value > 0 && (significand < 0.5 || significand >= 1));
    });
    expect(wrong).toEqual([]);
    expect(frexp(0)).toEqual([0, 0]);
  });

  it("quantizes multipliers to 31 bits, and the tiny ones to zero", () => {
    const random = new Random(5);
    const reals = Array.from({ length: SAMPLES }, () => random.real(2 ** -10, 1) * 2 ** random.integer(-20, 20));
    const wrong = reals.filter((real) => {
      const { multiplier, shift } = quantizeMultiplier(real);
      const error = Math.abs((multiplier / 2 ** 31) * 2 ** shift - real);
      return error > 2 ** (shift - 32) || multiplier < 2 ** 30 || multiplier >= 2 ** 31;
    });
    expect(wrong).toEqual([]);
    expect(quantizeMultiplier(0)).toEqual({ multiplier: 0, shift: 0 });
    expect(quantizeMultiplier(2 ** -33)).toEqual({ multiplier: 0, shift: 0 });
    expect(quantizeMultiplier(1)).toEqual({ multiplier: 2 ** 30, shift: 1 });
    expect(quantizeMultiplier(1 - 2 ** -40)).toEqual({ multiplier: 2 ** 30, shift: 1 });
  });

  it("rounds as C's round()", () => {
    expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.4999].map(roundHalfAway)).toEqual([-3, -2, -1, 1, 2, 2]);
  });

  it("computes exp, 1/(1+x) and the logistic function to within a few units of the 31 bits", () => {
    let worst = 0;
    for (let i = 1; i < 4096; i++) {
      const x = -i * 2 ** 19; // as Q5.26: -32 to 0
      const errors = [
        expOnNegativeValues(x, 5) / 2 ** 31 - Math.exp(x / 2 ** 26),
        logistic(x, 4) / 2 ** 31 - 1 / (1 + Math.exp(-x / 2 ** 27)),
        oneOverOnePlusX(i * 2 ** 19) / 2 ** 31 - 1 / (1 + i / 4096),
      ];
      worst = Math.max(worst, ...errors.map(Math.abs));
    }
    expect(worst).toBeLessThan(1e-6);
    expect(logistic(0, 4)).toBe(2 ** 30);
    expect(calculateInputRadius(4, 0)).toBe(15 * 2 ** 27);
  });
});
