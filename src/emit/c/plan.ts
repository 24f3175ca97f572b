/**
 * Places buffers with known lifetimes in one block of memory so that buffers alive at the same time never overlap: offline dynamic storage
 * allocation, NP-hard in general. Several greedy orders give a start; a seeded local search then moves buffers within the order until the
 * largest live set is reached, which nothing can beat, or the budget is used up. The same lifetimes always give the same plan.
 */

/** Both ends included: `first` is the step that writes the buffer, `last` the last step that reads it. Size in bytes, > 0. */
export interface Lifetime {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

export interface ArenaPlan {
  /** Byte offset of each lifetime, in the order given; multiples of the alignment. */
  readonly offsets: readonly number[];
  /** Bytes the block must have: the highest end of a buffer. */
  readonly bytes: number;
  /** Largest sum of sizes alive at one step: no plan can be smaller. */
  readonly lowerBound: number;
}

export const ARENA_ALIGNMENT = 16;

/** Up to this many buffers all orders are tried: some order gives an optimal plan. */
const EXHAUSTIVE = 7;
/** Orders tried by the local search, at most; a trial costs about n^2 steps. */
const SEARCH_TRIALS = 6000;
const SEARCH_BUDGET_STEPS = 20_000_000;
/** How much higher than the present plan a new one may be at the start of the search; falls to nothing at its end. */
const TOLERANCE = 0.04;

export function planArena(lifetimes: readonly Lifetime[], alignment: number = ARENA_ALIGNMENT): ArenaPlan {
  const lowerBound = largestLiveSet(lifetimes);
  const placer = new Placer(lifetimes, alignment);
  let best: number[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const order of greedyOrders(lifetimes)) {
    const height = placer.place(order, bytes);
    if (height < bytes) [best, bytes] = [order, height];
  }
  if (bytes > lowerBound) {
    const improve = lifetimes.length <= EXHAUSTIVE ? tryAllOrders : search;
    [best, bytes] = improve(placer, best, bytes, lowerBound);
  }
  placer.place(best, Number.POSITIVE_INFINITY);
  return { offsets: [...placer.offsets], bytes: lifetimes.length === 0 ? 0 : bytes, lowerBound };
}

/** Largest sum of sizes alive at one step, in bytes. */
export function largestLiveSet(lifetimes: readonly Lifetime[]): number {
  // The live set only grows where a lifetime starts.
  return lifetimes.reduce((largest, { first }) => Math.max(largest, liveAt(lifetimes, first)), 0);
}

function liveAt(lifetimes: readonly Lifetime[], step: number): number {
  return lifetimes.reduce((sum, l) => (l.first <= step && step <= l.last ? sum + l.size : sum), 0);
}

/** Puts buffers one by one at the lowest offset that is free during their whole lifetime. */
class Placer {
  readonly offsets: Int32Array;
  private readonly count: number;
  /** At [a * count + b]: whether a and b share a step. */
  private readonly conflict: Uint8Array;
  /** Buffers placed so far, by offset. */
  private readonly sorted: Int32Array;

  constructor(
    readonly lifetimes: readonly Lifetime[],
    private readonly alignment: number,
  ) {
    this.count = lifetimes.length;
    this.offsets = new Int32Array(this.count);
    this.sorted = new Int32Array(this.count);
    this.conflict = Uint8Array.from(
      lifetimes.flatMap((a) => lifetimes.map((b) => (a.first <= b.last && b.first <= a.last ? 1 : 0))),
    );
  }

  /** Bytes used when placed in this order; stops early with Infinity when it reaches `limit`. */
  place(order: readonly number[], limit: number): number {
    let height = 0;
    for (let placed = 0; placed < order.length; placed++) {
      const index = order[placed];
      const offset = this.lowestGap(index, placed);
      this.offsets[index] = offset;
      this.insert(index, placed);
      height = Math.max(height, offset + this.lifetimes[index].size);
      if (height >= limit) return Number.POSITIVE_INFINITY;
    }
    return height;
  }

  /** The buffer placed first among those that end at `height`. */
  topmost(order: readonly number[], height: number): number {
    return order.findIndex((index) => this.offsets[index] + this.lifetimes[index].size === height);
  }

  private lowestGap(index: number, placed: number): number {
    const { size } = this.lifetimes[index];
    let offset = 0;
    for (let i = 0; i < placed; i++) {
      const other = this.sorted[i];
      if (this.conflict[index * this.count + other] === 0) continue;
      if (offset + size <= this.offsets[other]) break;
      const end = this.offsets[other] + this.lifetimes[other].size;
      offset = Math.max(offset, Math.ceil(end / this.alignment) * this.alignment);
    }
    return offset;
  }

  private insert(index: number, placed: number): void {
    let at = placed;
    for (; at > 0 && this.offsets[this.sorted[at - 1]] > this.offsets[index]; at--)
      this.sorted[at] = this.sorted[at - 1];
    this.sorted[at] = index;
  }
}

function greedyOrders(lifetimes: readonly Lifetime[]): number[][] {
  const crowd = lifetimes.map((l) => Math.max(liveAt(lifetimes, l.first), liveAt(lifetimes, l.last)));
  const duration = (l: Lifetime) => l.last - l.first + 1;
  const keys: ((l: Lifetime, index: number) => number)[] = [
    (l) => l.size,
    (l) => l.size * duration(l),
    (l) => duration(l),
    (_, index) => crowd[index],
    (l) => -l.first,
    (l) => l.last,
  ];
  return keys.map((key) => {
    const rank = lifetimes.map(key);
    const order = lifetimes.map((_, index) => index);
    return order.sort((a, b) => rank[b] - rank[a] || lifetimes[b].size - lifetimes[a].size || a - b);
  });
}

/** Depth first over all orders; returns the best. */
function tryAllOrders(
  placer: Placer,
  start: number[],
  startBytes: number,
  goal: number,
): [order: number[], bytes: number] {
  let [best, bytes] = [start, startBytes];
  const extend = (prefix: readonly number[], rest: readonly number[]): void => {
    if (bytes <= goal || placer.place(prefix, bytes) >= bytes) return;
    if (rest.length === 0) [best, bytes] = [[...prefix], placer.place(prefix, bytes)];
    for (const index of rest) {
      extend(
        [...prefix, index],
        rest.filter((other) => other !== index),
      );
    }
  };
  extend(
    [],
    start.map((_, index) => index),
  );
  return [best, bytes];
}

/**
 * Threshold accepting: a buffer at the top of the plan, or any, moves to another place in the order; the new plan is kept when it is not much
 * higher. Returns the best order seen.
 */
function search(placer: Placer, start: number[], startBytes: number, goal: number): [order: number[], bytes: number] {
  const count = start.length;
  const random = seeded(count);
  const trials = Math.min(SEARCH_TRIALS, Math.ceil(SEARCH_BUDGET_STEPS / count ** 2));
  let [best, bestBytes] = [start, startBytes];
  let [order, top, bytes] = [start, topmostOf(placer, start), startBytes];
  for (let trial = 0; trial < trials && bestBytes > goal; trial++) {
    const candidate = [...order];
    const free = random(3) === 0;
    const from = free ? random(count) : top;
    const [moved] = candidate.splice(from, 1);
    candidate.splice(random(free ? count : from + 1), 0, moved);
    const tolerated = bytes * (1 + TOLERANCE * (1 - trial / trials) ** 2);
    const height = placer.place(candidate, tolerated + 1);
    if (height > tolerated) continue;
    [order, top, bytes] = [candidate, placer.topmost(candidate, height), height];
    if (height < bestBytes) [best, bestBytes] = [candidate, height];
  }
  return [best, bestBytes];
}

function topmostOf(placer: Placer, order: readonly number[]): number {
  return placer.topmost(order, placer.place(order, Number.POSITIVE_INFINITY));
}

/** Mulberry32, seeded. Returns an integer in [0, limit). */
function seeded(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
