import { type Augmentation, type Example, triangular } from "../types.js";
import { compose } from "./transform.js";

/** Size of the face relative to the picture's: below 1 a looser, above 1 a tighter face box. Strengths: the extremes; the middle is 1. */
export const scale: Augmentation<"scale", number> = {
  name: "scale",
  stream: 3,
  draw(rng, { smallest, largest }) {
    const drawn = triangular(rng, 1);
    const factor = drawn < 0 ? smallest ** -drawn : largest ** drawn;
    return smallest === 1 && largest === 1 ? undefined : factor;
  },
  apply(planes, factor) {
    planes.transform = compose(planes.transform, [1 / factor, 0, 0, 0, 1 / factor, 0, 0, 0, 1]);
  },
  examples: ({ smallest, largest }) => [
    towards("scale, loose face box", smallest),
    towards("scale, tight face box", largest),
  ],
};

function towards(title: string, extreme: number): Example<number> {
  return { title, at: (t) => ({ drawn: extreme ** t, label: `x ${(extreme ** t).toFixed(2)}` }) };
}
