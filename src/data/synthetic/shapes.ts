/** Coverage and textures shared by everything that is drawn. */
import { floor, imul, max, min } from "./math.js";

/** Value from 0 to 1 as `x` goes from `low` to `high`, with a smooth start and end. */
export function smooth(low: number, high: number, x: number): number {
  const t = min(1, max(0, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** Part of a sample of width `pixel` that lies inside an edge at signed distance `distance` (positive: outside). */
export function cover(distance: number, pixel: number): number {
  const part = 0.5 - distance / pixel;
  return part <= 0 ? 0 : min(1, part);
}

/** Bump of height 1 that falls to 0 at q = 1, where q is the squared relative distance from its centre. */
export function bump(q: number): number {
  return q >= 1 ? 0 : (1 - q) * (1 - q);
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** A hash of a cell, uniform in [0, 1). */
export function cellNoise(x: number, y: number, seed: number): number {
  let h = imul(x, 0x27d4eb2d) ^ imul(y, 0x165667b1) ^ seed;
  h = imul(h ^ (h >>> 15), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** Smooth noise with one value per unit cell, in [0, 1). */
export function valueNoise(x: number, y: number, seed: number): number {
  const x0 = floor(x);
  const y0 = floor(y);
  const u = x - x0;
  const v = y - y0;
  const s = u * u * (3 - 2 * u);
  const t = v * v * (3 - 2 * v);
  const top = mix(cellNoise(x0, y0, seed), cellNoise(x0 + 1, y0, seed), s);
  const bottom = mix(cellNoise(x0, y0 + 1, seed), cellNoise(x0 + 1, y0 + 1, seed), s);
  return mix(top, bottom, t);
}
