/**
 * When captures were taken. The bot has no clock: it counts its starts ("boots") and the milliseconds since each. What bounds the moment of a start:
 *
 * - captures were there when they were pulled: a start was no later than the pull, less the uptime of its last capture;
 * - a start ended before the next one of the same bot began;
 * - what was not there at an earlier pull of the same card was taken after that pull;
 * - nothing is older than the first bot.
 *
 * A capture's time is its start's latest possible moment plus its uptime; the error says how much earlier it may have been.
 */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { StartedCaptures, TakenTime, UntimedCapture } from "../catalogue/types.js";

/** The capture log's first version. */
const FIRST_BOT_MS = Date.UTC(2026, 0, 1);

/** What an earlier pull of the same card says of captures: they were taken after this moment. */
export type EarliestMoment = (capture: UntimedCapture) => number | undefined;

/** Captures of one start, and what is known of that start. Milliseconds since 1970. */
interface Start extends StartedCaptures {
  /** Starts of one bot on one card follow each other; others say nothing of each other. */
  readonly timeline: string;
  last: number;
  lastUptimeMs: number;
  earliestMs: number;
  latestMs: number;
}

/** Estimates what has no time yet. All of it was seen at `seenMs` at the latest. */
export function estimateTimes(catalogue: Catalogue, seenMs: number, earliest: EarliestMoment): void {
  const starts = collectStarts(catalogue, seenMs, earliest);
  for (const [i, start] of starts.entries()) narrow(start, catalogue, starts[i - 1]);
  for (let i = starts.length - 1; i >= 0; i--) beforeNext(starts[i], starts[i + 1]);
  for (const start of starts) {
    const taken = timeOf(start);
    if (taken !== undefined) catalogue.pulls.setTaken(start, taken);
  }
}

function collectStarts(catalogue: Catalogue, seenMs: number, earliest: EarliestMoment): Start[] {
  const starts: Start[] = [];
  for (const capture of catalogue.pulls.untimed()) {
    const { key, boot, uptimeMs } = capture;
    const timeline = capture.recovered ? `${key.device}/${key.epoch}` : key.device;
    const after = Math.max(FIRST_BOT_MS, earliest(capture) ?? 0);
    let start = starts.at(-1);
    if (start === undefined || !continues(start, capture, timeline)) {
      const { device, epoch, sequence } = key;
      const range = { device, epoch, boot, first: sequence, last: sequence };
      start = { ...range, timeline, lastUptimeMs: uptimeMs, earliestMs: FIRST_BOT_MS, latestMs: seenMs };
      starts.push(start);
    }
    start.last = key.sequence;
    start.lastUptimeMs = uptimeMs;
    start.earliestMs = Math.max(start.earliestMs, after - uptimeMs);
    start.latestMs = Math.min(start.latestMs, seenMs - uptimeMs);
  }
  return starts;
}

/** A bot that lost its count of starts has the same number again: then the uptime falls. */
function continues(start: Start, { key, boot, uptimeMs }: UntimedCapture, timeline: string): boolean {
  return (
    start.timeline === timeline &&
    start.epoch === key.epoch &&
    start.boot === boot &&
    start.last < key.sequence &&
    start.lastUptimeMs <= uptimeMs
  );
}

/** One start goes on in the next segment, under another epoch. */
function isSame(a: Start, b: Start): boolean {
  return a.timeline === b.timeline && a.boot === b.boot && a.lastUptimeMs <= b.lastUptimeMs;
}

/** Takes over what was estimated of the same start before, and what the start before says. */
function narrow(start: Start, catalogue: Catalogue, before: Start | undefined): void {
  const known = catalogue.pulls.startOf(start.device, start.epoch, start.boot);
  if (known !== undefined) {
    start.latestMs = Math.min(start.latestMs, known.ms);
    start.earliestMs = Math.max(start.earliestMs, known.ms - known.errorMs);
  }
  if (before === undefined || before.timeline !== start.timeline) return;
  const from = isSame(before, start) ? before.earliestMs : before.earliestMs + before.lastUptimeMs;
  start.earliestMs = Math.max(start.earliestMs, from);
}

function beforeNext(start: Start, next: Start | undefined): void {
  if (next === undefined || next.timeline !== start.timeline) return;
  const same = isSame(start, next);
  start.latestMs = Math.min(start.latestMs, same ? next.latestMs : next.latestMs - start.lastUptimeMs);
  if (same) start.earliestMs = Math.max(start.earliestMs, next.earliestMs);
}

/** Undefined when this computer's clock is, or was, wrong. */
function timeOf({ earliestMs, latestMs }: Start): TakenTime | undefined {
  return earliestMs > latestMs ? undefined : { ms: latestMs, errorMs: latestMs - earliestMs };
}
