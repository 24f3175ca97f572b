/** Integral image (Crow 1984): sums over any rectangle by four look-ups. */
import type { GrayImage } from "../../data/types.js";

/** Entry (x, y) is the sum over all pixels left of x and above y; one line and one column more than the picture. */
export class Integral {
  private sums = new Int32Array(0);
  /** Entries of a line. */
  stride = 0;

  /** Replaces the contents by those of a picture below 2^23 pixels. */
  load({ width, height, pixels }: GrayImage): Int32Array {
    this.stride = width + 1;
    const length = this.stride * (height + 1);
    if (this.sums.length < length) this.sums = new Int32Array(length);
    const { sums, stride } = this;
    sums.fill(0, 0, stride);
    for (let y = 0, from = 0; y < height; y++) {
      let at = (y + 1) * stride;
      let line = 0;
      sums[at++] = 0;
      for (let x = 0; x < width; x++, at++) {
        line += pixels[from++];
        sums[at] = sums[at - stride] + line;
      }
    }
    return sums;
  }
}

/**
 * Multi-block local binary pattern: of the eight blocks around the middle one of 3x3, column by column from the left, downwards, in bits 7 to 0; a bit is
 * set where the block is darker than the middle one. `at` is the index of the blocks' top left entry; `width` and `height` are one block's, the latter in entries.
 */
export function patternAt(sums: Int32Array, at: number, width: number, height: number): number {
  const p0 = at;
  const p1 = p0 + height;
  const p2 = p1 + height;
  const p3 = p2 + height;
  const w2 = width + width;
  const w3 = w2 + width;
  // Per row of blocks: differences down each of the four edges.
  const a0 = sums[p1] - sums[p0];
  const a1 = sums[p1 + width] - sums[p0 + width];
  const a2 = sums[p1 + w2] - sums[p0 + w2];
  const a3 = sums[p1 + w3] - sums[p0 + w3];
  const b0 = sums[p2] - sums[p1];
  const b1 = sums[p2 + width] - sums[p1 + width];
  const b2 = sums[p2 + w2] - sums[p1 + w2];
  const b3 = sums[p2 + w3] - sums[p1 + w3];
  const c0 = sums[p3] - sums[p2];
  const c1 = sums[p3 + width] - sums[p2 + width];
  const c2 = sums[p3 + w2] - sums[p2 + w2];
  const c3 = sums[p3 + w3] - sums[p2 + w3];
  const middle = b2 - b1;
  // The sign bit of each difference.
  return (
    (((a1 - a0 - middle) >>> 31) << 7) |
    (((b1 - b0 - middle) >>> 31) << 6) |
    (((c1 - c0 - middle) >>> 31) << 5) |
    (((a2 - a1 - middle) >>> 31) << 4) |
    (((c2 - c1 - middle) >>> 31) << 3) |
    (((a3 - a2 - middle) >>> 31) << 2) |
    (((b3 - b2 - middle) >>> 31) << 1) |
    ((c3 - c2 - middle) >>> 31)
  );
}
