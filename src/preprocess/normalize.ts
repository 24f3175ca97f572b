/** Grey values to int8 network input (docs/preprocessing.md, "Normalize"); twin of firmware/core/sm_preprocess.c. */
import type { PreprocessSpec } from "./types.js";

/** Smallest standard deviation that is divided by, in grey levels: flat pictures are not blown up into noise. */
const MIN_STD = 4;
/** Standard deviations that map to 127. */
const CLIP_STD = 3;

/** Inputs of the 256 grey values of one picture. */
const values = new Int8Array(256);

export function normalize(
  pixels: Uint8Array,
  kind: PreprocessSpec["normalize"],
  out: Int8Array = new Int8Array(pixels.length),
): Int8Array {
  if (kind === "none") {
    for (let i = 0; i < pixels.length; i++) out[i] = pixels[i] - 128;
    return out;
  }
  return standardize(pixels, out);
}

/**
 * Everything is multiplied by the pixel count n, so that mean and standard deviation stay integers; all values stay below 2^53. The result
 * depends on the grey value alone, so each is divided once.
 */
function standardize(pixels: Uint8Array, out: Int8Array): Int8Array {
  const n = pixels.length;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const divisor = CLIP_STD * Math.max(integerSqrt(n * squares - sum * sum), MIN_STD * n);
  for (let value = 0; value < 256; value++) {
    const q = divideRounded(127 * (n * value - sum), divisor);
    values[value] = Math.max(-127, Math.min(127, q));
  }
  for (let i = 0; i < n; i++) out[i] = values[pixels[i]];
  return out;
}

/** floor(sqrt(value)) for 0 <= value < 2^53. */
export function integerSqrt(value: number): number {
  let root = Math.floor(Math.sqrt(value));
  while (root * root > value) root--;
  while ((root + 1) * (root + 1) <= value) root++;
  return root;
}

/** Nearest integer to numerator / divisor, halves away from zero; divisor > 0. */
function divideRounded(numerator: number, divisor: number): number {
  const magnitude = Math.floor((2 * Math.abs(numerator) + divisor) / (2 * divisor));
  return numerator < 0 ? -magnitude : magnitude;
}
