/** Which of several faces is meant (docs/locate.md, "Which face"); twin of sm_locate_choose in firmware/core/sm_locate.c. */
import type { Box } from "../data/types.js";
import type { Candidate, Located } from "./types.js";

/** The largest square in the middle of a frame: where a locator without any candidate looks. */
export function centredSquare(width: number, height: number): Box {
  const side = Math.min(width, height);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), width: side, height: side };
}

/**
 * Of the candidates that count the one that is largest and nearest to the middle of the frame; if none counts, the most confident.
 *
 * @param candidates square boxes inside the frame, in any order
 * @param threshold confidence from which on a candidate counts, 0 to 1000
 */
export function chooseFace(
  candidates: readonly Candidate[],
  threshold: number,
  width: number,
  height: number,
): Located {
  const counting = candidates.filter(({ confidence }) => confidence >= threshold);
  const found = counting.length > 0;
  const [first, ...others] = found ? counting : candidates;
  if (first === undefined) return { box: centredSquare(width, height), confidence: 0, found: false };
  const rank = found ? (one: Candidate) => prominence(one.box, width, height) : () => 0;
  const best = others.reduce((a, b) => (precedes(b, a, rank) ? b : a), first);
  return { box: best.box, confidence: best.confidence, found };
}

/** Twice the side less twice the distance (Chebyshev) of the box's centre to the frame's, in pixels. */
function prominence({ x, y, width: side }: Box, width: number, height: number): number {
  return 2 * side - Math.max(Math.abs(2 * x + side - width), Math.abs(2 * y + side - height));
}

/** By rank, then confidence, then from the top, then from the left. */
function precedes(a: Candidate, b: Candidate, rank: (one: Candidate) => number): boolean {
  const [ranked, weaker] = [rank(a) - rank(b), a.confidence - b.confidence];
  if (ranked !== 0) return ranked > 0;
  if (weaker !== 0) return weaker > 0;
  return a.box.y !== b.box.y ? a.box.y < b.box.y : a.box.x < b.box.x;
}
