/** Threads that score batches of pictures; results do not depend on their number. */
import { Worker } from "node:worker_threads";
import { type BatchPicture, type BatchResult, BatchScorer, type BatchSetup } from "./score-batch.js";
import type { ScoreJob } from "./score-worker.js";

interface Waiting {
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: Error) => void;
}

/** The caller must close it. With no threads batches are scored on the spot: starting one takes longer than a few pictures. */
export class ScorePool {
  private readonly workers: Worker[];
  private readonly here: BatchScorer | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private jobs = 0;
  private failure: Error | undefined;

  constructor(setup: BatchSetup, threads: number) {
    this.here = threads === 0 ? new BatchScorer(setup) : undefined;
    this.workers = Array.from({ length: threads }, () => this.start(setup));
  }

  /** How many batches should be under way to keep all threads busy. */
  get depth(): number {
    return this.here === undefined ? 2 * this.workers.length : 1;
  }

  async score(pictures: readonly BatchPicture[]): Promise<BatchResult> {
    if (this.here !== undefined) return this.here.score(pictures);
    if (this.failure !== undefined) throw this.failure;
    const job = this.jobs++;
    return new Promise((resolve, reject) => {
      this.waiting.set(job, { resolve, reject });
      this.workers[job % this.workers.length].postMessage({ job, pictures } satisfies ScoreJob);
    });
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.removeAllListeners();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private start(setup: BatchSetup): Worker {
    const worker = new Worker(new URL("./score-worker.js", import.meta.url), { workerData: setup });
    worker.on("message", ({ job, result }: { job: number; result: BatchResult }) => {
      this.waiting.get(job)?.resolve(result);
      this.waiting.delete(job);
    });
    worker.on("error", (error) => this.fail(error as Error));
    worker.on("exit", (code) => this.fail(new Error(`a scoring thread ended with code ${code}`)));
    return worker;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
