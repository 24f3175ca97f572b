import type { Augmentation } from "../types.js";

export interface Banding {
  /** Dip of the light between the bands' middle and edge, fraction. */
  readonly depth: number;
  /** Bands over the picture's height. */
  readonly bands: number;
  /** Turns. */
  readonly phase: number;
}

/**
 * Lamps on the mains flicker 100 or 120 times a second, and a rolling shutter sees every row at another time: bands across the picture. At 7 to 30
 * frames a second there are 3 to 17 in a frame, of which the picture is most.
 */
export const banding: Augmentation<"banding", Banding> = {
  name: "banding",
  stream: 12,
  draw(rng, { depth, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = { depth: depth * rng.uniform(), bands: rng.between(2, 12), phase: rng.uniform() };
    return happens && depth > 0 ? drawn : undefined;
  },
  apply({ light, side }, { depth, bands, phase }) {
    for (let y = 0, i = 0; y < side; y++) {
      const wave = Math.cos(2 * Math.PI * ((bands * (y + 0.5)) / side + phase));
      const factor = 1 - depth * (0.5 - 0.5 * wave);
      for (let x = 0; x < side; x++, i++) light[i] *= factor;
    }
  },
  examples: ({ depth }) => [
    {
      title: "banding",
      at: (t) => ({ drawn: { depth: t * depth, bands: 5, phase: 0 }, label: `${Math.round(100 * t * depth)} %` }),
    },
  ],
};
