import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";
import { faceLight } from "./placement.js";

export interface Hand {
  /** How far the longest finger comes in, half sides. */
  readonly reach: number;
  /** Edge it comes from: 0 left, 1 top, 2 right. Not from below, where it would hide the mouth. */
  readonly edge: number;
  /** Along the edge, half sides from its middle. */
  readonly place: number;
  /** Radians off the perpendicular. */
  readonly tilt: number;
  /** Brightness relative to the face. */
  readonly tone: number;
}

const FINGERS = 4;
/** Half sides. */
const FINGER_WIDTH = 0.25;
/** Lengths relative to the longest finger, in face units: index to little finger. */
const SHORTER_BY = [0.08, 0, 0.06, 0.22];

/** Fingers in front of the lens or at the cheek: a part of the face is hidden. Strength: how far they come in, fraction of the side. */
export const hand: Augmentation<"hand", Hand> = {
  name: "hand",
  stream: 13,
  draw(rng, { reach, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = {
      reach: 2 * reach * rng.uniform(),
      edge: rng.below(3),
      place: rng.between(-0.7, 0.4),
      tilt: rng.between(-0.5, 0.5),
      tone: rng.between(0.4, 1.5),
    };
    return happens && reach > 0 ? drawn : undefined;
  },
  apply(planes, drawn) {
    const level = drawn.tone * faceLight(planes);
    const angle = drawn.edge * (Math.PI / 2) + drawn.tilt;
    // Inwards from the edge: right, down, left.
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    const [bx, by] = [
      [-1, drawn.place],
      [drawn.place, -1],
      [1, drawn.place],
    ][drawn.edge];
    paint(planes, { dx, dy, bx, by, reach: drawn.reach, level });
  },
  examples: ({ reach }) => [
    {
      title: "hand",
      at: (t) => ({
        drawn: { reach: 2 * t * reach, edge: 0, place: -0.1, tilt: 0.3, tone: 0.9 },
        label: `${Math.round(100 * t * reach)} %`,
      }),
    },
  ],
};

interface Fingers {
  readonly dx: number;
  readonly dy: number;
  readonly bx: number;
  readonly by: number;
  readonly reach: number;
  readonly level: number;
}

function paint({ light, side }: Planes, { dx, dy, bx, by, reach, level }: Fingers): void {
  const step = 2 / side;
  const radius = FINGER_WIDTH / 2;
  for (let y = 0, i = 0; y < side; y++) {
    const py = (y + 0.5) * step - 1 - by;
    for (let x = 0; x < side; x++, i++) {
      const px = (x + 0.5) * step - 1 - bx;
      const along = px * dx + py * dy;
      if (along > reach) continue;
      const across = (py * dx - px * dy) / FINGER_WIDTH + FINGERS / 2;
      const finger = Math.max(0, Math.min(FINGERS - 1, Math.floor(across)));
      const beside = (across - finger - 0.5) * FINGER_WIDTH;
      const tip = Math.max(0, along - (reach - SHORTER_BY[finger] - radius));
      const outwards = Math.sqrt(beside * beside + tip * tip) / radius;
      const cover = Math.min(1, ((1 - outwards) * radius) / step + 0.5);
      if (cover <= 0) continue;
      const shown = level * (0.45 + 0.55 * Math.sqrt(Math.max(0, 1 - outwards * outwards)));
      // Fingers lie side by side: between them is shadow, not what is behind.
      const between = tip === 0 && across > 0.5 && across < FINGERS - 0.5;
      light[i] += (between ? 1 : cover) * (shown - light[i]);
    }
  }
}
