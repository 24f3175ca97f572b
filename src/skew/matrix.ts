/** Rows of numbers of one length, and the little linear algebra that is needed of them. */

export type Rows = readonly Float64Array[];

export interface Scaling {
  readonly mean: Float64Array;
  /** Standard deviation; 1 where a column does not vary. */
  readonly deviation: Float64Array;
}

export function scalingOf(rows: Rows): Scaling {
  const width = rows[0].length;
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const row of rows) for (let k = 0; k < width; k++) mean[k] += row[k] / rows.length;
  for (const row of rows) for (let k = 0; k < width; k++) squares[k] += (row[k] - mean[k]) ** 2 / rows.length;
  return { mean, deviation: squares.map((square) => (square > 1e-12 ? Math.sqrt(square) : 1)) };
}

export function scaled(row: Float64Array, { mean, deviation }: Scaling): Float64Array {
  return row.map((value, k) => (value - mean[k]) / deviation[k]);
}

/** Solves A x = b for a symmetric positive definite A (row-major, n x n) by Cholesky; A and b are overwritten, b with x. */
export function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

export interface Plane {
  /** Two numbers per row. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Parts of the variance that the two directions hold. */
  readonly held: readonly [x: number, y: number];
}

const ITERATIONS = 300;

/** Principal components: the two directions of largest variance, by power iteration from a fixed start; the sign makes the largest weight positive. */
export function principalPlane(rows: Rows): Plane {
  const scaling = scalingOf(rows);
  const centred = rows.map((row) => row.map((value, k) => value - scaling.mean[k]));
  const width = rows[0].length;
  const covariance = new Float64Array(width * width);
  for (const row of centred) {
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) covariance[i * width + j] += (row[i] * row[j]) / rows.length;
    }
  }
  let all = 0;
  for (let i = 0; i < width; i++) all += covariance[i * width + i];
  const first = dominant(covariance, width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) covariance[i * width + j] -= first.value * first.vector[i] * first.vector[j];
  }
  const second = dominant(covariance, width);
  const points = centred.map((row) => [dot(row, first.vector), dot(row, second.vector)] as const);
  return { points, held: [first.value / Math.max(1e-12, all), second.value / Math.max(1e-12, all)] };
}

function dominant(matrix: Float64Array, width: number): { vector: Float64Array; value: number } {
  let vector = Float64Array.from({ length: width }, (_, i) => 1 + (i % 7) / 7);
  let value = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = new Float64Array(width);
    for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) next[i] += matrix[i * width + j] * vector[j];
    value = Math.sqrt(dot(next, next));
    if (value < 1e-12) return { vector: new Float64Array(width), value: 0 };
    vector = next.map((entry) => entry / value);
  }
  const largest = vector.reduce((most, entry) => (Math.abs(entry) > Math.abs(most) ? entry : most), 0);
  return { vector: largest < 0 ? vector.map((entry) => -entry) : vector, value };
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
