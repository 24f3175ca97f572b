/** The host program in real time, with its serial line on a pseudo-terminal. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

interface HostEvent {
  readonly event: string;
  readonly [key: string]: unknown;
}

export class LiveBot {
  readonly events: HostEvent[] = [];
  private stderr = "";
  private readonly exited: Promise<unknown>;
  private waiting: (() => void)[] = [];

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.exited = once(child, "exit");
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.events.push(JSON.parse(line) as HostEvent);
      for (const wake of this.waiting.splice(0)) wake();
    });
    child.stderr.on("data", (chunk) => {
      this.stderr += String(chunk);
    });
  }

  static async start(program: string, ...args: string[]): Promise<LiveBot> {
    const bot = new LiveBot(spawn(program, ["--serial", "pty", ...args]));
    await bot.event(({ event }) => event === "ready");
    return bot;
  }

  /** Path of the pseudo-terminal. */
  get port(): string {
    return String(this.events[0].serial);
  }

  /** The `nth` event of a kind, when it is there. */
  async event(wanted: (event: HostEvent) => boolean, nth = 1): Promise<HostEvent> {
    for (;;) {
      const found = this.events.filter(wanted);
      if (found.length >= nth) return found[nth - 1];
      const news = new Promise<void>((resolve) => this.waiting.push(resolve));
      await Promise.race([news, this.exited.then(() => Promise.reject(new Error(`the bot ended: ${this.stderr}`)))]);
    }
  }

  /** Holds the button; resolves when the `nth` decision since the start has been logged. */
  async press(ms = 120, nth = this.decisions.length + 1): Promise<HostEvent> {
    this.say(`press ${ms}`);
    return this.event(({ event }) => event === "decision", nth);
  }

  get decisions(): HostEvent[] {
    return this.events.filter(({ event }) => event === "decision");
  }

  say(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** Ends it in order; gives what it said on standard error, which is where sanitizers speak. */
  async end(): Promise<string> {
    this.child.stdin.end();
    await this.exited;
    if (this.child.exitCode !== 0) throw new Error(`the bot ended with ${this.child.exitCode}: ${this.stderr}`);
    return this.stderr;
  }

  /** As if it hung. */
  suspend(): void {
    this.child.kill("SIGSTOP");
  }

  resume(): void {
    this.child.kill("SIGCONT");
  }

  /** As if its power went. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}
