/** Reproducible random values for tests. */

/** The sfc32 generator: the same seed gives the same values everywhere. */
export class Random {
  private a = 0x9e3779b9;
  private b = 0x243f6a88;
  private c = 0xb7e15162;
  private d: number;

  constructor(seed: number) {
    this.d = (seed ^ 0xdeadbeef) | 0;
    for (let i = 0; i < 16; i++) this.uint32();
  }

  uint32(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  real(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  /** Uniform over all int8 values, with the extremes a little more often. */
  int8s(length: number): Int8Array {
    return Int8Array.from({ length }, () => (this.chance(0.05) ? this.pick([-128, 127]) : this.integer(-128, 127)));
  }

  /** A float32 scale, uniform in its logarithm. */
  scale(low: number, high: number): number {
    return Math.fround(Math.exp(this.real(Math.log(low), Math.log(high))));
  }
}
