/** Random windows of convolutions and pools. */
import { windowAxis } from "#smilec/graph/geometry.js";
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

/** Rows and columns that come of an image of height x width. */
export function outputSize(
  { padding, strideH, strideW, dilationH, dilationW, filterH, filterW }: ReturnType<typeof randomWindow>,
  height: number,
  width: number,
): [rows: number, columns: number] {
  return [
    windowAxis(padding, height, filterH, strideH, dilationH).outputSize,
    windowAxis(padding, width, filterW, strideW, dilationW).outputSize,
  ];
}

/** An image size at which the window fits at least once. */
export function imageSize(random: Random, filter: number, dilation: number): number {
  return (filter - 1) * dilation + 1 + random.integer(0, 8);
}
