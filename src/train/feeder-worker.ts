/** Worker thread of the feeder: augments and preprocesses pictures, a few at a time, until a batch has none left. */
import { parentPort, workerData } from "node:worker_threads";
import { Augmenter } from "../augment/pipeline.js";
import type { AugmentOptions } from "../augment/types.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { slotViews } from "./feeder.js";

export interface FeedSetup {
  readonly buffers: readonly SharedArrayBuffer[];
  readonly batchSize: number;
  readonly size: number;
  readonly spec: PreprocessSpec;
  readonly augment: AugmentOptions;
  readonly seed: number;
}

export interface FeedJob {
  readonly step: number;
  readonly slot: number;
  readonly epoch: number;
  readonly pictures: Uint32Array;
}

/** Pictures taken at once: small enough to share a batch evenly, large enough that the counter is not contended. */
const TAKE = 8;

function serve(port: NonNullable<typeof parentPort>, setup: FeedSetup): void {
  const { size, spec, seed } = setup;
  const pixels = size * size;
  const inputSize = spec.size * spec.size;
  const slots = setup.buffers.map((buffer) => slotViews(buffer, setup.batchSize, pixels, inputSize));
  const augmenter = new Augmenter(size, spec, setup.augment, seed);
  port.on("message", ({ step, slot, epoch, pictures }: FeedJob) => {
    const { counter, pixels: source, inputs } = slots[slot];
    for (let at = Atomics.add(counter, 0, TAKE); at < pictures.length; at = Atomics.add(counter, 0, TAKE)) {
      for (let i = at; i < Math.min(at + TAKE, pictures.length); i++) {
        const from = source.subarray(i * pixels, (i + 1) * pixels);
        augmenter.augment(from, epoch, pictures[i], inputs.subarray(i * inputSize, (i + 1) * inputSize));
      }
    }
    port.postMessage(step);
  });
}

if (parentPort !== null) serve(parentPort, workerData as FeedSetup);
