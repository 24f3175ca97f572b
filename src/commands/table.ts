/** Plain text tables: numbers to the right, text to the left, columns as wide as they need. */
export type Cell = string | number;

export function textTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...text.map((row) => row[column].length)));
  const isNumber = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+]?[\d.,]+( ?%)?$|^-$/.test(String(row[column]))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  return [line(text[0]), widths.map((width) => "-".repeat(width)).join("  "), ...text.slice(1).map(line)].join("\n");
}

/** 12345 -> "12,345". */
export function thousands(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** 0.9273 -> "92.7 %". */
export function percent(value: number, digits = 1): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(digits)} %` : "not defined";
}

/** Bytes as KiB from 10 KiB on. */
export function bytes(value: number): string {
  return value < 10 * 1024 ? `${value} B` : `${(value / 1024).toFixed(1)} KiB`;
}
