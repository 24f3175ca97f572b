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
  const values = new Float64Array(pixels.length);
  for (let i = 0; i < values.length; i++) values[i] = LIGHT[pixels[i]];
  return { width, height, values };
}

/** IEC 61966-2-1, encoding: light 0 to 1 to a grey value 0 to 255, not rounded. */
export function encodeGrey(light: number): number {
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
}

/** Rounds to 8 bits, clipped. */
export function toGrey({ width, height, values }: Plane): GrayImage {
  const pixels = new Uint8Array(values.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.max(0, Math.min(255, Math.floor(values[i] + 0.5)));
  return { width, height, pixels };
}

/** The part of a plane that starts at left, top; it must lie inside. */
export function cropPlane(plane: Plane, left: number, top: number, width: number, height: number): Plane {
  const values = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * plane.width + left;
    values.set(plane.values.subarray(start, start + width), y * width);
  }
  return { width, height, values };
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
