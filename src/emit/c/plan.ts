/**
 * Places buffers with known lifetimes in one block of memory so that buffers alive at the same time never overlap: offline dynamic storage
 * allocation, NP-hard in general. Several greedy orders give a start; a seeded local search then moves buffers within the order until the
 * lower bound is reached, which nothing can beat, or the budget is used up. The same lifetimes always give the same plan.
 *
 * A kernel's result may lie partly over the input that it consumes when it stays far enough behind what is still to be read: such pairs may
 * overlap by as much as their distances (Overlap) say.
 */

/** Both ends included: `first` is the step that writes the buffer, `last` the last step that reads it. Size in bytes, > 0. */
export interface Lifetime {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Two lifetimes (indices) that share a step and may overlap all the same: the output may begin `down` bytes or more below the beginning of the
 * input, or `up` bytes or more above it. Bytes >= 0; at least the size of the lower one: no overlap that way.
 */
export interface Overlap {
  readonly input: number;
  readonly output: number;
  readonly down: number;
  readonly up: number;
}

export interface ArenaPlan {
  /** Byte offset of each lifetime, in the order given; multiples of the alignment. */
  readonly offsets: readonly number[];
  /** Bytes the block must have: the highest end of a buffer. */
  readonly bytes: number;
  /** The largest, over the steps, of the least block that holds what is alive at the step: no plan can be smaller. */
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

export function planArena(
  lifetimes: readonly Lifetime[],
  alignment: number = ARENA_ALIGNMENT,
  overlaps: readonly Overlap[] = [],
): ArenaPlan {
  // The live set only grows where a lifetime starts.
  const starts = [...new Set(lifetimes.map(({ first }) => first))];
  const lowerBound = Math.max(0, ...starts.map((step) => leastAt(lifetimes, overlaps, step)));
  const placer = new Placer(lifetimes, alignment, overlaps);
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

/**
 * The least block that holds what is alive at a step, in bytes, without alignment: the sum of sizes when nothing may overlap. Exact for up to
 * EXHAUSTIVE buffers that may overlap; beyond that a lower bound.
 */
export function leastAt(lifetimes: readonly Lifetime[], overlaps: readonly Overlap[], step: number): number {
  const live = lifetimes.flatMap((l, index) => (l.first <= step && step <= l.last ? [index] : []));
  const pairs = overlaps.filter(({ input, output }) => live.includes(input) && live.includes(output));
  const involved = live.filter((index) => pairs.some(({ input, output }) => input === index || output === index));
  const sum = live.reduce((total, index) => total + lifetimes[index].size, 0);
  if (involved.length === 0) return sum;
  // What may overlap nothing lies beside the rest, at best without a gap.
  const beside = live.reduce((total, index) => (involved.includes(index) ? total : total + lifetimes[index].size), 0);
  if (involved.length > EXHAUSTIVE) return Math.max(...involved.map((index) => lifetimes[index].size)) + beside;
  const together = pairs.map((p) => ({ ...p, input: involved.indexOf(p.input), output: involved.indexOf(p.output) }));
  const placer = new Placer(
    involved.map((index) => ({ size: lifetimes[index].size, first: 0, last: 0 })),
    1,
    together,
  );
  const order = involved.map((_, index) => index);
  const [, bytes] = tryAllOrders(placer, order, placer.place(order, Number.POSITIVE_INFINITY), 0);
  return bytes + beside;
}

/** Sum of the sizes alive at a step, in bytes. */
export function liveAt(lifetimes: readonly Lifetime[], step: number): number {
  return lifetimes.reduce((sum, l) => (l.first <= step && step <= l.last ? sum + l.size : sum), 0);
}

/** Puts buffers one by one at the lowest offset that is far enough from all others of their lifetime. Some order gives an optimal plan. */
class Placer {
  readonly offsets: Int32Array;
  private readonly count: number;
  /** At [a * count + b]: how far b must begin above a if it begins above it; -1 when they share no step. */
  private readonly distance: Int32Array;
  /** Buffers placed so far, by offset. */
  private readonly sorted: Int32Array;

  constructor(
    readonly lifetimes: readonly Lifetime[],
    private readonly alignment: number,
    overlaps: readonly Overlap[] = [],
  ) {
    this.count = lifetimes.length;
    this.offsets = new Int32Array(this.count);
    this.sorted = new Int32Array(this.count);
    this.distance = Int32Array.from(
      lifetimes.flatMap((a) => lifetimes.map((b) => (a.first <= b.last && b.first <= a.last ? a.size : -1))),
    );
    for (const { input, output, down, up } of overlaps) {
      this.distance[output * this.count + input] = Math.min(lifetimes[output].size, down);
      this.distance[input * this.count + output] = Math.min(lifetimes[input].size, up);
    }
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
    let offset = 0;
    // Starts that a buffer forbids are an interval; with overlaps the intervals are not in the order of the buffers.
    for (let moved = true; moved; ) {
      moved = false;
      for (let i = 0; i < placed; i++) {
        const other = this.sorted[i];
        const below = this.distance[index * this.count + other];
        if (below < 0 || offset <= this.offsets[other] - below) continue;
        const next = this.offsets[other] + this.distance[other * this.count + index];
        if (offset >= next) continue;
        offset = Math.ceil(next / this.alignment) * this.alignment;
        moved = true;
      }
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
