/**
 * Successive halving in brackets (Jamieson and Talwalkar 2016; Li et al. 2018, "Hyperband"): many candidates get a short training, the better third
 * a longer one, and so on to the full length; then the next bracket. What a search tries, and in which order, depends on its seed alone;
 * the budget only decides where it ends.
 */
import { type Judged, ranked } from "./front.js";

/** Candidates of a bracket's first rung, and what a rung keeps of the one before. */
const BRACKET = 9;
const KEEP = 3;
/** A training shorter than this tells candidates apart by luck. */
const FEWEST_EPOCHS = 3;

export interface Rung {
  readonly epochs: number;
  readonly count: number;
}

/** From short to full trainings of `epochs`. */
export function rungs(epochs: number): Rung[] {
  const all: Rung[] = [];
  for (let count = BRACKET, part = BRACKET; count >= 1; count = Math.floor(count / KEEP), part /= KEEP) {
    const length = Math.min(epochs, Math.max(FEWEST_EPOCHS, Math.round(epochs / part)));
    if (all.length === 0 || length > all[all.length - 1].epochs || count === 1) all.push({ epochs: length, count });
  }
  return all;
}

export interface HalvingRequest<Trial extends Judged> {
  /** Of a full training. */
  readonly epochs: number;
  /** Trains candidate `index`; undefined when the budget is used up. */
  trial(index: number, epochs: number): Promise<Trial | undefined>;
  /** The next candidates' indices, in their order. */
  next(count: number): readonly number[];
}

/** Runs brackets until the budget ends; returns every trial. */
export async function successiveHalving<Trial extends Judged & { readonly index: number }>(
  request: HalvingRequest<Trial>,
): Promise<Trial[]> {
  const done: Trial[] = [];
  for (;;) {
    let indices = request.next(BRACKET);
    if (indices.length === 0) return done;
    for (const { epochs, count } of rungs(request.epochs)) {
      const rung: Trial[] = [];
      for (const index of indices.slice(0, count)) {
        const trial = await request.trial(index, epochs);
        if (trial === undefined) return done;
        rung.push(trial);
        done.push(trial);
      }
      indices = ranked(rung).map(({ index }) => index);
    }
  }
}
