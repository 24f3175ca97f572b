/** Drawn faces as the network sees them. */
import { drawnCrop } from "#smilec/data/synthetic/people.js";
import { wholeBox } from "#smilec/locate/center.js";
import { resizeArea } from "#smilec/preprocess/resize.js";

export function drawnGrey(seed: number, index: number, size: number): Uint8Array {
  const { image } = drawnCrop(seed, index, 64);
  return resizeArea(image, wholeBox(64, 64), size);
}

/** Means over 5 x 5 pixels. */
export function boxMean(grey: Uint8Array, size: number): Uint8Array {
  return grey.map((_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)];
    let [sum, count] = [0, 0];
    for (let v = Math.max(0, y - 2); v <= Math.min(size - 1, y + 2); v++) {
      for (let u = Math.max(0, x - 2); u <= Math.min(size - 1, x + 2); u++) {
        sum += grey[v * size + u];
        count++;
      }
    }
    return Math.round(sum / count);
  });
}
