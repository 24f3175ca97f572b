import { describe, expect, it } from "@jest/globals";
import { type Lifetime, planArena } from "#smilec/emit/c/plan.js";
import { Random } from "../support/random.js";

/** A chain of layers in which some outputs are read again a few layers later: what residual networks look like. */
function residualLifetimes(random: Random, layers: number): Lifetime[] {
  let size = 16 * random.integer(20, 600);
  return Array.from({ length: layers }, (_, step) => {
    if (random.chance(0.3)) size = Math.max(16, 16 * Math.round((size / 16) * random.pick([0.25, 0.5, 0.5, 2])));
    const skip = random.chance(0.4) ? random.integer(2, 4) : 1;
    return { size, first: step, last: Math.min(step + skip, layers) };
  });
}

function arbitraryLifetimes(random: Random, count: number): Lifetime[] {
  return Array.from({ length: count }, () => {
    const first = random.integer(0, 12);
    return { size: random.integer(1, 500), first, last: first + random.integer(0, 6) };
  });
}

function overlaps(lifetimes: readonly Lifetime[], offsets: readonly number[]): [checked: number, clashes: number] {
  let checked = 0;
  let clashes = 0;
  for (let i = 0; i < lifetimes.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [lifetimes[i], lifetimes[j]];
      if (a.last < b.first || b.last < a.first) continue;
      checked++;
      if (offsets[i] < offsets[j] + b.size && offsets[j] < offsets[i] + a.size) clashes++;
    }
  }
  return [checked, clashes];
}

/** Sums what is alive at each step, step by step. */
function largestLoad(lifetimes: readonly Lifetime[]): number {
  const loads = new Map<number, number>();
  for (const { size, first, last } of lifetimes) {
    for (let step = first; step <= last; step++) loads.set(step, (loads.get(step) ?? 0) + size);
  }
  return Math.max(0, ...loads.values());
}

/** TFLite Micro's GreedyMemoryPlanner: largest first, lowest gap. */
function greedyBySize(lifetimes: readonly Lifetime[], alignment: number): number {
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].size - lifetimes[a].size || a - b);
  return placeInOrder(lifetimes, order, alignment);
}

function placeInOrder(lifetimes: readonly Lifetime[], order: readonly number[], alignment: number): number {
  const placed: { from: number; to: number; lifetime: Lifetime }[] = [];
  for (const index of order) {
    const lifetime = lifetimes[index];
    const busy = placed.filter((p) => p.lifetime.first <= lifetime.last && lifetime.first <= p.lifetime.last);
    const candidates = [0, ...busy.map((p) => Math.ceil(p.to / alignment) * alignment)];
    const from = Math.min(...candidates.filter((c) => busy.every((p) => c + lifetime.size <= p.from || c >= p.to)));
    placed.push({ from, to: from + lifetime.size, lifetime });
  }
  return Math.max(0, ...placed.map((p) => p.to));
}

/** The best of all orders; some order always gives an optimal plan. */
function exhaustive(lifetimes: readonly Lifetime[], alignment: number): number {
  const permutations = (items: readonly number[]): number[][] =>
    items.length === 0
      ? [[]]
      : items.flatMap((item) => permutations(items.filter((i) => i !== item)).map((r) => [item, ...r]));
  const orders = permutations(lifetimes.map((_, i) => i));
  return Math.min(...orders.map((order) => placeInOrder(lifetimes, order, alignment)));
}

describe("arena planner", () => {
  it("never lets two live buffers overlap, keeps every offset aligned and every buffer inside", () => {
    const random = new Random(1);
    let checked = 0;
    for (let trial = 0; trial < 40; trial++) {
      const lifetimes = trial % 2 === 0 ? arbitraryLifetimes(random, 20) : residualLifetimes(random, 25);
      const alignment = random.pick([1, 4, 16]);
      const { offsets, bytes } = planArena(lifetimes, alignment);
      const [pairs, clashes] = overlaps(lifetimes, offsets);
      checked += pairs;
      expect(clashes).toBe(0);
      expect(offsets.filter((offset) => offset < 0 || offset % alignment !== 0)).toEqual([]);
      expect(Math.max(...offsets.map((offset, i) => offset + lifetimes[i].size))).toBe(bytes);
    }
    expect(checked).toBeGreaterThan(2_000);
  });

  it("reports the largest live set as lower bound, and is never below it", () => {
    const random = new Random(2);
    for (let trial = 0; trial < 30; trial++) {
      const lifetimes = arbitraryLifetimes(random, random.integer(1, 15));
      const { bytes, lowerBound } = planArena(lifetimes, 4);
      expect(lowerBound).toBe(largestLoad(lifetimes));
      expect(bytes).toBeGreaterThanOrEqual(lowerBound);
    }
  });

  it("stays within 1.05 of the lower bound on residual networks, where largest-first greedy does not", () => {
    const random = new Random(3);
    const ratios: number[] = [];
    const greedy: number[] = [];
    for (let trial = 0; trial < 100; trial++) {
      const lifetimes = residualLifetimes(random, random.integer(8, 40));
      const { bytes, lowerBound } = planArena(lifetimes);
      ratios.push(bytes / lowerBound);
      greedy.push(greedyBySize(lifetimes, 16) / lowerBound);
    }
    expect(Math.max(...ratios)).toBeLessThanOrEqual(1.05);
    expect(Math.max(...greedy)).toBeGreaterThan(1.05);
    expect(ratios.filter((ratio, i) => ratio > greedy[i])).toEqual([]);
  });

  it("finds the optimum that trying all orders finds, for up to six buffers", () => {
    const random = new Random(4);
    for (let trial = 0; trial < 40; trial++) {
      const lifetimes = arbitraryLifetimes(random, random.integer(1, 6));
      expect(planArena(lifetimes, 4).bytes).toBe(exhaustive(lifetimes, 4));
    }
  });

  it("gives the same plan every time", () => {
    const lifetimes = arbitraryLifetimes(new Random(5), 40);
    expect(planArena(lifetimes)).toEqual(planArena(lifetimes));
  });

  it("plans nothing as nothing", () => {
    expect(planArena([])).toEqual({ offsets: [], bytes: 0, lowerBound: 0 });
  });

  it("keeps overlapping pairs as far apart as they say, and everything else apart", () => {
    const random = new Random(6);
    let overlapping = 0;
    for (let trial = 0; trial < 60; trial++) {
      const lifetimes = chain(random, 12);
      const overlaps = lifetimes.slice(1).map((next, i) => ({
        input: i,
        output: i + 1,
        down: random.integer(0, next.size),
        up: random.chance(0.5) ? random.integer(0, lifetimes[i].size) : Number.POSITIVE_INFINITY,
      }));
      const { offsets, bytes, lowerBound } = planArena(lifetimes, 4, overlaps);
      expect(bytes).toBeGreaterThanOrEqual(lowerBound);
      expect(bytes).toBeLessThanOrEqual(1.05 * planArena(lifetimes, 4).bytes);
      for (const [a, b] of pairsThatMeet(lifetimes)) {
        if (offsets[a] + lifetimes[a].size <= offsets[b] || offsets[b] + lifetimes[b].size <= offsets[a]) continue;
        const { down, up } = overlaps[Math.min(a, b)];
        const above = offsets[Math.max(a, b)] - offsets[Math.min(a, b)];
        expect(Math.abs(a - b)).toBe(1);
        expect(above >= up || -above >= down).toBe(true);
        overlapping++;
      }
    }
    expect(overlapping).toBeGreaterThan(100);
  });

  it("bounds pairs that overlap from below as trying all places does", () => {
    const random = new Random(7);
    for (let trial = 0; trial < 60; trial++) {
      const [a, b] = [random.integer(1, 20), random.integer(1, 20)];
      const [down, up] = [random.integer(0, 25), random.integer(0, 25)];
      const lifetimes = [a, b].map((size) => ({ size, first: 0, last: 0 }));
      const heights = Array.from({ length: 41 }, (_, i) => i - 20)
        .filter((above) => above >= Math.min(up, a) || -above >= Math.min(down, b))
        .map((above) => Math.max(a, above + b, above < 0 ? a - above : 0, above < 0 ? b : 0));
      expect(planArena(lifetimes, 1, [{ input: 0, output: 1, down, up }]).lowerBound).toBe(Math.min(...heights));
    }
  });
});

/** Buffers each read by the next step only. */
function chain(random: Random, count: number): Lifetime[] {
  return Array.from({ length: count }, (_, i) => ({ size: random.integer(20, 400), first: i, last: i + 1 }));
}

function pairsThatMeet(lifetimes: readonly Lifetime[]): [number, number][] {
  return lifetimes.flatMap((a, i) =>
    lifetimes
      .slice(0, i)
      .flatMap((b, j): [number, number][] => (a.first <= b.last && b.first <= a.last ? [[i, j]] : [])),
  );
}
