/** What is said of presses and captures, for eyes and ears alike. */
import type { CaptureView, Choice, PressView } from "../protocol.js";

/** A label's shown text; one that the configuration does not know is marked. */
export function labelText(label: string, choices: readonly Choice[]): string {
  const choice = choices.find((one) => one.label === label);
  return choice === undefined ? `${label} (old label)` : choice.text;
}

/** What the bot said: "green: smile, 83 %", "off: not smile, margin -12", "nobody seen". */
export function verdictText({ smile, nobody, scored, probability, margin }: PressView, positive: string): string {
  if (nobody) return "nobody seen";
  const verdict = smile ? `green: ${positive}` : `off: not ${positive}`;
  if (!scored) return `${verdict}, by a coin`;
  return probability === undefined ? `${verdict}, margin ${number(margin)}` : `${verdict}, ${percent(probability)}`;
}

export function takenText({ taken, takenErrorMs = 0 }: PressView): string {
  if (taken === undefined) return "time unknown";
  const text = new Date(taken).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return takenErrorMs > 60_000 ? `${text}, or up to ${duration(takenErrorMs / 1000)} earlier` : text;
}

export function captureText(capture: CaptureView, index: number, count: number): string {
  const lights = capture.lights.length === 0 ? "" : `, ${capture.lights.join(", ")}`;
  return `picture ${index + 1} of ${count}${lights}`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** With a true minus sign, and one decimal where it is no integer. */
export function number(value: number): string {
  return value.toFixed(Number.isInteger(value) ? 0 : 1).replace("-", "\u2212");
}

export function duration(seconds: number): string {
  if (seconds >= 172_800) return `${Math.round(seconds / 86_400)} days`;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
