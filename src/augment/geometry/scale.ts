import { compose } from "./transform.js";
import type { Augmentation, Example } from "../types.js";

/** Size of the face relative to the picture's: below 1 a looser, above 1 a tighter face box; evenly distributed in the logarithm. */
export const scale: Augmentation<"scale", number> = {
  name: "scale",
  stream: 3,
  draw(rng, { smallest, largest }) {
    const low = Math.log(smallest);
    const factor = Math.exp(low + rng.uniform() * (Math.log(largest) - low));
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
