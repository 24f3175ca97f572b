/** Random windows of convolutions and pools. */
import type { Padding } from "#smilec/graph/types.js";
import type { Random } from "../random.js";

const PADDINGS: readonly Padding[] = ["SAME", "VALID"];

export function randomWindow(random: Random, filterH: number, filterW: number) {
  const dilated = random.chance(0.25);
  return {
    padding: random.pick(PADDINGS),
    strideH: random.integer(1, 3),
    strideW: random.integer(1, 3),
    dilationH: dilated ? random.integer(1, 3) : 1,
    dilationW: dilated ? random.integer(1, 3) : 1,
    filterH,
    filterW,
  };
}

/** An image size at which the window fits at least once. */
export function imageSize(random: Random, filter: number, dilation: number): number {
  return (filter - 1) * dilation + 1 + random.integer(0, 8);
}
