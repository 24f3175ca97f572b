import type { Augmentation } from "../types.js";

export interface Vignette {
  /** Darkening in the frame's corners. */
  readonly stops: number;
  /** Where the lens' axis meets the picture, half sides from its middle. */
  readonly x: number;
  readonly y: number;
}

/** Lenses are darker towards the corners: light falls with cos^4 of the angle to the axis, which is 1 / (1 + r^2)^2. */
export const vignette: Augmentation<"vignette", Vignette> = {
  name: "vignette",
  stream: 16,
  draw(rng, strength) {
    const drawn = { stops: rng.uniform() * strength, x: rng.between(-0.5, 0.5), y: rng.between(-0.5, 0.5) };
    return strength === 0 ? undefined : drawn;
  },
  apply({ light, side }, { stops, x, y }) {
    // r^2 is 2 in a corner of the frame.
    const steepness = (2 ** (stops / 2) - 1) / 2;
    const step = 2 / side;
    for (let row = 0, i = 0; row < side; row++) {
      const dy = (row + 0.5) * step - 1 - y;
      const far = 1 + steepness * dy * dy;
      let dx = 0.5 * step - 1 - x;
      for (let column = 0; column < side; column++, i++, dx += step) {
        const falloff = 1 / (far + steepness * dx * dx);
        light[i] *= falloff * falloff;
      }
    }
  },
  examples: (strength) => [
    {
      title: "vignetting",
      at: (t) => ({ drawn: { stops: t * strength, x: 0, y: 0 }, label: `${(t * strength).toFixed(1)} stops` }),
    },
  ],
};
