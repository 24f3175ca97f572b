/** Which of several faces the bot looks at (docs/preprocessing.md, "Locate"); twin of sm_locate_choose in firmware/core/sm_locate.c. */
import type { Box } from "../data/types.js";
import type { Candidate } from "./types.js";

/** A detector hands over at most so many, the most confident ones; SM_MAX_CANDIDATES of the firmware. */
export const MAX_CANDIDATES = 16;

/** Which candidates count, per mille: those of at least `threshold` that are at most `spread` less confident than the surest. */
export interface Counting {
  readonly threshold: number;
  readonly spread: number;
}

/**
 * Among the candidates that count, a large one near the middle: the greatest `2 side - max(|2 cx - W|, |2 cy - H|)`, then the more confident, the higher, the more to
 * the left. If none counts, the most confident. Undefined without candidates. `cx`, `cy`: centre of the box, in half pixels `2 cx = 2 x + side`.
 */
export function chooseFace(
  candidates: readonly Candidate[],
  { threshold, spread }: Counting,
  width: number,
  height: number,
): Candidate | undefined {
  const surest = candidates.reduce((most, { confidence }) => Math.max(most, confidence), 0);
  const counting = candidates.filter(({ confidence }) => confidence >= Math.max(threshold, surest - spread));
  const rank = ({ box, confidence }: Candidate) =>
    counting.length > 0 ? [prominence(box, width, height), confidence, -box.y, -box.x] : [confidence, -box.y, -box.x];
  return (counting.length > 0 ? counting : candidates).reduce<Candidate | undefined>(
    (best, one) => (best === undefined || isGreater(rank(one), rank(best)) ? one : best),
    undefined,
  );
}

function prominence(box: Box, width: number, height: number): number {
  const off = Math.max(Math.abs(2 * box.x + box.width - width), Math.abs(2 * box.y + box.height - height));
  return 2 * box.width - off;
}

function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i !== -1 && a[i] > b[i];
}
