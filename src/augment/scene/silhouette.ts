/** Head and shoulders against the background, as a table: how much of a point is the person. */
import { smoothStep } from "./placement.js";

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

const TABLE = Float32Array.from({ length: SIDE * SIDE }, (_, i) =>
  coverage(((i % SIDE) + 0.5) / SCALE - REACH, (Math.floor(i / SIDE) + 0.5) / SCALE - REACH),
);

function coverage(u: number, v: number): number {
  const head = (1 - Math.hypot(u / HEAD.width, v / HEAD.height)) * HEAD.width;
  const neck = Math.min(NECK.width - Math.abs(u), v - NECK.top);
  const shoulders = Math.min(SHOULDERS.width - Math.abs(u), v - SHOULDERS.top - SHOULDERS.slope * Math.abs(u) * 0.5);
  return smoothStep(-EDGE, EDGE, Math.max(head, neck, shoulders));
}

/** 1 on the person, 0 beside; any point. */
export function personAt(u: number, v: number): number {
  const x = (u + REACH) * SCALE;
  const y = (v + REACH) * SCALE;
  const column = x > 0 ? Math.min(SIDE - 1, x | 0) : 0;
  const row = y > 0 ? Math.min(SIDE - 1, y | 0) : 0;
  return TABLE[row * SIDE + column];
}
