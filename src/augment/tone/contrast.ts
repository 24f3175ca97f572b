import type { Augmentation, Example } from "../types.js";
import { signed } from "../types.js";
import { bend } from "./curve.js";

/** Factor on the distance from mid grey, as the contrast register of a camera's signal processor. Strength s: 1/(1+s) to 1+s, logarithmic. */
export const contrast: Augmentation<"contrast", number> = {
  name: "contrast",
  stream: 31,
  draw(rng, strength) {
    const factor = (1 + strength) ** signed(rng, 1);
    return strength === 0 ? undefined : factor;
  },
  apply(planes, factor) {
    bend(planes.curve, (value) => 0.5 + (value - 0.5) * factor);
  },
  examples: (strength) => [towards("contrast, less", 1 / (1 + strength)), towards("contrast, more", 1 + strength)],
};

function towards(title: string, extreme: number): Example<number> {
  return { title, at: (t) => ({ drawn: extreme ** t, label: `x ${(extreme ** t).toFixed(2)}` }) };
}
