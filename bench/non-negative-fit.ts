/** Rounds of coordinate descent, at most: small systems are done long before. */
const ROUNDS = 200_000;
const NEGLIGIBLE = 1e-12;

/**
 * x >= 0 that minimises |A x - b|, for rows A of a few columns: coordinate descent on the normal equations, with columns of length 1. A column of
 * zeros gets 0.
 */
export function nonNegativeFit(rows: readonly (readonly number[])[], goals: readonly number[]): number[] {
  const columns = rows[0].map((_, j) => rows.map((row) => row[j]));
  const lengths = columns.map((column) => Math.hypot(...column) || 1);
  const unit = columns.map((column, j) => column.map((x) => x / lengths[j]));
  const gram = unit.map((a) => unit.map((b) => dot(a, b)));
  const right = unit.map((column) => dot(column, goals));
  const x = unit.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    let change = 0;
    for (let j = 0; j < x.length; j++) {
      if (gram[j][j] === 0) continue;
      const rest = right[j] - dot(gram[j], x) + gram[j][j] * x[j];
      const next = Math.max(0, rest / gram[j][j]);
      change = Math.max(change, Math.abs(next - x[j]));
      x[j] = next;
    }
    if (change < NEGLIGIBLE) break;
  }
  return x.map((value, j) => value / lengths[j]);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}
