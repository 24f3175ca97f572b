/** The most confident mistakes, kept with their pictures while a set streams by. */
export interface Mistake {
  readonly name: string;
  readonly label: string;
  /** Log-odds. */
  readonly score: number;
  readonly probability: number;
  /** As the network saw it, [size, size] grey. */
  readonly grey: Uint8Array;
  readonly size: number;
}

/** Missed pictures and false alarms apart: a low threshold makes the ones many and far, and would leave no room for the others. */
export class WorstMistakes {
  private readonly kept: Record<"missed" | "alarms", (Mistake & { readonly picture: number })[]> = {
    missed: [],
    alarms: [],
  };

  /** @param threshold log-odds; @param limit how many of each kind are kept */
  constructor(
    private readonly threshold: number,
    private readonly limit: number,
  ) {}

  /** Considers picture number `picture`; the pixels are copied if it is kept. */
  add(picture: number, isPositive: boolean, mistake: Mistake): void {
    if (mistake.score >= this.threshold === isPositive) return;
    const list = this.kept[isPositive ? "missed" : "alarms"];
    const last = list[this.limit - 1];
    if (last !== undefined && this.distance(mistake) <= this.distance(last)) return;
    list.push({ ...mistake, grey: mistake.grey.slice(), picture });
    list.sort((a, b) => this.distance(b) - this.distance(a) || a.picture - b.picture);
    list.length = Math.min(list.length, this.limit);
  }

  /** Missed pictures, then false alarms, each farthest from the threshold first; without the pictures that turned out not to count. */
  worst(dropped: ReadonlySet<number>): Mistake[] {
    return [...this.kept.missed, ...this.kept.alarms]
      .filter(({ picture }) => !dropped.has(picture))
      .map(({ picture: _, ...mistake }) => mistake);
  }

  private distance({ score }: Mistake): number {
    return Math.abs(score - this.threshold);
  }
}
