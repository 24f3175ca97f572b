/** Tables of a Markdown document, found by the comment above them: `<!-- layout: NAME -->`. */

export interface Row {
  /** In the document, from 1. */
  readonly line: number;
  /** By the column's heading; without the outer spaces. */
  readonly cells: Readonly<Record<string, string>>;
}

/** What a document says wrongly. The message begins with the line. */
export class SpecificationError extends Error {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

const MARK = /^<!-- layout: ([a-z]+) -->$/;

/** Rows of every marked table by its name. Throws SpecificationError. */
export function readTables(text: string): ReadonlyMap<string, readonly Row[]> {
  const lines = text.split("\n");
  const tables = new Map<string, readonly Row[]>();
  for (const [index, line] of lines.entries()) {
    const name = MARK.exec(line)?.[1];
    if (name === undefined) continue;
    if (tables.has(name)) throw new SpecificationError(index + 1, `there is a second table ${name}`);
    tables.set(name, rowsOf(lines, index + 1));
  }
  return tables;
}

/** `start`: index of the line with the headings. */
function rowsOf(lines: readonly string[], start: number): Row[] {
  const headings = cellsOf(lines[start] ?? "");
  if (headings.length === 0 || !/^\|[ |-]+\|$/.test(lines[start + 1] ?? "")) {
    throw new SpecificationError(start + 1, "a table should follow the comment");
  }
  const rows: Row[] = [];
  for (let index = start + 2; lines[index]?.startsWith("|"); index++) {
    const cells = cellsOf(lines[index]);
    if (cells.length !== headings.length) {
      throw new SpecificationError(index + 1, `${cells.length} cells under ${headings.length} headings`);
    }
    rows.push({
      line: index + 1,
      cells: Object.fromEntries(headings.map((heading, column) => [heading, cells[column]])),
    });
  }
  return rows;
}

function cellsOf(line: string): string[] {
  const inner = /^\|(.*)\|$/.exec(line)?.[1];
  return inner === undefined ? [] : inner.split("|").map((cell) => cell.trim());
}
