import { type Augmentation, triangular } from "../types.js";
import { compose } from "./transform.js";

/**
 * Rows are read one after the other, so what moves sideways is sheared: the bottom row is later than the top row by the read-out time.
 * Drawn: how far the bottom row is shifted to the right against the top row, fraction of the picture's side.
 */
export const rollingShutter: Augmentation<"rollingShutter", number> = {
  name: "rollingShutter",
  stream: 6,
  draw(rng, strength) {
    const skew = triangular(rng, strength);
    return strength === 0 ? undefined : skew;
  },
  apply(planes, skew) {
    planes.transform = compose(planes.transform, [1, -skew, 0, 0, 1, 0, 0, 0, 1]);
  },
  examples: (strength) => [
    {
      title: "rolling-shutter skew",
      at: (t) => ({ drawn: t * strength, label: `${(100 * t * strength).toFixed(0)} %` }),
    },
  ],
};
