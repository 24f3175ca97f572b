/** A distribution in constant memory: fixed bins, fine enough that what is computed from them is as good as from the values. */

const BINS = 1024;

export class Histogram {
  readonly counts = new Float64Array(BINS);
  private sum = 0;
  private n = 0;

  /** Values beyond `low` and `high` are counted in the bin at that end. */
  constructor(
    readonly low: number,
    readonly high: number,
  ) {}

  add(value: number): void {
    const bin = Math.floor(((value - this.low) / (this.high - this.low)) * BINS);
    this.counts[Math.max(0, Math.min(BINS - 1, bin))]++;
    this.sum += Math.max(this.low, Math.min(this.high, value));
    this.n++;
  }

  get count(): number {
    return this.n;
  }

  get mean(): number {
    return this.sum / this.n;
  }

  /** Middle of the bin that the value with `part` of all below it lies in; NaN when empty. */
  quantile(part: number): number {
    let below = 0;
    for (let bin = 0; bin < BINS; bin++) {
      below += this.counts[bin];
      if (this.n > 0 && below >= part * this.n) return this.low + ((bin + 0.5) * (this.high - this.low)) / BINS;
    }
    return Number.NaN;
  }

  /** Shares of the values in `bins` equal parts of low to high; `bins` divides 1024. */
  shares(bins: number, low = this.low, high = this.high): number[] {
    const shares = new Array<number>(bins).fill(0);
    for (let bin = 0; bin < BINS; bin++) {
      const value = this.low + ((bin + 0.5) * (this.high - this.low)) / BINS;
      const at = Math.floor(((value - low) / (high - low)) * bins);
      shares[Math.max(0, Math.min(bins - 1, at))] += this.counts[bin] / this.n;
    }
    return shares;
  }
}
