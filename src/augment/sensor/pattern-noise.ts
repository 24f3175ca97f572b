import { Rng } from "../../train/rng.js";
import { MID_GREY_STEP } from "../tone/tables.js";
import type { Augmentation } from "../types.js";

/** Standard deviations in grey levels at mid grey. */
export interface PatternNoise {
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
}

/** Rows and columns share amplifiers: each has an offset of its own, in linear light, seen best in shadows. */
export const patternNoise: Augmentation<"patternNoise", PatternNoise> = {
  name: "patternNoise",
  stream: 23,
  draw(rng, { deviation, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = { rows: rng.uniform() * deviation, columns: rng.uniform() * deviation, seed: rng.uint32() };
    return happens && deviation > 0 ? drawn : undefined;
  },
  apply(planes, { rows, columns, seed }) {
    const { light, spare, side } = planes;
    const rng = new Rng(seed);
    for (let x = 0; x < side; x++) spare[x] = columns * MID_GREY_STEP * rng.normal();
    for (let y = 0, i = 0; y < side; y++) {
      const offset = rows * MID_GREY_STEP * rng.normal();
      for (let x = 0; x < side; x++, i++) light[i] += offset + spare[x];
    }
  },
  examples: ({ deviation }) => [
    {
      title: "row noise",
      at: (t) => ({
        drawn: { rows: t * deviation, columns: 0, seed: 1 },
        label: `${(t * deviation).toFixed(1)} grey levels`,
      }),
    },
    {
      title: "column noise",
      at: (t) => ({
        drawn: { rows: 0, columns: t * deviation, seed: 1 },
        label: `${(t * deviation).toFixed(1)} grey levels`,
      }),
    },
  ],
};
