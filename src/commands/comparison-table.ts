/** What was measured of two models: before, after, change. */
import type { Compared, Interval } from "../evaluate/bootstrap.js";
import { percent, textTable } from "./table.js";

/** @param rows on what it was measured, then what {@link pointsRow} or {@link countRow} gives */
export function comparisonTable(rows: readonly (readonly string[])[]): string {
  return textTable(["on", "figure", "before", "after", "change", "95 % interval"], rows);
}

/** A part of something: in percent, its change in points. */
export function pointsRow(figure: string, { before, after, change }: Compared<Interval>): string[] {
  const share = ({ value }: Interval) => percent(value ?? Number.NaN);
  return [figure, share(before), share(after), ...changeCells(change, 100)];
}

/** A plain number. */
export function countRow(figure: string, { before, after, change }: Compared<Interval>): string[] {
  const plain = ({ value }: Interval) => (value === null ? "not defined" : value.toFixed(1));
  return [figure, plain(before), plain(after), ...changeCells(change, 1)];
}

function changeCells({ value, low, high }: Interval, factor: number): string[] {
  const signed = (part: number) => `${part < 0 ? "-" : "+"}${(factor * Math.abs(part)).toFixed(1)}`;
  return [
    value === null ? "-" : signed(value),
    low === null || high === null ? "-" : `${signed(low)} to ${signed(high)}`,
  ];
}
