/** preprocess() of many whole square pictures of one size: the same values, with its tables and buffers made once. */
import { normalize } from "./normalize.js";
import type { PreprocessSpec } from "./types.js";

export class SquarePreprocessor {
  /** Per output line: the first source line it overlaps, and where its overlaps begin in `weights`. */
  private readonly first: Int32Array;
  private readonly start: Int32Array;
  private readonly weights: Float64Array;
  /** Sums over columns: one row of `spec.size` per source row. */
  private readonly sums: Float64Array;
  private readonly line: Float64Array;
  private readonly pixels: Uint8Array;

  /** @param size side of the pictures in pixels, 1 to MAX_BOX_SIDE (resize.ts) */
  constructor(
    private readonly size: number,
    private readonly spec: PreprocessSpec,
  ) {
    const out = spec.size;
    const overlaps = Array.from({ length: out }, (_, i) => overlapsOf(i, size, out));
    this.first = Int32Array.from(overlaps, ({ first }) => first);
    this.weights = Float64Array.from(overlaps.flatMap(({ weights }) => weights));
    this.start = new Int32Array(out + 1);
    overlaps.forEach(({ weights }, i) => {
      this.start[i + 1] = this.start[i] + weights.length;
    });
    this.sums = new Float64Array(size * out);
    this.line = new Float64Array(out);
    this.pixels = new Uint8Array(out * out);
  }

  /** size * size grey pixels to [spec.size, spec.size, 1]. */
  run(source: Uint8Array, out: Int8Array): void {
    if (this.size === this.spec.size) this.pixels.set(source.subarray(0, this.pixels.length));
    else this.resize(source);
    normalize(this.pixels, this.spec.normalize, out);
  }

  private resize(source: Uint8Array): void {
    const { size, first, start, weights, sums } = this;
    const out = this.spec.size;
    for (let y = 0, at = 0; y < size; y++) {
      const row = y * size;
      for (let i = 0; i < out; i++, at++) {
        let sum = 0;
        for (let k = start[i], from = row + first[i]; k < start[i + 1]; k++, from++) sum += weights[k] * source[from];
        sums[at] = sum;
      }
    }
    for (let j = 0; j < out; j++) this.finishRow(j);
  }

  private finishRow(j: number): void {
    const { size, first, start, weights, sums, line, pixels } = this;
    const out = this.spec.size;
    const area = size * size;
    line.fill(Math.floor(area / 2));
    for (let k = start[j], row = first[j] * out; k < start[j + 1]; k++, row += out) {
      const weight = weights[k];
      for (let i = 0; i < out; i++) line[i] += weight * sums[row + i];
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
