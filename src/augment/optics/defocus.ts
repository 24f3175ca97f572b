import type { Augmentation } from "../types.js";
import { discKernel } from "./kernels.js";

/** Radii smaller than this, in working pixels, light no second pixel. */
const LEAST = 0.5;

/** A face out of focus: every point becomes a disc. Drawn: its radius in working pixels; strength in input pixels. */
export const defocus: Augmentation<"defocus", number> = {
  name: "defocus",
  stream: 17,
  draw(rng, { radius, probability }, { pixel }) {
    const happens = rng.uniform() < probability;
    const drawn = rng.uniform() * radius * pixel;
    return happens && drawn > LEAST ? drawn : undefined;
  },
  apply(planes, radius) {
    const { convolver } = planes;
    convolver.convolve(planes, discKernel(convolver.kernel, Math.min(radius, planes.side / 2)));
  },
  examples: ({ radius }, { pixel }) => [
    { title: "defocus", at: (t) => ({ drawn: t * radius * pixel, label: `${(t * radius).toFixed(1)} px` }) },
  ],
};
