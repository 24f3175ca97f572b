/** Replies that have come in and are not yet used, bounded: what does not fit is lost, as on the line, and asked for again. */
import type { Reply } from "./packet.js";

const KEPT = 256;

export type Arrival = Reply | "foreign" | "timeout";

export class Inbox {
  private replies: (Reply | "foreign")[] = [];
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  push(arrival: Reply | "foreign"): void {
    if (this.replies.length < KEPT) this.replies.push(arrival);
    this.wake?.();
  }

  /** Ends the present wait and every later one. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  clear(): void {
    this.replies = [];
  }

  /** The next arrival, waiting until `deadline` (of performance.now()). Throws what ended the line. */
  async next(deadline: number): Promise<Arrival> {
    for (;;) {
      const arrival = this.replies.shift();
      if (arrival !== undefined) return arrival;
      if (this.failure !== undefined) throw this.failure;
      const left = deadline - performance.now();
      if (left <= 0) return "timeout";
      await this.arrival(left);
    }
  }

  private async arrival(ms: number): Promise<void> {
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
