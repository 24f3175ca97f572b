/** Where things that belong to the face are, once the picture has been moved. */
import { mapPoint } from "../geometry/transform.js";
import type { Planes } from "../planes.js";

/** Face coordinates of pixel (x, y): (u + x ux + y uy, v + x vx + y vy), half sides of the source picture from its middle. */
export interface Placement {
  readonly u: number;
  readonly ux: number;
  readonly uy: number;
  readonly v: number;
  readonly vx: number;
  readonly vy: number;
}

/** Affine to first order about the middle: perspective bends a silhouette too little to matter. */
export function facePlacement({ transform, side }: Planes): Placement {
  const step = 2 / side;
  const reach = 0.5;
  const [u0, v0] = mapPoint(transform, 0, 0);
  const [u1, v1] = mapPoint(transform, reach, 0);
  const [u2, v2] = mapPoint(transform, 0, reach);
  const [ux, vx] = [((u1 - u0) * step) / reach, ((v1 - v0) * step) / reach];
  const [uy, vy] = [((u2 - u0) * step) / reach, ((v2 - v0) * step) / reach];
  const first = (side - 1) / 2;
  return { u: u0 - first * (ux + uy), ux, uy, v: v0 - first * (vx + vy), vx, vy };
}

/** Mean light of the picture's inner half, where the face is. */
export function faceLight({ light, side }: Planes): number {
  const from = side >> 2;
  const to = side - from;
  let sum = 0;
  for (let y = from; y < to; y++) for (let x = from; x < to; x++) sum += light[y * side + x];
  return sum / ((to - from) * (to - from));
}

/** 0 up to `low`, 1 from `high` on, smooth in between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = Math.max(0, Math.min(1, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
