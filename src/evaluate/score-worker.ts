/** Scoring thread: batches in, results out. */
import { parentPort, workerData } from "node:worker_threads";
import { type BatchPicture, BatchScorer, type BatchSetup } from "./score-batch.js";

export interface ScoreJob {
  readonly job: number;
  readonly pictures: readonly BatchPicture[];
}

function serve(port: NonNullable<typeof parentPort>, setup: BatchSetup): void {
  const scorer = new BatchScorer(setup);
  port.on("message", ({ job, pictures }: ScoreJob) => {
    const result = scorer.score(pictures);
    const buffers = [result.grey, result.inputs, result.outputs].flatMap((array) => array?.buffer ?? []);
    port.postMessage({ job, result }, buffers as ArrayBuffer[]);
  });
}

if (parentPort !== null) serve(parentPort, workerData as BatchSetup);
