/** Every feature that a window can have, and what patterns they see in many windows at once. */
import type { GrayImage } from "../../../data/types.js";
import { Integral, patternAt } from "../integral.js";

/** Left, top, block width, block height of every placement of 3x3 blocks in the window. [features * 4] */
export function allBlocks(window: number): Uint8Array {
  const found: number[] = [];
  for (let height = 1; 3 * height <= window; height++)
    for (let width = 1; 3 * width <= window; width++)
      for (let y = 0; y + 3 * height <= window; y++)
        for (let x = 0; x + 3 * width <= window; x++) found.push(x, y, width, height);
  return Uint8Array.from(found);
}

/** Patterns of many windows, feature by feature: `of(feature)[sample]`. Room for `capacity` samples. */
export class PatternMatrix {
  readonly features: number;
  private readonly patterns: Uint8Array;
  private readonly integral = new Integral();

  constructor(
    private readonly blocks: Uint8Array,
    readonly capacity: number,
  ) {
    this.features = blocks.length / 4;
    this.patterns = new Uint8Array(this.features * capacity);
  }

  of(feature: number): Uint8Array {
    return this.patterns.subarray(feature * this.capacity, (feature + 1) * this.capacity);
  }

  /** Fills column `sample` from a window's pixels. */
  set(sample: number, window: GrayImage): void {
    const { blocks, patterns, capacity, features } = this;
    const sums = this.integral.load(window);
    const { stride } = this.integral;
    for (let f = 0, at = sample; f < features; f++, at += capacity) {
      const origin = blocks[4 * f + 1] * stride + blocks[4 * f];
      patterns[at] = patternAt(sums, origin, blocks[4 * f + 2], blocks[4 * f + 3] * stride);
    }
  }
}
