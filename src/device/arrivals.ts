/** What comes in over a line and is waited for, in order. The line's end ends the wait under way and every later one, once all that came before it is taken. */
export class Arrivals<T> {
  private waiting: T[] = [];
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  /** More than `most` at a time are lost, as on the line. */
  constructor(private readonly most = Number.POSITIVE_INFINITY) {}

  get count(): number {
    return this.waiting.length;
  }

  /** The error that ended the line, if one did. */
  get ended(): Error | undefined {
    return this.failure;
  }

  push(arrival: T): void {
    if (this.waiting.length < this.most) this.waiting.push(arrival);
    this.wake?.();
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  clear(): void {
    this.waiting = [];
  }

  /** The next one, or undefined when none came until `deadline` (of performance.now()). Throws what ended the line. */
  async next(deadline: number): Promise<T | undefined> {
    for (;;) {
      const arrival = this.waiting.shift();
      if (arrival !== undefined) return arrival;
      if (this.failure !== undefined) throw this.failure;
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      await this.woken(left);
    }
  }

  /** Waits for `work`, at most until the line ends. */
  async untilFailure(work: Promise<void>): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.wake = () => {
        if (this.failure !== undefined) reject(this.failure);
      };
    });
    await Promise.race([work, failed]);
    this.wake = undefined;
  }

  private async woken(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }
}
