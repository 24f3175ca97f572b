/**
 * The picture being painted, in linear light. Coordinates are in frame sides: the frame's shorter side is 1, x points right and y down from
 * the upper left corner, so a scene is the same at every size of the frame. Every pixel knows which object was painted there last.
 */
import { floor, max, min } from "../data/synthetic/math.js";
import type { Box } from "../data/types.js";

/** Coverage of the point (x, y), 0 to 1; the colour is left in `canvas.ink`. */
export type Painter = (x: number, y: number) => number;

/** Nothing that has a name. */
export const NOBODY = 0;
/** Objects that a canvas can tell apart. */
export const MOST_OBJECTS = 255;

/** What is seen of an object; an empty box when it is nothing. */
export interface Seen {
  readonly box: Box;
  readonly count: number;
}

interface Mutable {
  left: number;
  top: number;
  right: number;
  bottom: number;
  count: number;
}

export class Canvas {
  /** Width and height of the frame in frame sides. */
  readonly across: number;
  readonly down: number;
  /** Side of a pixel. */
  readonly pixel: number;
  readonly light: Float32Array;
  readonly owner: Uint8Array;
  /** Pixels in the frame that each object was painted on, hidden later or not. */
  readonly painted = new Uint32Array(MOST_OBJECTS + 1);
  /** Linear light of what is being painted. */
  ink = 0;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    const short = min(width, height);
    this.across = width / short;
    this.down = height / short;
    this.pixel = 1 / short;
    this.light = new Float32Array(width * height);
    this.owner = new Uint8Array(width * height);
  }

  /** Paints object `object` on the pixels whose centres lie in the rectangle. */
  paint(object: number, left: number, top: number, right: number, bottom: number, painter: Painter): void {
    const { width, height, pixel, light, owner } = this;
    const x0 = max(0, floor(left / pixel));
    const x1 = min(width, Math.ceil(right / pixel));
    const y0 = max(0, floor(top / pixel));
    const y1 = min(height, Math.ceil(bottom / pixel));
    let painted = 0;
    for (let row = y0; row < y1; row++) {
      const y = (row + 0.5) * pixel;
      for (let column = x0, i = row * width + x0; column < x1; column++, i++) {
        const coverage = painter((column + 0.5) * pixel, y);
        if (coverage <= 0) continue;
        light[i] += (coverage < 1 ? coverage : 1) * (this.ink - light[i]);
        if (coverage < 0.5) continue;
        owner[i] = object;
        painted++;
      }
    }
    this.painted[object] += painted;
  }

  /** Bounds and number of the pixels that still show each object, by its number. */
  seen(): Seen[] {
    const { width, height, owner } = this;
    const all = this.painted.reduce((last, count, object) => (count > 0 ? object : last), 0);
    const seen: Mutable[] = Array.from({ length: all + 1 }, () => ({
      left: width,
      top: height,
      right: -1,
      bottom: -1,
      count: 0,
    }));
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (owner[i] === NOBODY) continue;
        const one = seen[owner[i]];
        one.count++;
        if (x < one.left) one.left = x;
        if (x > one.right) one.right = x;
        if (y < one.top) one.top = y;
        one.bottom = y;
      }
    }
    return seen.map(({ left, top, right, bottom, count }) => ({
      box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 },
      count,
    }));
  }

  /** Pixels in a rectangle that still show an object. */
  seenWithin(object: number, { x, y, width, height }: Box): number {
    const right = min(this.width, x + width);
    const bottom = min(this.height, y + height);
    let count = 0;
    for (let row = max(0, y); row < bottom; row++) {
      for (let i = row * this.width + max(0, x), end = row * this.width + right; i < end; i++) {
        if (this.owner[i] === object) count++;
      }
    }
    return count;
  }
}
