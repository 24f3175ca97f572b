/** preprocess() of many whole square pictures of one size: the same values, with its tables and buffers made once. */
import { normalize } from "./normalize.js";
import type { PreprocessSpec } from "./types.js";

/** Larger pictures would need more than 32 bits for sums: 255 * 2896^2 < 2^31. */
const LARGEST_SIDE = 2896;

export class SquarePreprocessor {
  /** Source lines that one output line overlaps, at most; all outputs are given that many. */
  private readonly taps: number;
  /** Per output line: the first of its source lines. */
  private readonly first: Int32Array;
  /** Overlaps in units of 1/out of a source line: `taps` per output line. */
  private readonly weights: Int32Array;
  /** Sums over columns: one row of `spec.size` per source row. */
  private readonly sums: Int32Array;
  private readonly line: Int32Array;
  private readonly pixels: Uint8Array;

  /** @param size side of the pictures in pixels, 1 to 2896 */
  constructor(
    private readonly size: number,
    private readonly spec: PreprocessSpec,
  ) {
    if (size > LARGEST_SIDE) throw new RangeError(`pictures of ${size} pixels are too large`);
    const out = spec.size;
    const overlaps = Array.from({ length: out }, (_, i) => overlapsOf(i, size, out));
    this.taps = Math.max(...overlaps.map(({ weights }) => weights.length));
    // The last outputs begin earlier, with weights 0, so as not to reach beyond the picture.
    this.first = Int32Array.from(overlaps, ({ first }) => Math.min(first, size - this.taps));
    this.weights = new Int32Array(out * this.taps);
    overlaps.forEach(({ first, weights }, i) => {
      this.weights.set(weights, i * this.taps + first - this.first[i]);
    });
    this.sums = new Int32Array(size * out);
    this.line = new Int32Array(out);
    this.pixels = new Uint8Array(out * out);
  }

  /** size * size grey pixels to [spec.size, spec.size, 1]. */
  run(source: Uint8Array, out: Int8Array): void {
    if (this.size === this.spec.size) this.pixels.set(source.subarray(0, this.pixels.length));
    else this.resize(source);
    normalize(this.pixels, this.spec.normalize, out);
  }

  private resize(source: Uint8Array): void {
    if (this.taps === 2) {
      this.sumTwoColumns(source);
      this.sumTwoRows();
      return;
    }
    this.sumColumns(source);
    for (let j = 0; j < this.spec.size; j++) this.sumRows(j);
  }

  /** Training pictures are a third larger than the input, or less: two lines to each output. */
  private sumTwoColumns(source: Uint8Array): void {
    const { size, first, weights, sums } = this;
    const out = this.spec.size;
    for (let y = 0, at = 0; y < size; y++) {
      const row = y * size;
      for (let i = 0; i < out; i++, at++) {
        const from = row + first[i];
        sums[at] = Math.imul(weights[2 * i], source[from]) + Math.imul(weights[2 * i + 1], source[from + 1]);
      }
    }
  }

  private sumTwoRows(): void {
    const { size, first, weights, sums, pixels } = this;
    const out = this.spec.size;
    const area = size * size;
    const half = Math.floor(area / 2);
    for (let j = 0, at = 0; j < out; j++) {
      const upper = weights[2 * j];
      const lower = weights[2 * j + 1];
      for (let i = 0, row = first[j] * out; i < out; i++, row++, at++) {
        pixels[at] = (half + Math.imul(upper, sums[row]) + Math.imul(lower, sums[row + out])) / area;
      }
    }
  }

  private sumColumns(source: Uint8Array): void {
    const { size, first, weights, sums, taps } = this;
    const out = this.spec.size;
    for (let y = 0, at = 0; y < size; y++) {
      const row = y * size;
      for (let i = 0, k = 0; i < out; i++, at++) {
        let sum = 0;
        for (let from = row + first[i], end = from + taps; from < end; from++)
          sum += Math.imul(weights[k++], source[from]);
        sums[at] = sum;
      }
    }
  }

  private sumRows(j: number): void {
    const { size, first, weights, sums, line, pixels, taps } = this;
    const out = this.spec.size;
    const area = size * size;
    line.fill(Math.floor(area / 2));
    for (let k = 0, row = first[j] * out; k < taps; k++, row += out) {
      const weight = weights[j * taps + k];
      for (let i = 0; i < out; i++) line[i] += Math.imul(weight, sums[row + i]);
    }
    for (let i = 0; i < out; i++) pixels[j * out + i] = line[i] / area;
  }
}

/** Overlaps of output line i with the source lines, in units of 1/out of a source line (docs/preprocessing.md, "Resize"). */
function overlapsOf(i: number, size: number, out: number): { first: number; weights: number[] } {
  const from = i * size;
  const to = from + size;
  const first = Math.floor(from / out);
  const last = Math.ceil(to / out);
  const weights = Array.from({ length: last - first }, (_, k) => {
    return Math.min(to, (first + k + 1) * out) - Math.max(from, (first + k) * out);
  });
  return { first, weights };
}
