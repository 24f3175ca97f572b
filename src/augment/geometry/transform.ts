/**
 * Projective maps of the plane from output points to source points, in half sides from the picture's middle (x right, y down). Augmentations
 * are composed by their inverses, so the picture is resampled once.
 */

/** Row-major 3 x 3 matrix. */
export type Transform = readonly [number, number, number, number, number, number, number, number, number];

export function identity(): Transform {
  return IDENTITY;
}

const IDENTITY: Transform = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** a after b: maps p to a(b(p)). */
export function compose(a: Transform, b: Transform): Transform {
  const cell = (row: number, column: number) =>
    a[3 * row] * b[column] + a[3 * row + 1] * b[column + 3] + a[3 * row + 2] * b[column + 6];
  return [cell(0, 0), cell(0, 1), cell(0, 2), cell(1, 0), cell(1, 1), cell(1, 2), cell(2, 0), cell(2, 1), cell(2, 2)];
}

/** Where a point of the output comes from. */
export function mapPoint(transform: Transform, x: number, y: number): [x: number, y: number] {
  const [a, b, c, d, e, f, g, h, i] = transform;
  const w = g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}
