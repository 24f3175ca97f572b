/** Resamples the source once through the composed transform, in linear light. */
import type { Rng } from "../../train/rng.js";
import type { Planes } from "../planes.js";
import { identity, type Transform } from "./transform.js";

/** What is seen where the picture has no pixels: its edge, its mirror image, or a plain background that its edge fades to. */
export interface Surround {
  readonly kind: "edge" | "mirror" | "background";
  /** Linear light of the background. */
  readonly level: number;
  /** Distance over which the edge fades to the background, half sides. */
  readonly fade: number;
}

/** Of ten pictures; the rest shows the edge. Mirrored faces have features where no face has them, so there are few. */
const MIRRORED = 2;
const BACKGROUND = 4;

export function drawSurround(rng: Rng): Surround {
  const lot = rng.below(10);
  const kind = lot < MIRRORED ? "mirror" : lot < MIRRORED + BACKGROUND ? "background" : "edge";
  return { kind, level: rng.uniform() ** 2.2, fade: rng.between(0.1, 0.6) };
}

/** Source to light. Bilinear; a pixel's centre lies (2 i + 1) / size - 1 half sides from the middle. */
export function warp(planes: Planes, surround: Surround): void {
  const { transform } = planes;
  if (transform === identity()) copy(planes);
  else warpThrough(planes, inPixels(transform, planes.size), surround);
}

function copy({ size, source, light }: Planes): void {
  for (let y = 0; y < size; y++) light.set(source.subarray(y * (size + 1), y * (size + 1) + size), y * size);
}

/** The same map from output to source pixel indices, up to a factor. */
function inPixels([a, b, c, d, e, f, g, h, i]: Transform, size: number): Transform {
  const half = size / 2;
  const middle = (size - 1) / 2;
  // source = half * M(p) + middle with p = (index - middle) / half
  const row = (u: number, v: number, w: number) => [u / half, v / half, w - ((u + v) * middle) / half] as const;
  const [g0, g1, g2] = row(g, h, i);
  const [a0, a1, a2] = row(a, b, c);
  const [d0, d1, d2] = row(d, e, f);
  return [
    half * a0 + middle * g0,
    half * a1 + middle * g1,
    half * a2 + middle * g2,
    half * d0 + middle * g0,
    half * d1 + middle * g1,
    half * d2 + middle * g2,
    g0,
    g1,
    g2,
  ];
}

function warpThrough(planes: Planes, [a, b, c, d, e, f, g, h, i]: Transform, surround: Surround): void {
  const { size, source, light } = planes;
  const limit = size - 1;
  const stride = size + 1;
  const mirrored = surround.kind === "mirror";
  const fades = surround.kind === "background";
  const fade = (surround.fade * size) / 2;
  for (let y = 0, at = 0; y < size; y++) {
    let u = b * y + c;
    let v = e * y + f;
    let w = h * y + i;
    for (let x = 0; x < size; x++, at++) {
      const depth = 1 / w;
      const sx = u * depth;
      const sy = v * depth;
      u += a;
      v += d;
      w += g;
      const inside = sx >= 0 && sx <= limit && sy >= 0 && sy <= limit;
      const cx = inside ? sx : brought(sx, limit, mirrored);
      const cy = inside ? sy : brought(sy, limit, mirrored);
      const left = cx | 0;
      const top = cy | 0;
      const fx = cx - left;
      const fy = cy - top;
      const from = top * stride + left;
      const upper = source[from] + fx * (source[from + 1] - source[from]);
      const lower = source[from + stride] + fx * (source[from + stride + 1] - source[from + stride]);
      const value = upper + fy * (lower - upper);
      light[at] =
        inside || !fades ? value : faded(value, surround.level, Math.max(Math.abs(sx - cx), Math.abs(sy - cy)) / fade);
    }
  }
}

/** A coordinate outside the picture to the nearest one inside, or to its mirror image. NaN (a point on the horizon) to the edge. */
function brought(position: number, limit: number, mirrored: boolean): number {
  if (position >= 0 && position <= limit) return position;
  const reflected = mirrored ? (position < 0 ? -position : 2 * limit - position) : position;
  return reflected > 0 ? Math.min(reflected, limit) : 0;
}

function faded(value: number, level: number, distance: number): number {
  return value + Math.min(1, distance) * (level - value);
}
