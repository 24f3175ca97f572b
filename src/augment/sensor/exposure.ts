import { type Augmentation, type Example, triangular, withSign } from "../types.js";

/** Exposure time and light: each stop doubles what reaches the sensor, which is full at 1. Drawn in stops. */
export const exposure: Augmentation<"exposure", number> = {
  name: "exposure",
  stream: 20,
  draw(rng, strength) {
    const stops = triangular(rng, strength);
    return strength === 0 ? undefined : stops;
  },
  apply({ light, side }, stops) {
    const factor = 2 ** stops;
    for (let i = 0; i < side * side; i++) light[i] *= factor;
  },
  examples: (strength) => [towards("exposure, under", -strength), towards("exposure, over", strength)],
};

function towards(title: string, extreme: number): Example<number> {
  return { title, at: (t) => ({ drawn: t * extreme, label: `${withSign(t * extreme, 1)} stops` }) };
}
