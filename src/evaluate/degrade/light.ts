/** Pictures as light: planes of linear values, 1 being what a white surface sends in the picture's own light. */
import type { GrayImage } from "../../data/types.js";

export interface Plane {
  readonly width: number;
  readonly height: number;
  /** Row-major. */
  readonly values: Float64Array;
}

/** IEC 61966-2-1 (sRGB), decoding: 8-bit grey to light, 0 to 1. */
const LIGHT = Float64Array.from({ length: 256 }, (_, grey) => {
  const v = grey / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});

export function toLight({ width, height, pixels }: GrayImage): Plane {
  return { width, height, values: Float64Array.from(pixels, (grey) => LIGHT[grey]) };
}

/** IEC 61966-2-1, encoding: light 0 to 1 to a grey value 0 to 255, not rounded. */
export function encodeGrey(light: number): number {
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
}

/** Rounds to 8 bits, clipped. */
export function toGrey({ width, height, values }: Plane): GrayImage {
  return { width, height, pixels: Uint8Array.from(values, (v) => Math.max(0, Math.min(255, Math.floor(v + 0.5)))) };
}

export function mapPlane(plane: Plane, change: (value: number, x: number, y: number) => number): Plane {
  const { width, height, values } = plane;
  const out = new Float64Array(values.length);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) out[i] = change(values[i], x, y);
  return { width, height, values: out };
}

export function meanOf({ values }: Plane): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
