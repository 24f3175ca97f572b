/** How figures of two models differ, in words. */
import type { Interval } from "./bootstrap.js";

/** "average precision changes by +0.4 points (−0.2 to +1.1)". @param missing why it may not be defined */
export function changeText(figure: string, { value, low, high }: Interval, missing: string): string {
  if (value === null) return `${figure} is not defined: ${missing}`;
  const range = low === null || high === null ? "no interval: one group only" : `${signed(low)} to ${signed(high)}`;
  return `${figure} changes by ${signed(value)} points (${range})`;
}

/** 0.02 -> "2.0". */
export function pointsText(part: number): string {
  return (100 * part).toFixed(1);
}

function signed(part: number): string {
  return `${part < 0 ? "−" : "+"}${pointsText(Math.abs(part))}`;
}
