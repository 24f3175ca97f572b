import type { Augmentation } from "../types.js";
import { bend } from "./curve.js";

/** Fractions of the range. */
export interface Toe {
  /** Grey that the curve's straight part would turn black. */
  readonly level: number;
  /** Half the width of the bend around it, at most `level`. */
  readonly softness: number;
}

/**
 * The toe of a cheap camera's tone curve: black is set too high. Below `level - softness` all is black; up to the knee, `level + softness`,
 * contrast grows from nothing; above it the curve is straight and meets white.
 */
export const crushedShadows: Augmentation<"crushedShadows", Toe> = {
  name: "crushedShadows",
  stream: 32,
  draw(rng, { level, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = level * rng.uniform();
    const softness = drawn * rng.between(0.1, 1);
    return happens && level > 0 ? { level: drawn, softness } : undefined;
  },
  apply(planes, { level, softness }) {
    const top = 1 - level;
    bend(planes.curve, (value) => {
      const above = value - level + softness;
      if (above <= 0) return 0;
      return (value < level + softness ? (above * above) / (4 * softness) : value - level) / top;
    });
  },
  examples: ({ level }) => [
    {
      title: "crushed shadows",
      at: (t) => ({
        drawn: { level: t * level, softness: 0.3 * t * level },
        label: `black at ${(100 * t * level).toFixed(0)} %`,
      }),
    },
  ],
};
