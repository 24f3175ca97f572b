/** How far boxes lie on each other. */
import type { Box } from "../../data/types.js";

/** Area that two boxes share, pixels. */
export function shared(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const both = shared(a, b);
  return both === 0 ? 0 : both / (a.width * a.height + b.width * b.height - both);
}

/** Whether the middle of `inner` lies in `outer`. */
export function holdsMiddle(outer: Box, inner: Box): boolean {
  const x = inner.x + inner.width / 2;
  const y = inner.y + inner.height / 2;
  return x >= outer.x && y >= outer.y && x < outer.x + outer.width && y < outer.y + outer.height;
}

/** Distance of two boxes' middles in widths of the first. */
export function middleDistance(truth: Box, found: Box): number {
  const dx = found.x + found.width / 2 - truth.x - truth.width / 2;
  const dy = found.y + found.height / 2 - truth.y - truth.height / 2;
  return Math.hypot(dx, dy) / truth.width;
}
