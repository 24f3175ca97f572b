import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";
import { facePlacement } from "./placement.js";
import { drawPerson } from "./silhouette.js";

export interface Backlight {
  /** Brightness of the background above the face's. */
  readonly stops: number;
  /** Stray light over the whole picture, fraction of its mean light. */
  readonly veil: number;
  /** How far the light comes from one side only: 0 from everywhere behind, 1 from one side. */
  readonly sided: number;
  /** Direction the light comes from, radians. */
  readonly angle: number;
  /** How far exposure follows the mean of the picture, and so darkens the face: 0 not at all, 1 fully. */
  readonly metered: number;
  /** Width and height of the person, relative to the usual. */
  readonly width: number;
  readonly height: number;
}

/** Part of the background's own structure that stays visible. */
const STRUCTURE = 0.3;
/** Directions of light are cut into a ramp this many half sides wide. */
const RAMP = 1.2;

/**
 * A bright background - a window, a lamp behind, the sky - behind a face that gets no part of that light: the camera exposes for the mean, so
 * the face goes dark, and light straying in lens and cover lays a veil over it. Strengths: stops and veil; sidedness is even.
 */
export const backlight: Augmentation<"backlight", Backlight> = {
  name: "backlight",
  stream: 10,
  draw(rng, { stops, veil, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = {
      stops: stops * Math.sqrt(rng.uniform()),
      veil: veil * rng.uniform(),
      sided: rng.uniform(),
      angle: rng.between(-1, 0) * Math.PI,
      metered: Math.sqrt(rng.uniform()),
      width: rng.between(0.85, 1.15),
      height: rng.between(0.9, 1.1),
    };
    return happens && (stops > 0 || veil > 0) ? drawn : undefined;
  },
  apply(planes, drawn) {
    const means = coverPerson(planes, drawn);
    const after = lightBackground(planes, drawn, means.face);
    adjust(planes, (means.all / after) ** drawn.metered, drawn.veil * after);
  },
  examples: ({ stops, veil }) => [
    {
      title: "backlight",
      at: (t) => ({ drawn: example(t, stops, veil, 0), label: `${(t * stops).toFixed(1)} stops` }),
    },
    {
      title: "backlight from one side",
      at: (t) => ({ drawn: example(t, stops, veil, 1), label: `${(t * stops).toFixed(1)} stops` }),
    },
  ],
};

function example(t: number, stops: number, veil: number, sided: number): Backlight {
  return { stops: t * stops, veil: 0.5 * t * veil, sided, angle: -0.15 * Math.PI, metered: 1, width: 1, height: 1 };
}

/** Writes the person's coverage to `spare`; returns the mean light of the person and of the picture. */
function coverPerson(planes: Planes, { width, height }: Backlight): { face: number; all: number } {
  const { light, spare, side } = planes;
  drawPerson(spare, side, facePlacement(planes), width, height);
  let [covered, inside, all] = [0, 0, 0];
  for (let i = 0; i < side * side; i++) {
    covered += spare[i];
    inside += spare[i] * light[i];
    all += light[i];
  }
  const mean = Math.max(1e-6, all / (side * side));
  return { face: covered > 0 ? Math.max(1e-6, inside / covered) : mean, all: mean };
}

/** Replaces the background by a bright one where the light comes from; returns the picture's new mean light. */
function lightBackground({ light, spare, side }: Planes, drawn: Backlight, face: number): number {
  const bright = face * 2 ** drawn.stops;
  const structure = (STRUCTURE * bright) / face;
  const plain = (1 - STRUCTURE) * bright;
  const step = (2 / side) * RAMP;
  const [dx, dy] = [Math.cos(drawn.angle) * step, Math.sin(drawn.angle) * step];
  const first = 0.5 - ((side - 1) / 2) * (dx + dy);
  let sum = 0;
  for (let y = 0, i = 0; y < side; y++) {
    let ramp = first + y * dy;
    for (let x = 0; x < side; x++, i++, ramp += dx) {
      const lit = 1 - drawn.sided * (1 - (ramp > 0 ? Math.min(1, ramp) : 0));
      const value = light[i];
      const behind = value + lit * (plain + structure * value - value);
      light[i] = value + (1 - spare[i]) * (behind - value);
      sum += light[i];
    }
  }
  return Math.max(1e-6, sum / (side * side));
}

function adjust({ light, side }: Planes, factor: number, veil: number): void {
  for (let i = 0; i < side * side; i++) light[i] = (light[i] + veil) * factor;
}
