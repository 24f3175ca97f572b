/** Threads that replay presses; results do not depend on their number. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { mapOrdered } from "../data/ordered.js";
import { InterruptedError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { chunks } from "./presses.js";
import { type PressReplay, PressReplayer, type ReplaySetup } from "./replay-press.js";
import type { ReplayJob, ReplayReply } from "./worker.js";

/** A thread is worth its start from so many captures on. */
const CAPTURES_PER_THREAD = 128;
const MOST_THREADS = 4;

export interface ReplayedPress {
  readonly press: readonly CatalogueCapture[];
  readonly replay: PressReplay;
}

/** Replays presses in their order, of `captures` captures in all; holds a few hundred captures in memory, and no pictures. */
export async function* replayPresses(
  presses: Iterable<CatalogueCapture[]>,
  captures: number,
  setup: ReplaySetup,
  context: StageContext,
): AsyncGenerator<ReplayedPress, void, undefined> {
  const threads = Math.min(MOST_THREADS, availableParallelism(), Math.floor(captures / CAPTURES_PER_THREAD));
  const pool = new ReplayPool(setup, threads);
  const progress = context.reporter.progress("replay", captures, "captures");
  let done = 0;
  try {
    for await (const { item, result } of mapOrdered(chunks(presses), pool.depth, (chunk) => pool.replay(chunk))) {
      if (context.signal.aborted) throw new InterruptedError();
      for (const [i, press] of item.entries()) {
        yield { press, replay: result[i] };
        done += press.length;
      }
      progress.update(done);
    }
  } finally {
    progress.end();
    await pool.close();
  }
}

interface Waiting {
  readonly resolve: (replays: readonly PressReplay[]) => void;
  readonly reject: (error: Error) => void;
}

class ReplayPool {
  private readonly workers: Worker[];
  private readonly here: PressReplayer | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private jobs = 0;
  private failure: Error | undefined;

  constructor(setup: ReplaySetup, threads: number) {
    this.here = threads < 2 ? new PressReplayer(setup) : undefined;
    this.workers = this.here === undefined ? Array.from({ length: threads }, () => this.start(setup)) : [];
  }

  get depth(): number {
    return this.here === undefined ? 2 * this.workers.length : 1;
  }

  async replay(presses: readonly CatalogueCapture[][]): Promise<readonly PressReplay[]> {
    if (this.here !== undefined) return replayAll(this.here, presses);
    if (this.failure !== undefined) throw this.failure;
    const job = this.jobs++;
    return new Promise((resolve, reject) => {
      this.waiting.set(job, { resolve, reject });
      this.workers[job % this.workers.length].postMessage({ job, presses } satisfies ReplayJob);
    });
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.removeAllListeners();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private start(setup: ReplaySetup): Worker {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: setup });
    worker.on("message", ({ job, replays }: ReplayReply) => {
      this.waiting.get(job)?.resolve(replays);
      this.waiting.delete(job);
    });
    worker.on("error", (error) => this.fail(error as Error));
    worker.on("exit", (code) => this.fail(new Error(`a replaying thread ended with code ${code}`)));
    return worker;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** One after the other: a replayer's interpreters hold one picture. */
export async function replayAll(replayer: PressReplayer, presses: readonly CatalogueCapture[][]) {
  const replays: PressReplay[] = [];
  for (const press of presses) replays.push(await replayer.replay(press));
  return replays;
}
