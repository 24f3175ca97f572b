/**
 * What baseline JPEG loses (ITU-T T.81): 8x8 cosine transform, division by a quantization table, rounding, and back. Written out here and not
 * left to a library, so that no new version of one can change a test's pictures.
 */
import type { Plane } from "./light.js";

/** Side of a block in pixels. */
export const BLOCK = 8;

/** T.81 table K.1, luminance. */
const LUMINANCE = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
];

/** COSINES[8 u + x]: the orthonormal transform's basis, and the same turned. */
const COSINES = Float64Array.from({ length: BLOCK * BLOCK }, (_, i) => {
  const u = Math.floor(i / BLOCK);
  const x = i % BLOCK;
  return Math.sqrt((u === 0 ? 1 : 2) / BLOCK) * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * BLOCK));
});
const TURNED = COSINES.map((_, i) => COSINES[(i % BLOCK) * BLOCK + Math.floor(i / BLOCK)]);

/** The table of a quality 1 to 100, scaled as the Independent JPEG Group's library does. */
function quantizationTable(quality: number): number[] {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return LUMINANCE.flat().map((step) => Math.max(1, Math.min(255, Math.floor((step * percent + 50) / 100))));
}

/** Grey values 0 to 255 after a JPEG of this quality; not rounded. Blocks that stick out repeat the last row and column. */
export function jpegLosses(plane: Plane, quality: number): Plane {
  const { width, height } = plane;
  const table = quantizationTable(quality);
  const values = new Float64Array(width * height);
  const block = new Float64Array(BLOCK * BLOCK);
  const between = new Float64Array(BLOCK * BLOCK);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      readBlock(plane, left, top, block);
      transform(block, COSINES, between);
      for (let i = 0; i < block.length; i++) block[i] = Math.round(block[i] / table[i]) * table[i];
      transform(block, TURNED, between);
      for (let y = 0; y < Math.min(BLOCK, height - top); y++) {
        for (let x = 0; x < Math.min(BLOCK, width - left); x++) {
          const value = block[y * BLOCK + x] + 128;
          values[(top + y) * width + left + x] = Math.max(0, Math.min(255, value));
        }
      }
    }
  }
  return { width, height, values };
}

/** Level-shifted samples, rounded as they are stored. */
function readBlock({ width, height, values }: Plane, left: number, top: number, block: Float64Array): void {
  for (let y = 0; y < BLOCK; y++) {
    const row = Math.min(height - 1, top + y) * width;
    for (let x = 0; x < BLOCK; x++) {
      const value = values[row + Math.min(width - 1, left + x)];
      block[y * BLOCK + x] = Math.round(Math.max(0, Math.min(255, value))) - 128;
    }
  }
}

/** block = basis * block * basis transposed, in place. */
function transform(block: Float64Array, basis: Float64Array, between: Float64Array): void {
  for (let y = 0; y < BLOCK; y++) {
    for (let u = 0; u < BLOCK; u++) {
      let sum = 0;
      for (let x = 0; x < BLOCK; x++) sum += basis[u * BLOCK + x] * block[y * BLOCK + x];
      between[y * BLOCK + u] = sum;
    }
  }
  for (let v = 0; v < BLOCK; v++) {
    for (let u = 0; u < BLOCK; u++) {
      let sum = 0;
      for (let y = 0; y < BLOCK; y++) sum += basis[v * BLOCK + y] * between[y * BLOCK + u];
      block[v * BLOCK + u] = sum;
    }
  }
}
