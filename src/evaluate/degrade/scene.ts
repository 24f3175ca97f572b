/** The face before the camera: a patch of the frame around it, at the size it has on the sensor. */
import type { Box, GrayImage } from "../../data/types.js";
import { meanOf, type Plane, toLight } from "./light.js";

/** Side of the patch in sides of the face: room for a loose crop, a shift and blur. */
export const PATCH = 2;

/** Distance over which the surroundings that the picture does not show fade to the mean of its border, in sides of the face. */
const FADE = 0.3;

/**
 * A square patch with the face's box in its middle, the face `side` sensor pixels large; pixels average the light that falls on them. What
 * lies outside the picture is continued from its border.
 *
 * @param face square, inside the picture
 * @returns a plane of PATCH * side pixels a side, rounded to an even number, so that the face's centre lies on a corner of four pixels
 */
export function placeFace(picture: GrayImage, face: Box, side: number): Plane {
  const size = patchSide(side);
  const light = toLight(picture);
  const step = face.width / side;
  const columns = axisWeights(face.x + face.width / 2, step, size, picture.width);
  const rows = axisWeights(face.y + face.height / 2, step, size, picture.height);
  const border = borderMean(light);
  const lines = Float64Array.from({ length: size * light.height }, (_, i) => {
    const y = Math.floor(i / size);
    return columns[i % size].pairs.reduce((sum, [x, weight]) => sum + weight * light.values[y * light.width + x], 0);
  });
  const values = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const seen = rows[j].pairs.reduce((sum, [y, weight]) => sum + weight * lines[y * size + i], 0);
      const away = Math.hypot(columns[i].outside, rows[j].outside) / (FADE * face.width);
      const fade = Math.min(1, away);
      values[j * size + i] = seen + (border - seen) * fade;
    }
  }
  return { width: size, height: size, values };
}

export function patchSide(side: number): number {
  return 2 * Math.round((PATCH * side) / 2);
}

interface AxisWeight {
  /** Source pixels with their parts, which sum to 1. */
  readonly pairs: readonly (readonly [pixel: number, weight: number])[];
  /** How far the target pixel's centre lies outside the picture, in source pixels. */
  readonly outside: number;
}

/** Which source pixels every target pixel covers, the picture's first and last pixel going on for ever. */
function axisWeights(centre: number, step: number, size: number, extent: number): AxisWeight[] {
  const start = centre - (size / 2) * step;
  return Array.from({ length: size }, (_, i) => {
    const from = start + i * step;
    const parts = new Map<number, number>();
    for (let pixel = Math.floor(from); pixel < from + step; pixel++) {
      const overlap = Math.min(from + step, pixel + 1) - Math.max(from, pixel);
      const inside = Math.max(0, Math.min(extent - 1, pixel));
      parts.set(inside, (parts.get(inside) ?? 0) + overlap / step);
    }
    const middle = from + step / 2;
    return { pairs: [...parts], outside: Math.max(0, -middle, middle - extent) };
  });
}

function borderMean({ width, height, values }: Plane): number {
  const isBorder = (i: number) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  };
  const border = values.filter((_, i) => isBorder(i));
  return meanOf({ width: border.length, height: 1, values: border });
}

/**
 * Turns a patch about its middle, in radians, clockwise on the screen; bilinear, corners continued from the edge.
 */
export function rotate(patch: Plane, angle: number): Plane {
  const { width } = patch;
  const middle = (width - 1) / 2;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const values = new Float64Array(width * width);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - middle, y - middle];
      values[y * width + x] = bilinear(patch, middle + cos * dx + sin * dy, middle - sin * dx + cos * dy);
    }
  }
  return { width, height: width, values };
}

/** The value between pixel centres; beyond the plane its edge goes on. */
export function bilinear({ width, height, values }: Plane, x: number, y: number): number {
  const [cx, cy] = [Math.max(0, Math.min(width - 1, x)), Math.max(0, Math.min(height - 1, y))];
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
  const [fx, fy] = [cx - x0, cy - y0];
  const top = values[y0 * width + x0] * (1 - fx) + values[y0 * width + x1] * fx;
  const bottom = values[y1 * width + x0] * (1 - fx) + values[y1 * width + x1] * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Light from behind: the window that surrounds the head, or one side of it. */
export interface Window {
  /** Light of the window; 1 is a white surface in the picture's own light. */
  readonly light: number;
  /** -1: to the left of the head only, 1: to the right only, 0: all around. */
  readonly from: -1 | 0 | 1;
}

/** Head and shoulders as ellipses in sides of the face, from its centre: what the window does not show through. */
const HEAD = { x: 0.54, y: 0.7, middle: 0.02 };
const SHOULDERS = { x: 1.05, y: 0.6, middle: 1.0 };
/** Width of the silhouette's edge: hair and the lens. */
const EDGE = 0.08;

/** Puts a window behind the head. */
export function backlight(patch: Plane, side: number, { light, from }: Window): Plane {
  const middle = (patch.width - 1) / 2;
  const values = patch.values.map((value, i) => {
    const [x, y] = [((i % patch.width) - middle) / side, (Math.floor(i / patch.width) - middle) / side];
    const beyond = Math.min(outsideOf(HEAD, x, y), outsideOf(SHOULDERS, x, y));
    const shown = smooth(beyond / EDGE + 0.5) * (from === 0 ? 1 : smooth((from * x) / 0.3 + 0.5));
    return value + (light - value) * shown;
  });
  return { ...patch, values };
}

/** About how far a point lies outside of an ellipse, in sides of the face; negative inside. */
function outsideOf(ellipse: typeof HEAD, x: number, y: number): number {
  const radius = Math.hypot(x / ellipse.x, (y - ellipse.middle) / ellipse.y);
  return (radius - 1) * Math.min(ellipse.x, ellipse.y);
}

/** 0 below 0, 1 above 1, a cubic between. */
function smooth(t: number): number {
  const c = Math.max(0, Math.min(1, t));
  return c * c * (3 - 2 * c);
}
