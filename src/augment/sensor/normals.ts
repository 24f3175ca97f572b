/** Gaussian noise at one table look-up a pixel: a fixed table of normal numbers, entered at a random place in every row. */
import { Rng } from "../../train/rng.js";

const SIZE = 65536;
/** Rows may be this long without leaving the table. */
const LONGEST_ROW = 512;

/** Standard normal numbers. */
export const NORMALS: Float32Array = makeTable();

function makeTable(): Float32Array {
  const rng = new Rng(0x6e6f726d);
  const table = new Float32Array(SIZE + LONGEST_ROW);
  for (let i = 0; i < SIZE; i++) table[i] = rng.normal();
  table.copyWithin(SIZE, 0, LONGEST_ROW);
  return table;
}

/** Where a row of at most 512 numbers starts in the table. */
export function rowOffset(rng: Rng): number {
  return rng.int32() >>> 16;
}
