import type { Augmentation } from "../types.js";
import { compose } from "./transform.js";

/** Relative growth from the middle to the edge, by direction: x right, y down. */
export interface Perspective {
  readonly x: number;
  readonly y: number;
}

/**
 * Foreshortening: a camera that looks from below, above or the side. A point at distance r from the middle towards the drawn direction, in
 * half sides, is shown at r / (1 - a r): `a` is the relative growth at the edge, to first order. Direction and strength are drawn evenly.
 */
export const perspective: Augmentation<"perspective", Perspective> = {
  name: "perspective",
  stream: 5,
  draw(rng, strength) {
    const amount = rng.uniform() * strength;
    const angle = rng.uniform() * 2 * Math.PI;
    return strength === 0 ? undefined : { x: amount * Math.cos(angle), y: amount * Math.sin(angle) };
  },
  apply(planes, { x, y }) {
    planes.transform = compose(planes.transform, [1, 0, 0, 0, 1, 0, x, y, 1]);
  },
  examples: (strength) => [
    {
      title: "perspective",
      at: (t) => ({
        drawn: { x: 0.6 * t * strength, y: 0.8 * t * strength },
        label: t === 0 ? "0" : (t * strength).toFixed(2),
      }),
    },
  ],
};
