/** Counts of a pull, and its problems: all of them counted, the first ones listed. */
import { type EntryHeader, hex32 } from "../format.js";
import type { PutAside } from "./quarantine.js";

/** Problems and recovered segments that are listed; hostile cards have more. */
const LISTED = 1000;

export interface SegmentCount {
  readonly device: string;
  readonly epoch: string;
  readonly segment: number;
  captures: number;
}

export class Tally {
  /** Captures that were new, and the bytes of their pictures. */
  added = 0;
  bytes = 0;
  /** Pulled before. */
  known = 0;
  /** Withdrawn on the bot before they could be pulled. */
  withdrawn = 0;
  /** Withdrawn on the bot after they were pulled: removed here now. */
  removed = 0;
  /** Withdrawn or deleted, as it was known. */
  skipped = 0;
  readonly problems: PutAside[] = [];
  readonly reasons: Record<string, number> = {};
  readonly devices = new Map<string, number>();
  readonly segments = new Map<string, SegmentCount>();

  add({ device, epoch, segment }: EntryHeader, bytes: number): void {
    this.added++;
    this.bytes += bytes;
    const bot = hex32(device);
    const name = `${bot}/${hex32(epoch)}`;
    count(this.devices, bot);
    const counted = this.segments.get(name);
    if (counted !== undefined) counted.captures++;
    else if (this.segments.size < LISTED)
      this.segments.set(name, { device: bot, epoch: hex32(epoch), segment, captures: 1 });
  }

  /** A capture that was there before. */
  count(found: "kept" | "gone"): void {
    if (found === "kept") this.known++;
    else this.skipped++;
  }

  problem(found: PutAside): void {
    this.reasons[found.reason] = (this.reasons[found.reason] ?? 0) + 1;
    if (this.problems.length < LISTED) this.problems.push(found);
  }
}

function count(counts: Map<string, number>, name: string): void {
  if (counts.has(name) || counts.size < LISTED) counts.set(name, (counts.get(name) ?? 0) + 1);
}
