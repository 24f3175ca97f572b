/** Sliding the window over a level; twin of firmware/core/sm_classic.c. */
import type { GrayImage } from "../../data/types.js";
import { type Cascade, PATTERNS, tableCount } from "./cascade.js";
import { Integral, patternAt } from "./integral.js";

/** Pixels of a level between two rows of windows. In a row they are twice as far apart, every other row begins one step further right: as on a chessboard. */
export const STEP = 2;

/**
 * What a level may take, so that every frame is done in time: a row of windows is left out when more than CREDIT and PACE for each window of the rows before
 * were looked up in the level so far. Few frames are so full of face-like things.
 */
const CREDIT = 1500;
const PACE = 6;

/** The first window of the row at y, a multiple of STEP. */
export function firstWindow(y: number): number {
  return y % (2 * STEP);
}

/** Reuses its buffers. */
export class Scanner {
  private readonly integral = new Integral();
  private readonly count: number;
  /** Per table and the level's stride: offset of the blocks in the window, block width, block height in entries. */
  private readonly places: Int32Array;
  /** Tables looked up so far: what the speed is made of. */
  lookups = 0;
  windows = 0;

  constructor(private readonly cascade: Cascade) {
    this.count = tableCount(cascade);
    this.places = new Int32Array(3 * this.count);
  }

  /** Calls `visit` for every window that passes all thresholds, row by row: its top left pixel in the level and its score. */
  scan(level: GrayImage, visit: (x: number, y: number, score: number) => void): void {
    const { window, thresholds } = this.cascade;
    const sums = this.integral.load(level);
    const { stride } = this.integral;
    this.place(stride);
    let allowance = this.lookups + CREDIT;
    for (let y = 0; y + window <= level.height; y += STEP) {
      const leftOut = this.lookups > allowance;
      for (let x = firstWindow(y); x + window <= level.width; x += 2 * STEP) {
        allowance += PACE;
        if (leftOut) continue;
        const score = this.score(sums, y * stride + x);
        if (this.count === 0 || score >= thresholds[this.count - 1]) visit(x, y, score);
      }
    }
  }

  /** Of the window at an entry; below the last threshold when any threshold was missed. */
  private score(sums: Int32Array, origin: number): number {
    const { places, count } = this;
    const { tables, thresholds } = this.cascade;
    let score = 0;
    this.windows++;
    for (let i = 0; i < count; i++) {
      const place = 3 * i;
      score += tables[i * PATTERNS + patternAt(sums, origin + places[place], places[place + 1], places[place + 2])];
      if (score < thresholds[i]) {
        this.lookups += i + 1;
        return Number.NEGATIVE_INFINITY;
      }
    }
    this.lookups += count;
    return score;
  }

  /** Scores after each table of one window's pixels, whatever the thresholds say. */
  scoresOf(pixels: Uint8Array): Int16Array {
    const { window, tables } = this.cascade;
    const sums = this.integral.load({ width: window, height: window, pixels });
    this.place(this.integral.stride);
    let score = 0;
    return Int16Array.from({ length: this.count }, (_, i) => {
      const [at, width, height] = this.places.subarray(3 * i, 3 * i + 3);
      score += tables[i * PATTERNS + patternAt(sums, at, width, height)];
      return score;
    });
  }

  private place(stride: number): void {
    const { blocks } = this.cascade;
    for (let i = 0; i < this.count; i++) {
      const [x, y, width, height] = blocks.subarray(4 * i, 4 * i + 4);
      this.places[3 * i] = y * stride + x;
      this.places[3 * i + 1] = width;
      this.places[3 * i + 2] = height * stride;
    }
  }
}
