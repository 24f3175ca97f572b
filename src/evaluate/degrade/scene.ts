/** The face before the camera: a patch of the frame around it, at the size it has on the sensor. */
import type { Box } from "../../data/types.js";
import { mapPlane, type Plane } from "./light.js";

/** Side of the patch in sides of the face: room for a loose crop, a shift and blur. */
const PATCH = 1.7;

/** Distance over which the surroundings that the picture does not show fade to the mean of its border, in sides of the face. */
const FADE = 0.3;

/**
 * A square patch with the face's box in its middle, the face `side` sensor pixels large; pixels average the light that falls on them. What
 * lies outside the picture is continued from its border.
 *
 * @param light the picture's
 * @param face square, inside the picture
 * @returns a plane of PATCH * side pixels a side, rounded to an even number, so that the face's centre lies on a corner of four pixels
 */
export function placeFace(light: Plane, face: Box, side: number): Plane {
  const size = patchSide(side);
  const step = face.width / side;
  const columns = axisWeights(face.x + face.width / 2, step, size, light.width);
  const rows = axisWeights(face.y + face.height / 2, step, size, light.height);
  const lines = averageRows(light, columns);
  const border = borderMean(light);
  const values = new Float64Array(size * size);
  for (let j = 0, to = 0; j < size; j++) {
    const { first, weights, outside } = rows[j];
    for (let i = 0; i < size; i++, to++) {
      let seen = 0;
      for (let k = 0; k < weights.length; k++) seen += weights[k] * lines[(first + k) * size + i];
      const fade = Math.min(1, Math.hypot(columns[i].outside, outside) / (FADE * face.width));
      values[to] = seen + (border - seen) * fade;
    }
  }
  return { width: size, height: size, values };
}

function patchSide(side: number): number {
  return 2 * Math.round((PATCH * side) / 2);
}

/** Each of the picture's rows at the patch's columns. */
function averageRows({ width, height, values }: Plane, columns: readonly AxisWeight[]): Float64Array {
  const lines = new Float64Array(height * columns.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (const { first, weights } of columns) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * values[y * width + first + k];
      lines[to++] = sum;
    }
  }
  return lines;
}

interface AxisWeight {
  /** The first source pixel, and the parts of it and those after it, which sum to 1. */
  readonly first: number;
  readonly weights: Float64Array;
  /** How far the target pixel's centre lies outside the picture, in source pixels. */
  readonly outside: number;
}

/** Which source pixels every target pixel covers, the picture's first and last pixel going on for ever. */
function axisWeights(centre: number, step: number, size: number, extent: number): AxisWeight[] {
  const start = centre - (size / 2) * step;
  const clamp = (pixel: number) => Math.max(0, Math.min(extent - 1, pixel));
  return Array.from({ length: size }, (_, i) => {
    const from = start + i * step;
    const [first, last] = [clamp(Math.floor(from)), clamp(Math.ceil(from + step) - 1)];
    const weights = new Float64Array(last - first + 1);
    for (let pixel = Math.floor(from); pixel < from + step; pixel++) {
      const overlap = Math.min(from + step, pixel + 1) - Math.max(from, pixel);
      weights[clamp(pixel) - first] += overlap / step;
    }
    const middle = from + step / 2;
    return { first, weights, outside: Math.max(0, -middle, middle - extent) };
  });
}

function borderMean({ width, height, values }: Plane): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    const isEdge = y === 0 || y === height - 1;
    for (let x = 0; x < width; x += isEdge || width === 1 ? 1 : width - 1, count++) sum += values[y * width + x];
  }
  return sum / count;
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
  const cx = Math.max(0, Math.min(width - 1, x));
  const cy = Math.max(0, Math.min(height - 1, y));
  const x0 = Math.floor(cx);
  const y0 = Math.floor(cy);
  const right = Math.min(width - 1, x0 + 1);
  const fx = cx - x0;
  const fy = cy - y0;
  const row = y0 * width;
  const below = Math.min(height - 1, y0 + 1) * width;
  const top = values[row + x0] * (1 - fx) + values[row + right] * fx;
  const bottom = values[below + x0] * (1 - fx) + values[below + right] * fx;
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
  return mapPlane(patch, (value, column, row) => {
    const x = (column - middle) / side;
    const y = (row - middle) / side;
    const beyond = Math.min(outsideOf(HEAD, x, y), outsideOf(SHOULDERS, x, y));
    const shown = smooth(beyond / EDGE + 0.5) * (from === 0 ? 1 : smooth((from * x) / 0.3 + 0.5));
    return value + (light - value) * shown;
  });
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
