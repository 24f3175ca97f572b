import { type Augmentation, triangular } from "../types.js";
import { compose } from "./transform.js";

/** Turns the picture about its middle: a tilted head or camera. Drawn in degrees, clockwise. */
export const rotate: Augmentation<"rotate", number> = {
  name: "rotate",
  stream: 4,
  draw(rng, strength) {
    const degrees = triangular(rng, strength);
    return strength === 0 ? undefined : degrees;
  },
  apply(planes, degrees) {
    const cos = Math.cos((degrees * Math.PI) / 180);
    const sin = Math.sin((degrees * Math.PI) / 180);
    planes.transform = compose(planes.transform, [cos, sin, 0, -sin, cos, 0, 0, 0, 1]);
  },
  examples: (strength) => [
    { title: "rotation", at: (t) => ({ drawn: t * strength, label: `${(t * strength).toFixed(0)}°` }) },
  ],
};
