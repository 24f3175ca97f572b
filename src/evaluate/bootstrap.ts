/**
 * How far figures could be off because the pictures are a sample: the bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
 * chapter 13: percentile intervals). Whole groups are drawn, because pictures of one person stand or fall together: drawn one by one they
 * would promise more than they can hold.
 */
import { Rng } from "../train/rng.js";
import { EVALUATION_STREAM } from "./streams.js";

/** A figure with its 95 % interval; null where it is not defined. */
export interface Interval {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface Resampling {
  /** How often the pictures are drawn anew. */
  readonly resamples: number;
  readonly seed: number;
}

export const defaultResampling: Resampling = { resamples: 1000, seed: 1 };

const TAIL = 0.025;
/** With fewer defined values an interval would say more about what failed than about the figure. */
const LEAST_DEFINED = 0.5;

/** Group number (from 0, in order of appearance) per picture. */
export function groupNumbers(groups: readonly string[]): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(groups, (group) => {
    const known = numbers.get(group) ?? numbers.size;
    numbers.set(group, known);
    return known;
  });
}

/** Number of groups. */
export function groupCount(groups: Uint32Array): number {
  let most = 0;
  for (const group of groups) most = Math.max(most, group + 1);
  return most;
}

/**
 * Draws as many groups as there are, with replacement, again and again: yields how often each picture was drawn. The array is reused. The
 * draws depend on the groups and the seed only, so two models measured on the same pictures are compared on the same draws.
 */
export function* resampled(groups: Uint32Array, { resamples, seed }: Resampling): Generator<Uint32Array> {
  const count = groupCount(groups);
  const rng = new Rng(seed, EVALUATION_STREAM.bootstrap);
  const times = new Uint32Array(count);
  const weights = new Uint32Array(groups.length);
  for (let i = 0; i < resamples; i++) {
    times.fill(0);
    for (let draw = 0; draw < count; draw++) times[rng.below(count)]++;
    for (let picture = 0; picture < groups.length; picture++) weights[picture] = times[groups[picture]];
    yield weights;
  }
}

/** The same number of figures for any weights (undefined: every picture once); NaN where not defined. */
export type MeasureAll = (weights?: Uint32Array) => readonly number[];

/**
 * Figures of the pictures with their intervals. A single group says nothing about other groups, so then there are no intervals.
 */
export function intervals(measure: MeasureAll, groups: Uint32Array, resampling: Resampling): Interval[] {
  const values = measure();
  const draws = values.map(() => new Float64Array(resampling.resamples));
  if (groupCount(groups) > 1) {
    let draw = 0;
    for (const weights of resampled(groups, resampling)) {
      measure(weights).forEach((value, figure) => {
        draws[figure][draw] = value;
      });
      draw++;
    }
  } else {
    for (const column of draws) column.fill(Number.NaN);
  }
  return values.map((value, figure) => interval(value, draws[figure]));
}

/** Figures of two, and how the second's differ from the first's. */
export interface Compared<T> {
  readonly before: T;
  readonly after: T;
  /** After minus before, on the same draws: what makes a picture hard for both cancels out. */
  readonly change: T;
}

/** {@link intervals} of two on the same pictures, each measured by its own of `measures`, and of the differences. */
export function comparedIntervals(
  measures: readonly [before: MeasureAll, after: MeasureAll],
  groups: Uint32Array,
  resampling: Resampling,
): Compared<Interval[]> {
  const all = intervals(
    (weights) => {
      const [before, after] = measures.map((measure) => measure(weights));
      return [...before, ...after, ...after.map((value, i) => value - before[i])];
    },
    groups,
    resampling,
  );
  const count = all.length / 3;
  return { before: all.slice(0, count), after: all.slice(count, 2 * count), change: all.slice(2 * count) };
}

function interval(value: number, draws: Float64Array): Interval {
  if (!Number.isFinite(value)) return { value: null, low: null, high: null };
  const defined = draws.filter((draw) => Number.isFinite(draw)).sort();
  if (defined.length === 0 || defined.length < LEAST_DEFINED * draws.length) return { value, low: null, high: null };
  return { value, low: quantile(defined, TAIL), high: quantile(defined, 1 - TAIL) };
}

/** Linear interpolation between order statistics (definition 7 of Hyndman and Fan 1996); `sorted` is not empty. */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  const position = part * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
