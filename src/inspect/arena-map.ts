/** The arena over time in letters: a column per step, a row per slice of the arena, the highest addresses on top. */
import type { ArenaFacts } from "./inspect.js";

export const FREE = ".";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MAX_ROWS = 20;
const MAX_COLUMNS = 72;
const SLICE = 16;

/** The letter of tenant `index`; they repeat after 52. */
export function tenantLetter(index: number): string {
  return LETTERS[index % LETTERS.length];
}

/** Lines of the map: the offset of each slice, then a letter per step for the tenant that has most of the slice, a full stop where it is free. */
export function arenaMap({ bytes, steps, tenants }: ArenaFacts): string[] {
  if (bytes === 0 || tenants.length === 0) return ["(the model needs no arena)"];
  const slice = Math.max(SLICE, Math.ceil(bytes / MAX_ROWS / SLICE) * SLICE);
  const rows = Math.ceil(bytes / slice);
  const perColumn = Math.ceil(steps.length / MAX_COLUMNS);
  const columns = Math.ceil(steps.length / perColumn);
  const width = String((rows - 1) * slice).length;
  const cell = (row: number, column: number) => occupant(tenants, row * slice, slice, column * perColumn, perColumn);
  const lines = Array.from({ length: rows }, (_, i) => {
    const row = rows - 1 - i;
    const letters = Array.from({ length: columns }, (_, column) => cell(row, column)).join("");
    return `${String(row * slice).padStart(width)} |${letters}|`;
  });
  const each = perColumn === 1 ? "a kernel call" : `${perColumn} kernel calls`;
  const frame = `${" ".repeat(width)} +${"-".repeat(columns)}+`;
  return [...lines, frame, `${" ".repeat(width)}  each column is ${each}, each row ${slice} bytes`];
}

function occupant(
  tenants: ArenaFacts["tenants"],
  start: number,
  size: number,
  step: number,
  stepCount: number,
): string {
  let best = 0;
  let letter = FREE;
  for (const [index, { offset, bytes, from, to }] of tenants.entries()) {
    if (to < step || from >= step + stepCount) continue;
    const shared = Math.min(offset + bytes, start + size) - Math.max(offset, start);
    if (shared > best) [best, letter] = [shared, tenantLetter(index)];
  }
  return letter;
}
