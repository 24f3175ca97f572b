/** Head and shoulders against the background, as a table: how much of a point is the person. */
import { type Placement, smoothStep } from "./placement.js";

/** Points across the table, which spans -REACH to REACH face coordinates each way. */
const SIDE = 256;
const REACH = 2.2;
const SCALE = SIDE / (2 * REACH);

/** Half widths of the head in face coordinates: the crop's middle ellipse, hair and ears included. */
const HEAD = { width: 0.84, height: 1.08 };
/** Neck and shoulders below the chin. */
const NECK = { width: 0.5, top: 0.6 };
const SHOULDERS = { top: 1.15, slope: 0.45, width: 2 };
/** Half the width of the edge. */
const EDGE = 0.07;

/** Coverage from 0 to 255. */
const TABLE = Uint8Array.from(
  { length: SIDE * SIDE },
  (_, i) => 255 * coverage(((i % SIDE) + 0.5) / SCALE - REACH, (Math.floor(i / SIDE) + 0.5) / SCALE - REACH),
);

function coverage(u: number, v: number): number {
  const head = (1 - Math.hypot(u / HEAD.width, v / HEAD.height)) * HEAD.width;
  const neck = Math.min(NECK.width - Math.abs(u), v - NECK.top);
  const shoulders = Math.min(SHOULDERS.width - Math.abs(u), v - SHOULDERS.top - SHOULDERS.slope * Math.abs(u) * 0.5);
  return smoothStep(-EDGE, EDGE, Math.max(head, neck, shoulders));
}

/**
 * Writes how much of each pixel is the person, 1 on it and 0 beside, to `out`. The person may be wider or higher than usual by a factor.
 */
export function drawPerson(out: Float32Array, side: number, face: Placement, width: number, height: number): void {
  const [across, down] = [SCALE / width, SCALE / height];
  const [ux, vx] = [face.ux * across, face.vx * down];
  for (let y = 0, i = 0; y < side; y++) {
    let s = (face.u + y * face.uy) * across + REACH * SCALE;
    let t = (face.v + y * face.vy) * down + REACH * SCALE;
    for (let x = 0; x < side; x++, i++) {
      const column = s > 0 ? (s < SIDE ? s | 0 : SIDE - 1) : 0;
      const row = t > 0 ? (t < SIDE ? t | 0 : SIDE - 1) : 0;
      out[i] = TABLE[row * SIDE + column] / 255;
      s += ux;
      t += vx;
    }
  }
}
