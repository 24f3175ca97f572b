/**
 * Seeded random numbers in independent streams: the numbers of stream (seed, a, b, ...) depend on nothing but these words, so that
 * augmentation and dropout do not depend on the order or the thread that work is done in.
 *
 * Generator: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c). Its state is filled from the words by
 * the 32-bit finalizer of MurmurHash3 over a Weyl sequence, in the manner of SplitMix.
 */
export class Rng {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;
  private spare: number | undefined;

  /** @param words 32-bit integers that name the stream, e.g. (seed, purpose, epoch, picture) */
  constructor(...words: readonly number[]) {
    let hash = 0x9e3779b9;
    for (const word of words) hash = mix32(hash ^ mix32((word >>> 0) + 0x9e3779b9)) + 0x9e3779b9;
    this.s0 = mix32(hash);
    this.s1 = mix32(hash + 0x9e3779b9);
    this.s2 = mix32(hash + 0x3c6ef372);
    // The all-zero state is the one xoshiro never leaves.
    this.s3 = mix32(hash + 0xdaa66d2b) | 1;
  }

  /** 32 random bits as a signed integer. */
  int32(): number {
    const times5 = Math.imul(this.s1, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const shifted = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= shifted;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result;
  }

  /** Uniform integer, 0 to 2^32 - 1. */
  uint32(): number {
    return this.int32() >>> 0;
  }

  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform integer, 0 to bound - 1; bound 1 to 2^32. By rejection, so without bias. */
  below(bound: number): number {
    const limit = 4294967296 - (4294967296 % bound);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % bound;
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    let u: number;
    let v: number;
    let square: number;
    do {
      u = this.between(-1, 1);
      v = this.between(-1, 1);
      square = u * u + v * v;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    this.spare = v * factor;
    return u * factor;
  }

  /** A random permutation of 0 .. count - 1 (Fisher-Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}

/** Finalizer of MurmurHash3 (fmix32, Austin Appleby, public domain). */
function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
