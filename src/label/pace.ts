/** How fast captures are judged, from when each judgement was made. */
import type { Catalogue } from "../captures/catalogue/catalogue.js";

export interface Pace {
  /** Judgements of both looks that follow another one closely. */
  readonly judgements: number;
  /** Milliseconds between them, pauses left out. */
  readonly workMs: number;
  /** Null where nobody judged two in a row. */
  readonly perMinute: number | null;
}

/** A longer gap is a pause, not work. */
const PAUSE_MS = 60_000;

export function labellingPace(catalogue: Catalogue): Pace {
  const times: number[] = [];
  for (const { judgements } of catalogue.captures({ state: "kept" })) {
    for (const judgement of judgements) if (judgement !== undefined) times.push(judgement.atMs);
  }
  times.sort((a, b) => a - b);
  let [judgements, workMs] = [0, 0];
  for (let i = 1; i < times.length; i++) {
    const gap = times[i] - times[i - 1];
    if (gap > PAUSE_MS) continue;
    judgements++;
    workMs += gap;
  }
  return { judgements, workMs, perMinute: workMs === 0 ? null : (60_000 * judgements) / workMs };
}
