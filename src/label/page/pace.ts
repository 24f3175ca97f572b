/** How quickly one labels, over the last strokes of this page. */

const STROKES = 20;
/** A longer pause is one: it says nothing about the pace. */
const PAUSE_MS = 30_000;

export class Pace {
  private readonly gaps: number[] = [];
  private last: number | undefined;

  stroke(now: number): void {
    if (this.last !== undefined && now - this.last < PAUSE_MS) this.gaps.push(now - this.last);
    if (this.gaps.length > STROKES) this.gaps.shift();
    this.last = now;
  }

  /** Strokes a minute; undefined before the third. */
  get perMinute(): number | undefined {
    if (this.gaps.length < 2) return undefined;
    return (60_000 * this.gaps.length) / this.gaps.reduce((sum, gap) => sum + gap, 0);
  }
}
