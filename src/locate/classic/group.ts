/** From the windows that passed to one candidate for each face (docs/locate.md, "Classic: grouping"); twin of firmware/core/sm_classic_group.c. */
import type { Box } from "../../data/types.js";
import { MAX_CANDIDATES } from "../choose.js";
import type { Candidate } from "../types.js";
import type { Size } from "./pyramid.js";

/** A window that passed. */
export interface Hit {
  /** Square in frame pixels. */
  readonly box: Box;
  /** Score above the last threshold, plus 1: at least 1. */
  readonly weight: number;
}

interface Group {
  readonly box: Box;
  readonly evidence: number;
}

/** Hits that are kept of a frame; the device's memory. */
export const MAX_HITS = 128;
/** Hits belong together whose intersection is at least so much of their union, per cent. */
const SAME_FACE = 40;
const MAX_EVIDENCE = 1_000_000;

/** Keeps the MAX_HITS strongest hits; of equal ones the earlier. */
export class HitList {
  readonly hits: Hit[] = [];

  add(hit: Hit): void {
    if (this.hits.length < MAX_HITS) {
      this.hits.push(hit);
      return;
    }
    let weakest = 0;
    for (let i = 1; i < MAX_HITS; i++) if (this.hits[i].weight <= this.hits[weakest].weight) weakest = i;
    if (hit.weight > this.hits[weakest].weight) {
      // The rest moves up: the order stays that of finding.
      this.hits.splice(weakest, 1);
      this.hits.push(hit);
    }
  }
}

/** Candidates, best first. `halfway`: evidence of which the confidence is 500. */
export function groupHits(hits: readonly Hit[], frame: Size, halfway: number): Candidate[] {
  const rest = [...hits];
  const groups: Group[] = [];
  while (rest.length > 0) insert(groups, takeGroup(rest, frame));
  const kept: Group[] = [];
  for (const group of groups) {
    if (!kept.some(({ box }) => liesIn(group.box, box))) kept.push(group);
  }
  return kept.map(({ box, evidence }) => ({
    box,
    confidence: Math.floor((1000 * evidence) / (evidence + halfway)),
  }));
}

/** Takes the strongest hit and all that show the same face out of `rest`: their mean box, weighted. */
function takeGroup(rest: Hit[], frame: Size): Group {
  const seed = rest.reduce((best, hit) => (hit.weight > best.weight ? hit : best));
  let [sum, x, y, side] = [0, 0, 0, 0];
  let kept = 0;
  for (const hit of rest) {
    const { box, weight } = hit;
    if (!sameFace(box, seed.box)) {
      rest[kept++] = hit;
      continue;
    }
    sum += weight;
    x += weight * (2 * box.x + box.width);
    y += weight * (2 * box.y + box.width);
    side += weight * box.width;
  }
  rest.length = kept;
  return { box: meanBox(frame, sum, x, y, side), evidence: Math.min(sum, MAX_EVIDENCE) };
}

/** x, y: weighted sums of twice the centres. */
function meanBox(frame: Size, sum: number, x: number, y: number, side: number): Box {
  const mean = (value: number) => Math.floor((2 * value + sum) / (2 * sum));
  const length = mean(side);
  const place = (centre: number, extent: number) =>
    Math.max(0, Math.min(extent - length, Math.floor((mean(centre) - length) / 2)));
  return { x: place(x, frame.width), y: place(y, frame.height), width: length, height: length };
}

/** Keeps the groups ordered, most evidence first, at most MAX_CANDIDATES. */
function insert(groups: Group[], group: Group): void {
  let at = groups.length;
  while (at > 0 && groups[at - 1].evidence < group.evidence) at--;
  groups.splice(at, 0, group);
  if (groups.length > MAX_CANDIDATES) groups.pop();
}

/** Pixels that two squares share. */
function shared(a: Box, b: Box): number {
  const overlap = (p: number, q: number) => Math.max(0, Math.min(p + a.width, q + b.width) - Math.max(p, q));
  return overlap(a.x, b.x) * overlap(a.y, b.y);
}

function sameFace(a: Box, b: Box): boolean {
  const both = shared(a, b);
  return 100 * both >= SAME_FACE * (a.width * a.width + b.width * b.width - both);
}

/** Half of the smaller one, or more, is in both: a part of a face, or its surroundings, is no second one. */
function liesIn(a: Box, b: Box): boolean {
  return 2 * shared(a, b) >= Math.min(a.width, b.width) ** 2;
}
