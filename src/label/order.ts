/**
 * Most informative first: uncertainty of the score times distance from what comes before. The latter is greedy k-center (Gonzalez 1985; Sener and Savarese 2018) on
 * small standardised faces. Deterministic: ties go to the candidate that is first in the list.
 */
import { setImmediate } from "node:timers/promises";

export interface Candidate {
  readonly press: number;
  /** 0 to 1: how near the score is to the threshold. */
  readonly uncertainty: number;
  /** int8 values as bytes, the same number for all; undefined: comes last. */
  readonly sketch: Uint8Array | undefined;
}

/** Values of a sketch between two looks at whether it is too far already. */
const BLOCK = 48;
/** Steps between two pauses in which the server answers. */
const STEPS = 8;

export class InformativeOrder {
  /** Indices of candidates, in the order they were chosen. */
  private readonly chosen: number[] = [];
  /** Those left. */
  private open: number[];
  /** Squared distance to the nearest chosen one. */
  private readonly nearest: Float64Array;
  private readonly sketches: Int8Array;
  private readonly length: number;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly candidates: readonly Candidate[]) {
    this.length = candidates.find(({ sketch }) => sketch !== undefined)?.sketch?.length ?? 0;
    this.sketches = new Int8Array(candidates.length * this.length);
    candidates.forEach(({ sketch }, i) => {
      if (sketch !== undefined) this.sketches.set(sketch, i * this.length);
    });
    this.open = candidates.flatMap(({ sketch }, i) => (sketch === undefined ? [] : [i]));
    // Before the first choice all are equally far from nothing.
    this.nearest = new Float64Array(candidates.length).fill(1);
  }

  /** Presses whose places are final. */
  get settled(): number {
    return this.chosen.length;
  }

  /** Chooses until `count` places are final, or all are. Each costs a pass over what is left. */
  extend(count: number): Promise<void> {
    this.work = this.work.then(async () => {
      while (this.chosen.length < count && this.open.length > 0) {
        this.choose();
        if (this.chosen.length % STEPS === 0) await setImmediate();
      }
    });
    return this.work;
  }

  /** All presses: the final ones, the others by what they are worth beside those, then those that cannot be seen. */
  order(): number[] {
    const worth = this.open.map((index) => ({ index, value: this.worth(index) }));
    worth.sort((a, b) => b.value - a.value || a.index - b.index);
    const blind = this.candidates.flatMap(({ sketch }, i) => (sketch === undefined ? [i] : []));
    return [...this.chosen, ...worth.map(({ index }) => index), ...blind].map((i) => this.candidates[i].press);
  }

  private worth(index: number): number {
    return this.candidates[index].uncertainty * Math.sqrt(this.nearest[index]);
  }

  private choose(): void {
    let best = this.open[0];
    for (const index of this.open) if (this.worth(index) > this.worth(best)) best = index;
    const isFirst = this.chosen.length === 0;
    this.chosen.push(best);
    this.open = this.open.filter((index) => index !== best);
    for (const index of this.open) {
      this.nearest[index] = this.distance(index, best, isFirst ? Infinity : this.nearest[index]);
    }
  }

  /** Squared distance of two sketches, or `limit` when it is not less. */
  private distance(a: number, b: number, limit: number): number {
    const { sketches, length } = this;
    let sum = 0;
    for (let at = 0; at < length; at += BLOCK) {
      for (let i = a * length + at, j = b * length + at, end = i + Math.min(BLOCK, length - at); i < end; i++, j++) {
        const difference = sketches[i] - sketches[j];
        sum += difference * difference;
      }
      if (sum >= limit) return limit;
    }
    return sum;
  }
}
