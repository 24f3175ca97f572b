import { Rng } from "../../train/rng.js";
import type { Augmentation } from "../types.js";

export interface HotPixels {
  /** Share of the pixels. */
  readonly share: number;
  readonly seed: number;
}

/** Least light a hot pixel adds; the most is 1. */
const LEAST = 0.15;

/** Leaking pixels that show light where there is none. Strength: the largest share of pixels. */
export const hotPixels: Augmentation<"hotPixels", HotPixels> = {
  name: "hotPixels",
  stream: 24,
  draw(rng, { share, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = { share: rng.uniform() * share, seed: rng.uint32() };
    return happens && share > 0 ? drawn : undefined;
  },
  apply({ light, side }, { share, seed }) {
    const rng = new Rng(seed);
    for (let left = Math.round(share * side * side); left > 0; left--) {
      light[rng.below(side * side)] += rng.between(LEAST, 1);
    }
  },
  examples: ({ share }) => [
    {
      title: "hot pixels",
      at: (t) => ({ drawn: { share: t * share, seed: 1 }, label: `${(1000 * t * share).toFixed(1)} in 1000` }),
    },
  ],
};
