/**
 * Exact area resize (docs/preprocessing.md, "Resize"); twin of firmware/core/sm_resize.c.
 *
 * Measured in units of 1/out of a source pixel, output column i covers [i*in, (i+1)*in) and source column x covers [x*out, (x+1)*out).
 * The weight of x in i is the length of their overlap: an integer, and the weights of one output sum to `in`. All sums are exact, so the
 * order of evaluation cannot matter; the only rounding is the last division, half up.
 */
import type { Box, GrayImage } from "../data/types.js";

/** Scales the box of a frame to out x out grey pixels. The box must lie inside the frame and be 1 to 4,096 pixels on each side: so sums stay below 2^32. */
export function resizeArea(frame: GrayImage, box: Box, out: number, pixels = new Uint8Array(out * out)): Uint8Array {
  return resizeAreaTo(frame, box, out, out, pixels);
}

/** As resizeArea, to width x height pixels: the columns are measured in units of 1/width, the rows in units of 1/height. */
export function resizeAreaTo(
  frame: GrayImage,
  box: Box,
  width: number,
  height: number,
  pixels = new Uint8Array(width * height),
): Uint8Array {
  const rows = new Float64Array(width * height);
  const line = new Float64Array(width);
  for (let y = 0; y < box.height; y++) {
    sumColumns(frame.pixels, (box.y + y) * frame.width + box.x, box.width, line);
    addToRows(line, y, box.height, height, rows);
  }
  const area = box.width * box.height;
  const half = Math.floor(area / 2);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor((rows[i] + half) / area);
  return pixels;
}

/** line[i] = sum over source columns of weight * grey. */
function sumColumns(source: Uint8Array, start: number, width: number, line: Float64Array): void {
  const out = line.length;
  for (let i = 0, x = 0; i < out; i++) {
    const end = (i + 1) * width;
    let position = i * width;
    let sum = 0;
    while (position < end) {
      const next = Math.min((x + 1) * out, end);
      sum += (next - position) * source[start + x];
      if (next === (x + 1) * out) x++;
      position = next;
    }
    line[i] = sum;
  }
}

/** Adds a summed source row to every one of `out` output rows it overlaps. */
function addToRows(line: Float64Array, y: number, height: number, out: number, rows: Float64Array): void {
  const width = line.length;
  const top = y * out;
  const bottom = top + out;
  for (let j = Math.floor(top / height); j * height < bottom; j++) {
    const weight = Math.min(bottom, (j + 1) * height) - Math.max(top, j * height);
    for (let i = 0; i < width; i++) rows[j * width + i] += weight * line[i];
  }
}
