/** Picture sources in memory for tests of training. */
import type { PictureSource } from "#smilec/data/types.js";
import { Rng } from "#smilec/train/rng.js";

/** A source over pictures of `size` x `size` grey pixels. */
export function memorySource(size: number, pictures: readonly Uint8Array[], labels: readonly number[]): PictureSource {
  return {
    count: pictures.length,
    size,
    labels: Uint8Array.from(labels),
    read(indices, out) {
      for (let i = 0; i < indices.length; i++) out.set(pictures[indices[i]], i * size * size);
    },
    close() {},
  };
}

/** Noisy pictures of bars, label 0 upright and label 1 level: learnable in a few steps. Every `stride`-th picture has label 1. */
export function barSource(size: number, count: number, seed: number, stride = 2): PictureSource {
  const labels = Array.from({ length: count }, (_, i) => (i % stride === stride - 1 ? 1 : 0));
  const pictures = labels.map((label, i) => {
    const rng = new Rng(seed, i);
    const period = 3 + rng.below(4);
    const phase = rng.below(period);
    return Uint8Array.from({ length: size * size }, (_, at) => {
      const along = label === 1 ? Math.floor(at / size) : at % size;
      const bar = (along + phase) % period < period / 2 ? 170 : 80;
      return Math.max(0, Math.min(255, Math.round(bar + 25 * rng.normal())));
    });
  });
  return memorySource(size, pictures, labels);
}
