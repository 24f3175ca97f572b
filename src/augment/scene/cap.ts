import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";
import { faceLight, facePlacement, smoothStep } from "./placement.js";

export interface Cap {
  /** How far the brim comes down from the picture's upper edge, half sides. */
  readonly reach: number;
  /** Brightness of the cloth relative to the face. */
  readonly tone: number;
  /** Light that its shadow takes from the face just below the brim, fraction. */
  readonly shadow: number;
}

/** Depth of the brim's shadow, half sides. */
const SHADOW = 0.7;

/** A cap, hat or hood: cloth over forehead and hair, and its shadow over the eyes. Strength: how far it comes down, fraction of the side. */
export const cap: Augmentation<"cap", Cap> = {
  name: "cap",
  stream: 14,
  draw(rng, { reach, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = { reach: 2 * reach * rng.uniform(), tone: rng.between(0.05, 1.2), shadow: rng.between(0.2, 0.8) };
    return happens && reach > 0 ? drawn : undefined;
  },
  apply(planes, { reach, tone, shadow }) {
    paint(planes, reach - 1, tone * faceLight(planes), shadow);
  },
  examples: ({ reach }) => [
    {
      title: "cap",
      at: (t) => ({
        drawn: { reach: 2 * t * reach, tone: 0.15, shadow: 0.6 },
        label: `${Math.round(100 * t * reach)} %`,
      }),
    },
  ],
};

function paint(planes: Planes, brim: number, level: number, shadow: number): void {
  const { light, side } = planes;
  const { u, ux, uy, v, vx, vy } = facePlacement(planes);
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      const s = u + x * ux + y * uy;
      // The brim is a bow: lower in the middle.
      const below = v + x * vx + y * vy - brim + 0.25 * s * s;
      if (below > SHADOW) continue;
      const cloth = smoothStep(0.04, -0.04, below);
      const shaded = light[i] * (1 - shadow * smoothStep(SHADOW, 0, below));
      const crease = level * (0.8 + 0.4 * s * s - 0.3 * smoothStep(-0.16, -0.1, below));
      light[i] = cloth === 0 ? shaded : shaded + cloth * (crease - shaded);
    }
  }
}
