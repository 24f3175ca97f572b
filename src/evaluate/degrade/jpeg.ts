/**
 * What baseline JPEG loses (ITU-T T.81): 8x8 cosine transform, division by a quantization table, rounding, and back. Written out here and not
 * left to a library, so that no new version of one can change a test's pictures.
 */
import type { Plane } from "./light.js";

const BLOCK = 8;

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

/** COSINES[u][x]: the orthonormal transform's basis. */
const COSINES = Array.from({ length: BLOCK }, (_, u) =>
  Array.from(
    { length: BLOCK },
    (_, x) => Math.sqrt((u === 0 ? 1 : 2) / BLOCK) * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * BLOCK)),
  ),
);

/** The table of a quality 1 to 100, scaled as the Independent JPEG Group's library does. */
function quantizationTable(quality: number): number[][] {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return LUMINANCE.map((row) => row.map((step) => Math.max(1, Math.min(255, Math.floor((step * percent + 50) / 100)))));
}

/** Grey values 0 to 255 after a JPEG of this quality; not rounded. Blocks that stick out repeat the last row and column. */
export function jpegLosses(plane: Plane, quality: number): Plane {
  const { width, height } = plane;
  const table = quantizationTable(quality);
  const values = new Float64Array(width * height);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const block = readBlock(plane, left, top);
      const frequencies = transform(block, (u, x) => COSINES[u][x]);
      const kept = frequencies.map((row, v) => row.map((f, u) => Math.round(f / table[v][u]) * table[v][u]));
      const shown = transform(kept, (x, u) => COSINES[u][x]);
      for (let y = 0; y < Math.min(BLOCK, height - top); y++) {
        for (let x = 0; x < Math.min(BLOCK, width - left); x++) {
          values[(top + y) * width + left + x] = Math.max(0, Math.min(255, shown[y][x] + 128));
        }
      }
    }
  }
  return { width, height, values };
}

/** Level-shifted samples, rounded as they are stored. */
function readBlock({ width, height, values }: Plane, left: number, top: number): number[][] {
  return Array.from({ length: BLOCK }, (_, y) =>
    Array.from({ length: BLOCK }, (_, x) => {
      const at = Math.min(height - 1, top + y) * width + Math.min(width - 1, left + x);
      return Math.round(Math.max(0, Math.min(255, values[at]))) - 128;
    }),
  );
}

/** out[v][u] = sum over y, x of basis(v, y) * basis(u, x) * block[y][x], rows first. */
function transform(block: readonly (readonly number[])[], basis: (to: number, from: number) => number): number[][] {
  const rows = block.map((row) => COSINES.map((_, u) => row.reduce((sum, value, x) => sum + basis(u, x) * value, 0)));
  return COSINES.map((_, v) => COSINES.map((_, u) => rows.reduce((sum, row, y) => sum + basis(v, y) * row[u], 0)));
}
