import type { Augmentation } from "../types.js";
import { compose } from "./transform.js";

/** Mirrors half of the pictures left to right; faces are as often seen either way. */
export const flip: Augmentation<"flip", true> = {
  name: "flip",
  stream: 1,
  draw(rng, strength) {
    const mirrored = rng.uniform() < 0.5;
    return mirrored && strength ? true : undefined;
  },
  apply(planes) {
    planes.transform = compose(planes.transform, [-1, 0, 0, 0, 1, 0, 0, 0, 1]);
  },
  examples: (strength) =>
    strength ? [{ title: "flip", constant: true, at: () => ({ drawn: true, label: "mirrored" }) }] : [],
};
