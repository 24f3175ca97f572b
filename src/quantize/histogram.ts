/**
 * Distribution of a tensor's values in one pass and constant memory: a histogram over [-range, range) whose range doubles, merging bins in
 * pairs, when a value falls outside. The result depends on the values only, not on the order of the batches.
 */

import { UserError } from "../errors.js";

const BINS = 4096;

export class Histogram {
  private counts = new Float64Array(BINS);
  private range = 2 ** -10;
  private total = 0;
  /** Smallest and largest value seen. */
  min = Infinity;
  max = -Infinity;

  add(values: Float32Array): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
      // Also true for NaN.
      if (!(Math.abs(value) < this.range)) this.widen(value);
      this.counts[Math.floor(((value + this.range) / (2 * this.range)) * BINS)]++;
    }
    this.total += values.length;
  }

  /** The narrowest range that holds at least `percentile` per cent of the values, leaving out half of the rest at each end; at bin resolution. */
  percentileRange(percentile: number): { min: number; max: number } {
    const spare = (this.total * (1 - percentile / 100)) / 2;
    const low = this.edge(spare, 1);
    const high = this.edge(spare, -1);
    return { min: Math.max(this.min, low), max: Math.min(this.max, high) };
  }

  /** Value at which `spare` values have been passed, counting from one end. */
  private edge(spare: number, step: 1 | -1): number {
    const width = (2 * this.range) / BINS;
    let bin = step === 1 ? 0 : BINS - 1;
    for (
      let passed = this.counts[bin];
      passed <= spare && bin + step >= 0 && bin + step < BINS;
      passed += this.counts[bin]
    )
      bin += step;
    return -this.range + width * (step === 1 ? bin : bin + 1);
  }

  private widen(value: number): void {
    if (!Number.isFinite(value)) {
      throw new UserError("the float model's activations are not finite numbers", {
        remedy: "Train again with a lower train.learningRate.",
      });
    }
    while (Math.abs(value) >= this.range) this.double();
  }

  private double(): void {
    const merged = new Float64Array(BINS);
    for (let bin = 0; bin < BINS; bin++) merged[BINS / 4 + (bin >> 1)] += this.counts[bin];
    this.counts = merged;
    this.range *= 2;
  }
}
