import type { Augmentation } from "../types.js";
import { smearKernel } from "./kernels.js";

export interface Smear {
  /** Working pixels. */
  readonly length: number;
  /** Radians, 0 to the right, growing clockwise. */
  readonly angle: number;
}

/** Shorter smears, in working pixels, change nothing visible. */
const LEAST = 0.5;

/** The head or the camera moves evenly while the shutter is open. Strength: the longest smear in input pixels; directions are even. */
export const motionBlur: Augmentation<"motionBlur", Smear> = {
  name: "motionBlur",
  stream: 18,
  draw(rng, { length, probability }, { pixel }) {
    const happens = rng.uniform() < probability;
    const drawn = { length: rng.uniform() * length * pixel, angle: rng.uniform() * Math.PI };
    return happens && drawn.length > LEAST ? drawn : undefined;
  },
  apply(planes, { length, angle }) {
    const { convolver } = planes;
    convolver.convolve(planes, smearKernel(convolver.kernel, Math.min(length, planes.side - 2), angle));
  },
  examples: ({ length }, { pixel }) =>
    [0, 60].map((degrees) => ({
      title: `motion blur, ${degrees}°`,
      at: (t: number) => ({
        drawn: { length: t * length * pixel, angle: (degrees * Math.PI) / 180 },
        label: `${(t * length).toFixed(1)} px`,
      }),
    })),
};
