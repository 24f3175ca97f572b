import { Rng } from "../../train/rng.js";
import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";
import { type NoiseLevel, noiseLevel } from "./model.js";
import { NORMALS, rowOffset } from "./normals.js";

export interface Noise {
  /** Amplification, 1 and more. */
  readonly gain: number;
  readonly seed: number;
}

/**
 * Photons come one by one and amplifiers hiss: variance grows linearly with light, and both with the gain. In linear light, before the tone
 * curve, which is why shadows show it most. Strength: the largest gain; its square root, as noise itself, is evenly distributed.
 */
export const noise: Augmentation<"noise", Noise> = {
  name: "noise",
  stream: 22,
  draw(rng, { gain, probability }) {
    const happens = rng.uniform() < probability;
    const root = 1 + rng.uniform() * (Math.sqrt(gain) - 1);
    const seed = rng.uint32();
    return happens ? { gain: root * root, seed } : undefined;
  },
  apply(planes, drawn) {
    const { sensor } = planes;
    const gain = Math.min(drawn.gain, sensor.greatestGain);
    addNoise(planes, noiseLevel(sensor, gain, binning(planes)), new Rng(drawn.seed));
  },
  examples: ({ gain }) => [
    {
      title: "sensor noise",
      at: (t) => ({
        drawn: { gain: (1 + t * (Math.sqrt(gain) - 1)) ** 2, seed: 1 },
        label: `gain ${((1 + t * (Math.sqrt(gain) - 1)) ** 2).toFixed(1)}`,
      }),
    },
  ],
};

/** Sensor pixels that are averaged into one of the picture: none where the picture has the sensor's own pixels. */
function binning({ sensor, side, size }: Planes): number {
  return side < size ? 1 : Math.max(1, sensor.pixels / size) ** 2;
}

function addNoise({ light, side }: Planes, { shot, read }: NoiseLevel, rng: Rng): void {
  for (let y = 0, i = 0; y < side; y++) {
    const shift = rowOffset(rng) - i;
    for (const end = i + side; i < end; i++) {
      const value = light[i];
      light[i] = value + NORMALS[i + shift] * Math.sqrt(value > 0 ? read + shot * value : read);
    }
  }
}
