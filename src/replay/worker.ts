/** Replaying thread: presses in, what came of them out, in the order of asking. */
import { parentPort, workerData } from "node:worker_threads";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { replayAll } from "./pool.js";
import { type PressReplay, PressReplayer, type ReplaySetup } from "./replay-press.js";

export interface ReplayJob {
  readonly job: number;
  readonly presses: readonly CatalogueCapture[][];
}

export interface ReplayReply {
  readonly job: number;
  readonly replays: readonly PressReplay[];
}

function serve(port: NonNullable<typeof parentPort>, setup: ReplaySetup): void {
  const replayer = new PressReplayer(setup);
  let last: Promise<void> = Promise.resolve();
  port.on("message", ({ job, presses }: ReplayJob) => {
    last = last.then(async () => {
      const replays = await replayAll(replayer, presses);
      port.postMessage({ job, replays } satisfies ReplayReply);
    });
  });
}

if (parentPort !== null) serve(parentPort, workerData as ReplaySetup);
