/** One augmentation on a picture, for tests of what it means. */
import { warp } from "#smilec/augment/geometry/warp.js";
import { Planes } from "#smilec/augment/planes.js";
import { develop } from "#smilec/augment/sensor/develop.js";
import { DECODE } from "#smilec/augment/tone/tables.js";

/** Side of the pictures; the network's input has three quarters of it. */
export const SIDE = 64;

const EDGE = { kind: "edge", level: 0, fade: 1 } as const;

/** Planes with linear light by a function of the pixel. */
export function lit(light: (x: number, y: number) => number, side = SIDE): Planes {
  const planes = new Planes(side, (side * 3) / 4);
  planes.load(new Uint8Array(side * side));
  for (let i = 0; i < side * side; i++) planes.light[i] = light(i % side, Math.floor(i / side));
  return planes;
}

/** Planes with a source picture by a function of the pixel, grey levels. */
export function loaded(grey: (x: number, y: number) => number, side = SIDE): Planes {
  const planes = new Planes(side, (side * 3) / 4);
  planes.load(Uint8Array.from({ length: side * side }, (_, i) => grey(i % side, Math.floor(i / side))));
  return planes;
}

/** Ends the geometry: the source's edge goes on beyond it. */
export function warped(planes: Planes): Planes {
  warp(planes, EDGE);
  return planes;
}

export function developed(planes: Planes): Planes {
  develop(planes);
  return planes;
}

/** Light of a grey level as pictures from elsewhere have it. */
export function lightOf(grey: number): number {
  return DECODE[grey];
}

export function mean(values: ArrayLike<number>, count = values.length): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  return sum / count;
}

/** Mean and variance. */
export function spread(values: ArrayLike<number>, count = values.length): { mean: number; variance: number } {
  const middle = mean(values, count);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (values[i] - middle) ** 2;
  return { mean: middle, variance: sum / count };
}

/** Centre of mass and second moments of light, in pixels. */
export function moments(light: ArrayLike<number>, side: number) {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < side * side; i++) {
    sum += light[i];
    x += light[i] * (i % side);
    y += light[i] * Math.floor(i / side);
  }
  x /= sum;
  y /= sum;
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < side * side; i++) {
    const dx = (i % side) - x;
    const dy = Math.floor(i / side) - y;
    xx += (light[i] * dx * dx) / sum;
    xy += (light[i] * dx * dy) / sum;
    yy += (light[i] * dy * dy) / sum;
  }
  return { sum, x, y, xx, xy, yy };
}
