/** Cropping and exact area reduction of whole pictures; the arithmetic of docs/preprocessing.md, "Resize", for two different sides. */
import type { Box, GrayImage } from "./types.js";

/** Copies the box, which must lie inside the picture. */
export function crop(image: GrayImage, box: Box): GrayImage {
  const pixels = new Uint8Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const start = (box.y + y) * image.width + box.x;
    pixels.set(image.pixels.subarray(start, start + box.width), y * box.width);
  }
  return { width: box.width, height: box.height, pixels };
}

/** Reduces a picture by exact area averages so that neither side is longer than `maxSide`; a smaller picture is returned as it is. */
export function reduceTo(image: GrayImage, maxSide: number): GrayImage {
  const longest = Math.max(image.width, image.height);
  if (longest <= maxSide) return image;
  const scaled = (side: number) => Math.max(1, Math.round((side * maxSide) / longest));
  return reduceArea(image, scaled(image.width), scaled(image.height));
}

/**
 * out(j, i) = floor((sum of overlaps * grey + floor(w*h / 2)) / (w*h)), overlaps measured in units of 1/width and 1/height of a source pixel.
 * Sums stay below 255 * w * h < 2^53, so they are exact.
 */
export function reduceArea(image: GrayImage, width: number, height: number): GrayImage {
  const columns = overlaps(image.width, width);
  const sums = new Float64Array(width * height);
  const line = new Float64Array(width);
  for (let y = 0; y < image.height; y++) {
    line.fill(0);
    const row = y * image.width;
    for (let k = 0; k < columns.from.length; k++) {
      line[columns.to[k]] += columns.weight[k] * image.pixels[row + columns.from[k]];
    }
    const top = y * height;
    const bottom = top + height;
    for (let j = Math.floor(top / image.height); j * image.height < bottom; j++) {
      const weight = Math.min(bottom, (j + 1) * image.height) - Math.max(top, j * image.height);
      for (let i = 0; i < width; i++) sums[j * width + i] += weight * line[i];
    }
  }
  const area = image.width * image.height;
  const half = Math.floor(area / 2);
  return { width, height, pixels: Uint8Array.from(sums, (sum) => Math.floor((sum + half) / area)) };
}

/** Every pair of a source and a target pixel that overlap along one side, with the length of the overlap. */
function overlaps(source: number, target: number): { from: Uint32Array; to: Uint32Array; weight: Float64Array } {
  const count = source + target;
  const from = new Uint32Array(count);
  const to = new Uint32Array(count);
  const weight = new Float64Array(count);
  let used = 0;
  for (let x = 0, i = 0; x < source && i < target; used++) {
    const start = Math.max(x * target, i * source);
    const end = Math.min((x + 1) * target, (i + 1) * source);
    from[used] = x;
    to[used] = i;
    weight[used] = end - start;
    if (end === (x + 1) * target) x++;
    if (end === (i + 1) * source) i++;
  }
  return { from: from.subarray(0, used), to: to.subarray(0, used), weight: weight.subarray(0, used) };
}
