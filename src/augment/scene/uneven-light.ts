import type { Augmentation } from "../types.js";

export interface UnevenLight {
  /** Darkening of the dark side. */
  readonly stops: number;
  /** Direction towards the dark side, radians. */
  readonly angle: number;
  /** Distance of the edge's middle from the picture's, half sides. */
  readonly place: number;
  /** Width of the edge, half sides. */
  readonly width: number;
}

/** Light from one side, or a shadow across the face: darker beyond a soft straight edge. Strength: the largest darkening in stops. */
export const unevenLight: Augmentation<"unevenLight", UnevenLight> = {
  name: "unevenLight",
  stream: 11,
  draw(rng, strength) {
    const drawn = {
      stops: rng.uniform() * strength,
      angle: rng.uniform() * 2 * Math.PI,
      place: rng.between(-1, 1),
      width: rng.between(0.3, 2.6),
    };
    return strength === 0 ? undefined : drawn;
  },
  apply({ light, side }, { stops, angle, place, width }) {
    const dark = 1 - 2 ** -stops;
    const step = 2 / side / width;
    const [dx, dy] = [Math.cos(angle) * step, Math.sin(angle) * step];
    const first = 0.5 - place / width - ((side - 1) / 2) * (dx + dy);
    for (let y = 0, i = 0; y < side; y++) {
      let ramp = first + y * dy;
      for (let x = 0; x < side; x++, i++, ramp += dx) {
        if (ramp > 0) light[i] *= 1 - dark * Math.min(1, ramp);
      }
    }
  },
  examples: (strength) => [
    {
      title: "uneven light",
      at: (t) => ({
        drawn: { stops: t * strength, angle: 0.3, place: 0, width: 0.8 },
        label: `${(t * strength).toFixed(1)} stops`,
      }),
    },
  ],
};
