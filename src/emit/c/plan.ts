/**
 * Places buffers with known lifetimes in one block of memory so that buffers alive at the same time never overlap: offline dynamic storage
 * allocation, NP-hard in general. Several greedy orders give a start; a seeded local search then moves buffers forward in the order until the
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

/** Orders tried by the local search, at most; a trial costs about n^2 steps. */
const SEARCH_BUDGET_STEPS = 20_000_000;
const SEARCH_TRIALS = 4000;

export function planArena(lifetimes: readonly Lifetime[], alignment: number = ARENA_ALIGNMENT): ArenaPlan {
  const lowerBound = largestLiveSet(lifetimes);
  const placer = new Placer(lifetimes, alignment);
  let best: number[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const order of greedyOrders(lifetimes)) {
    const height = placer.place(order, bytes);
    if (height < bytes) [best, bytes] = [order, height];
  }
  if (bytes > lowerBound) [best, bytes] = search(placer, best, bytes, lowerBound);
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
  /** The buffers each buffer shares a step with. */
  private readonly neighbours: number[][];
  private readonly placed: Uint8Array;

  constructor(
    readonly lifetimes: readonly Lifetime[],
    private readonly alignment: number,
  ) {
    this.offsets = new Int32Array(lifetimes.length);
    this.placed = new Uint8Array(lifetimes.length);
    this.neighbours = lifetimes.map((a, i) =>
      lifetimes.flatMap((b, j) => (i !== j && a.first <= b.last && b.first <= a.last ? [j] : [])),
    );
  }

  /** Bytes used when placed in this order; stops early with Infinity when it reaches `limit`. */
  place(order: readonly number[], limit: number): number {
    this.placed.fill(0);
    let height = 0;
    for (const index of order) {
      const offset = this.lowestGap(index);
      this.offsets[index] = offset;
      this.placed[index] = 1;
      height = Math.max(height, offset + this.lifetimes[index].size);
      if (height >= limit) return Number.POSITIVE_INFINITY;
    }
    return height;
  }

  private lowestGap(index: number): number {
    const { size } = this.lifetimes[index];
    const busy = this.neighbours[index].filter((other) => this.placed[other] === 1);
    busy.sort((a, b) => this.offsets[a] - this.offsets[b]);
    let offset = 0;
    for (const other of busy) {
      if (offset + size <= this.offsets[other]) break;
      const end = this.offsets[other] + this.lifetimes[other].size;
      offset = Math.max(offset, Math.ceil(end / this.alignment) * this.alignment);
    }
    return offset;
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

/** Hill climbing that accepts equals: the buffers at the top of the plan, or any, are moved to an earlier place in the order. */
function search(placer: Placer, start: number[], startBytes: number, goal: number): [order: number[], bytes: number] {
  const { lifetimes } = placer;
  const random = lcg(lifetimes.length);
  const trials = Math.min(SEARCH_TRIALS, Math.ceil(SEARCH_BUDGET_STEPS / lifetimes.length ** 2));
  let order = start;
  let bytes = startBytes;
  for (let trial = 0; trial < trials && bytes > goal; trial++) {
    const candidate = [...order];
    placer.place(order, Number.POSITIVE_INFINITY);
    const from = random(3) === 0 ? random(order.length) : topmost(placer, order, bytes);
    const [moved] = candidate.splice(from, 1);
    candidate.splice(random(from + 1), 0, moved);
    const height = placer.place(candidate, bytes + 1);
    if (height <= bytes) [order, bytes] = [candidate, height];
  }
  return [order, bytes];
}

/** Place in the order of a buffer that ends where the plan does. */
function topmost(placer: Placer, order: readonly number[], bytes: number): number {
  return order.findIndex((index) => placer.offsets[index] + placer.lifetimes[index].size === bytes);
}

/** Numerical Recipes' linear congruential generator; the high bits are used. Returns an integer in [0, limit). */
function lcg(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
