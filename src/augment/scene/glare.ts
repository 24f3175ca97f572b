import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";
import { faceLight, facePlacement, smoothStep } from "./placement.js";

export interface Glare {
  /** Brightness of the reflections above the face. */
  readonly stops: number;
  /** Where in a lens the reflected window or lamp is, lens radii from its middle. */
  readonly place: number;
  /** Half its width, lens radii. */
  readonly width: number;
  /** Radians. */
  readonly angle: number;
  /** Thickness of the frame, half sides; 0 for rimless. */
  readonly frame: number;
}

/** Middle of the lenses in face coordinates (left and right by sign), and their radius. */
const LENS = { u: 0.38, v: -0.33, radius: 0.26 };
/** Lenses are wider than high. */
const FLATNESS = 1.25;
/** Brightness of the frame relative to the face. */
const FRAME_TONE = 0.12;

/** Glasses that mirror a window or a lamp, with their frame. Strength: the reflection's largest light above the face in stops. */
export const glare: Augmentation<"glare", Glare> = {
  name: "glare",
  stream: 15,
  draw(rng, { stops, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = {
      stops: stops * rng.uniform(),
      place: rng.between(-0.7, 0.7),
      width: rng.between(0.15, 0.7),
      angle: rng.uniform() * Math.PI,
      frame: Math.max(0, rng.between(-0.03, 0.07)),
    };
    return happens && stops > 0 ? drawn : undefined;
  },
  apply(planes, drawn) {
    const face = faceLight(planes);
    paint(planes, drawn, face, face * (2 ** drawn.stops - 1));
  },
  examples: ({ stops }) => [
    {
      title: "glare in glasses",
      at: (t) => ({
        drawn: { stops: t * stops, place: 0.2, width: 0.4, angle: 0.6, frame: 0.05 },
        label: `${(t * stops).toFixed(1)} stops`,
      }),
    },
  ],
};

function paint(planes: Planes, drawn: Glare, face: number, bright: number): void {
  const { light, side } = planes;
  const { u, ux, uy, v, vx, vy } = facePlacement(planes);
  const [cos, sin] = [Math.cos(drawn.angle), Math.sin(drawn.angle)];
  const rim = 1 + drawn.frame / LENS.radius;
  const soft = 1 / (side * LENS.radius);
  for (let y = 0; y < side; y++) {
    const first = (v + y * vy - LENS.v) / LENS.radius;
    const last = first + ((side - 1) * vx) / LENS.radius;
    // Most rows lie above or below both lenses.
    if (Math.min(first, last) > rim + soft || Math.max(first, last) < -rim - soft) continue;
    for (let x = 0, i = y * side; x < side; x++, i++) {
      const s = u + x * ux + y * uy;
      const a = (s - (s < 0 ? -LENS.u : LENS.u)) / LENS.radius / FLATNESS;
      const b = (v + x * vx + y * vy - LENS.v) / LENS.radius;
      const square = a * a + b * b;
      if (square > (rim + soft) * (rim + soft)) continue;
      const distance = Math.sqrt(square);
      const off = Math.abs(a * cos + b * sin - drawn.place) - drawn.width;
      light[i] += bright * smoothStep(0.15, -0.15, off) * smoothStep(1, 0.85, distance);
      const onFrame = smoothStep(1 - soft, 1 + soft, distance) * smoothStep(rim + soft, rim - soft, distance);
      if (drawn.frame > 0) light[i] += onFrame * (FRAME_TONE * face - light[i]);
    }
  }
}
