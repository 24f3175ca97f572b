import type { Augmentation, Example } from "../types.js";
import { signed } from "../types.js";
import { bend } from "./curve.js";

/** Exponent on grey values as fractions of the range: above 1 darkens the middle, below 1 lifts it. Strength s: 1/(1+s) to 1+s, logarithmic. */
export const gamma: Augmentation<"gamma", number> = {
  name: "gamma",
  stream: 30,
  draw(rng, strength) {
    const exponent = (1 + strength) ** signed(rng, 1);
    return strength === 0 ? undefined : exponent;
  },
  apply(planes, exponent) {
    bend(planes.curve, (value) => value ** exponent);
  },
  examples: (strength) => [towards("gamma, darker", 1 + strength), towards("gamma, lighter", 1 / (1 + strength))],
};

function towards(title: string, extreme: number): Example<number> {
  return { title, at: (t) => ({ drawn: extreme ** t, label: (extreme ** t).toFixed(2) }) };
}
