import type { Config } from "../config/schema.js";
import type { PictureSource } from "../data/types.js";
import { networkInputs } from "../train/evaluate.js";

/** Network inputs of the training pictures that activation ranges are measured on. */
export function calibrationPictures(train: PictureSource, { input, quantize }: Config): Generator<Int8Array> {
  return pictureInputs(train, input, spread(train.count, quantize.calibration));
}

/** Network inputs of chosen pictures, in their order. */
export function* pictureInputs(
  source: PictureSource,
  spec: Config["input"],
  indices: readonly number[],
): Generator<Int8Array> {
  const wanted = new Set(indices);
  let index = 0;
  for (const picture of networkInputs(source, spec)) if (wanted.has(index++)) yield picture;
}

/** `count` indices spread evenly over 0..total-1; all of them when there are fewer. */
export function spread(total: number, count: number): number[] {
  const used = Math.min(total, count);
  return Array.from({ length: used }, (_, i) => Math.floor((i * total) / used));
}
