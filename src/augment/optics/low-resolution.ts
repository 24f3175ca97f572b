import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";

/**
 * A face far away: few sensor pixels across the picture, each with the mean of the light on it. What follows happens on these pixels, and the
 * picture is enlarged at the end (enlarge). Drawn: pixels across, evenly from the strength's fewest to the working size.
 */
export const lowResolution: Augmentation<"lowResolution", number> = {
  name: "lowResolution",
  stream: 21,
  draw(rng, { pixels, probability }, { size }) {
    const happens = rng.uniform() < probability;
    const across = Math.round(size - rng.uniform() * (size - pixels));
    return happens && across < size ? across : undefined;
  },
  apply(planes, across) {
    const { side } = planes;
    averageRows(planes.light, planes.spare, side, side, across);
    averageRows(planes.spare, planes.light, across, side, across);
    planes.side = across;
  },
  examples: ({ pixels }, { size }) => [
    {
      title: "low resolution",
      at: (t) => {
        const across = Math.round(size - t * Math.max(0, size - pixels));
        return { drawn: across, label: `${across} pixels` };
      },
    },
  ],
};

/** Averages each of `rows` rows of `length` to `across` values and writes the result transposed, so that twice does both directions. */
function averageRows(source: Float32Array, out: Float32Array, rows: number, length: number, across: number): void {
  const width = length / across;
  for (let y = 0; y < rows; y++) {
    const row = y * length;
    for (let i = 0, x = 0; i < across; i++) {
      const end = Math.min(length, (i + 1) * width);
      let position = i * width;
      let sum = 0;
      while (x < length && x + 1 <= end) {
        sum += (x + 1 - position) * source[row + x];
        position = ++x;
      }
      if (x < length && end > position) sum += (end - position) * source[row + x];
      out[i * rows + y] = sum / width;
    }
  }
}

/** Enlarges `grey` to the working size, bilinearly, as a signal processor's digital zoom does. */
export function enlarge(planes: Planes): void {
  const { side, size, grey, spareGrey } = planes;
  if (side === size) return;
  // Columns are the same in all rows: where each is taken from, and how much from the pixel to its right.
  const { light: fractions, spare: lefts } = planes;
  const right = side > 1 ? 1 : 0;
  const below = side * right;
  for (let x = 0; x < size; x++) {
    const position = placed(x, side, size);
    lefts[x] = Math.min(Math.floor(position), Math.max(0, side - 2));
    fractions[x] = position - lefts[x];
  }
  for (let y = 0, at = 0; y < size; y++) {
    const position = placed(y, side, size);
    const top = Math.min(Math.floor(position), Math.max(0, side - 2));
    const fy = position - top;
    for (let x = 0; x < size; x++, at++) {
      const fx = fractions[x];
      const from = top * side + (lefts[x] | 0);
      const upper = grey[from] + fx * (grey[from + right] - grey[from]);
      const lower = grey[from + below] + fx * (grey[from + below + right] - grey[from + below]);
      spareGrey[at] = (upper + fy * (lower - upper) + 0.5) | 0;
    }
  }
  grey.set(spareGrey);
  planes.side = size;
}

/** Source position of an output pixel's centre, kept inside the picture. */
function placed(pixel: number, side: number, size: number): number {
  return Math.max(0, Math.min(side - 1, ((pixel + 0.5) * side) / size - 0.5));
}
