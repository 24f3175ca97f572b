/** Signed distances (negative inside) and how much of a pixel an edge leaves. */
import { abs, floor, max, min, sqrt } from "../data/synthetic/math.js";

/** To an axis-parallel rectangle around the origin with rounded corners. */
export function rectangle(x: number, y: number, halfWidth: number, halfHeight: number, radius = 0): number {
  const dx = abs(x) - halfWidth + radius;
  const dy = abs(y) - halfHeight + radius;
  const outside = dx > 0 && dy > 0 ? sqrt(dx * dx + dy * dy) : max(dx, dy);
  return outside - radius;
}

export function disc(x: number, y: number, radius: number): number {
  return sqrt(x * x + y * y) - radius;
}

/** To an ellipse, near its edge. */
export function ellipse(x: number, y: number, halfWidth: number, halfHeight: number): number {
  const a = x / halfWidth;
  const b = y / halfHeight;
  return (sqrt(a * a + b * b) - 1) * min(halfWidth, halfHeight);
}

/** To a line segment of some thickness with round ends. */
export function capsule(x: number, y: number, x0: number, y0: number, x1: number, y1: number, radius: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : max(0, min(1, ((x - x0) * dx + (y - y0) * dy) / length));
  const [px, py] = [x - x0 - t * dx, y - y0 - t * dy];
  return sqrt(px * px + py * py) - radius;
}

/** Coverage of a sample of width `pixel` at a signed distance. */
export function cover(distance: number, pixel: number): number {
  const part = 0.5 - distance / pixel;
  return part <= 0 ? 0 : part >= 1 ? 1 : part;
}

/** 0 up to `low`, 1 from `high` on, smooth between. */
export function ramp(low: number, high: number, value: number): number {
  const t = (value - low) / (high - low);
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** Part of a period that `value` is in, 0 to 1. */
export function phase(value: number, period: number): number {
  const turns = value / period;
  return turns - floor(turns);
}
