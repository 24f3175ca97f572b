/** Figures with their intervals as text and as bars. */
import type { Interval } from "../../evaluate/bootstrap.js";
import { cssPercent, decimal, percent } from "../format.js";

export interface IntervalView {
  /** `95.4 %`, or why there is none. */
  readonly text: string;
  /** `93.9 to 96.6`; null without an interval. */
  readonly range: string | null;
}

export interface BarView extends IntervalView {
  /** CSS lengths along a bar from 0 to 1. */
  readonly width: string;
  readonly low: string;
  readonly span: string;
}

export function intervalView({ value, low, high }: Interval, reason = "not defined"): IntervalView {
  if (value === null) return { text: reason, range: null };
  const range = low === null || high === null ? null : `${decimal(100 * low, 1)} to ${decimal(100 * high, 1)}`;
  return { text: percent(value), range };
}

export function barView(figure: Interval, reason?: string): BarView {
  const { value, low, high } = figure;
  const hasRange = low !== null && high !== null;
  return {
    ...intervalView(figure, reason),
    width: cssPercent(value ?? 0),
    low: cssPercent(low ?? 0),
    span: cssPercent(hasRange ? high - low : 0),
  };
}

/** A difference of shares in percentage points: `−1.3`, with `−2.5 to −0.1` as its range. */
export function pointsView({
  value,
  low,
  high,
}: Interval): IntervalView & { readonly state: "better" | "worse" | "same" } {
  if (value === null) return { text: "–", range: null, state: "same" };
  const text = signed(value);
  if (low === null || high === null) return { text, range: null, state: "same" };
  const state = low > 0 ? "better" : high < 0 ? "worse" : "same";
  return { text, range: `${signed(low)} to ${signed(high)}`, state };
}

function signed(share: number): string {
  const text = decimal(100 * share, 1);
  return Number(text) > 0 ? `+${text}` : text;
}
