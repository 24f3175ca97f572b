/** The square that is looked at without looking for a face (docs/preprocessing.md, "Locate"); twin of sm_locate_center in firmware/core/sm_locate.c. */
import type { Box } from "../data/types.js";

/** A square around a fixed point of the frame. */
export interface CenterLocator {
  readonly kind: "center";
  /** Centre in thousandths of the frame's width and height, 0 to 1000. */
  readonly x: number;
  readonly y: number;
  /** Side in thousandths of the frame's shorter side, 1 to 1000. */
  readonly size: number;
}

/** Square box of a centre locator: side rounded down but at least 1, shifted to lie inside the frame. */
export function locateCenter(locator: CenterLocator, width: number, height: number): Box {
  const side = Math.max(1, Math.floor((Math.min(width, height) * locator.size) / 1000));
  const place = (extent: number, centre: number) => {
    const start = Math.floor((extent * centre) / 1000) - Math.floor(side / 2);
    return Math.max(0, Math.min(extent - side, start));
  };
  return { x: place(width, locator.x), y: place(height, locator.y), width: side, height: side };
}

/** The largest centred square: the box of a picture that already is a crop. */
export function wholeBox(width: number, height: number): Box {
  return locateCenter({ kind: "center", x: 500, y: 500, size: 1000 }, width, height);
}
