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

export class WorstMistakes {
  private kept: (Mistake & { readonly picture: number })[] = [];

  /** @param threshold log-odds; @param limit how many are kept */
  constructor(
    private readonly threshold: number,
    private readonly limit: number,
  ) {}

  /** Considers picture number `picture`; the pixels are copied if it is kept. */
  add(picture: number, isPositive: boolean, mistake: Mistake): void {
    if (mistake.score >= this.threshold === isPositive) return;
    const last = this.kept[this.limit - 1];
    if (last !== undefined && this.distance(mistake) <= this.distance(last)) return;
    this.kept.push({ ...mistake, grey: mistake.grey.slice(), picture });
    this.kept.sort((a, b) => this.distance(b) - this.distance(a) || a.picture - b.picture);
    this.kept.length = Math.min(this.kept.length, this.limit);
  }

  /** Farthest from the threshold first, without the pictures that turned out not to count. */
  worst(dropped: ReadonlySet<number>): Mistake[] {
    return this.kept.filter(({ picture }) => !dropped.has(picture)).map(({ picture: _, ...mistake }) => mistake);
  }

  private distance({ score }: Mistake): number {
    return Math.abs(score - this.threshold);
  }
}
