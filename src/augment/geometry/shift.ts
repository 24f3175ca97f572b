import { type Augmentation, triangular } from "../types.js";
import { compose } from "./transform.js";

/** Right and down, fractions of the picture's side. */
export interface Shift {
  readonly x: number;
  readonly y: number;
}

/** Moves the picture: the face is not where the locator thinks. Strength: the largest shift in each direction, fraction of the side. */
export const shift: Augmentation<"shift", Shift> = {
  name: "shift",
  stream: 2,
  draw(rng, strength) {
    const drawn = { x: triangular(rng, strength), y: triangular(rng, strength) };
    return strength === 0 ? undefined : drawn;
  },
  apply(planes, { x, y }) {
    planes.transform = compose(planes.transform, [1, 0, -2 * x, 0, 1, -2 * y, 0, 0, 1]);
  },
  examples: (strength) => [
    {
      title: "shift",
      at: (t) => ({ drawn: { x: t * strength, y: t * strength }, label: `${Math.round(100 * t * strength)} %` }),
    },
  ],
};
