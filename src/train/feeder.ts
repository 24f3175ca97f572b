/**
 * Prepares training batches ahead of the backend: order, augmentation and preprocessing, on worker threads.
 *
 * Which pictures a step gets, and how each is varied, depends on the seed, the epoch and the step alone.
 */
import { Worker } from "node:worker_threads";
import type { AugmentOptions } from "../augment/types.js";
import type { PictureSource } from "../data/types.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import type { FeedJob, FeedSetup } from "./feeder-worker.js";
import { Rng } from "./rng.js";
import { STREAM } from "./streams.js";

/** Batches that are prepared ahead. */
const DEPTH = 3;

export interface FeederRequest {
  readonly source: PictureSource;
  readonly preprocess: PreprocessSpec;
  readonly augment: AugmentOptions;
  readonly seed: number;
  readonly batchSize: number;
  readonly threads: number;
}

/** One prepared batch; valid until the next call of `next()`. */
export interface FedBatch {
  readonly count: number;
  /** Their numbers in the source. */
  readonly pictures: Uint32Array;
  /** [count, size, size, 1] */
  readonly inputs: Int8Array;
  readonly labels: Uint8Array;
}

/** Steps of an epoch: as few batches of at most batchSize as hold every picture once. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.ceil(count / batchSize);
}

/** Pictures of each step of an epoch: a permutation cut evenly, sizes differing by one at most. */
export function epochBatches(seed: number, epoch: number, count: number, batchSize: number): Uint32Array[] {
  const order = new Rng(seed, STREAM.order, epoch).permutation(count);
  const steps = stepsPerEpoch(count, batchSize);
  const cut = (step: number) => Math.floor((step * count) / steps);
  return Array.from({ length: steps }, (_, step) => order.subarray(cut(step), cut(step + 1)));
}

interface Slot {
  readonly buffer: SharedArrayBuffer;
  readonly pixels: Uint8Array;
  readonly inputs: Int8Array;
  readonly counter: Int32Array;
}

interface Open {
  readonly step: number;
  readonly slot: number;
  readonly pictures: Uint32Array;
  readonly labels: Uint8Array;
  waiting: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

/** Hands out the batches of step `first`, `first` + 1, ... in order. The caller must close it. */
export class Feeder {
  private readonly workers: Worker[];
  private readonly slots: Slot[];
  private readonly staging: Uint8Array;
  private readonly queue: Open[] = [];
  private batches: { epoch: number; list: Uint32Array[] } | undefined;
  private step: number;
  private failure: Error | undefined;
  private wake: (() => void) | undefined;

  constructor(
    private readonly request: FeederRequest,
    first: number,
    private readonly last: number,
  ) {
    const { source, batchSize, preprocess, augment, seed } = request;
    this.step = first;
    const pixels = source.size * source.size;
    const inputSize = preprocess.size * preprocess.size;
    this.staging = new Uint8Array(batchSize * pixels);
    // One more slot than is prepared ahead: the batch in the caller's hands.
    this.slots = Array.from({ length: DEPTH + 1 }, () => makeSlot(batchSize, pixels, inputSize));
    const buffers = this.slots.map((slot) => slot.buffer);
    const setup: FeedSetup = { buffers, batchSize, size: source.size, spec: preprocess, augment, seed };
    this.workers = Array.from({ length: request.threads }, () => this.startWorker(setup));
    try {
      for (let i = 0; i < DEPTH; i++) this.prepare();
    } catch (error) {
      // Thrown by next(), when there is someone to close the threads.
      this.fail(error as Error);
    }
  }

  /** The next step's batch, or undefined after the last. */
  async next(): Promise<FedBatch | undefined> {
    if (this.failure !== undefined) throw this.failure;
    const open = this.queue[0];
    if (open === undefined) return undefined;
    await Promise.race([open.done, this.untilFailure()]);
    if (this.failure !== undefined) throw this.failure;
    this.queue.shift();
    this.prepare();
    const inputSize = this.request.preprocess.size ** 2;
    const { pictures, labels } = open;
    const count = pictures.length;
    return { count, pictures, inputs: this.slots[open.slot].inputs.subarray(0, count * inputSize), labels };
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.removeAllListeners();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private startWorker(setup: FeedSetup): Worker {
    const worker = new Worker(new URL("./feeder-worker.js", import.meta.url), { workerData: setup });
    worker.on("message", (step: number) => this.finished(step));
    worker.on("error", (error) => this.fail(error as Error));
    worker.on("exit", (code) => this.fail(new Error(`a picture thread ended with code ${code}`)));
    return worker;
  }

  private untilFailure(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.failure !== undefined) resolve();
    });
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  private finished(step: number): void {
    const open = this.queue.find((entry) => entry.step === step);
    if (open !== undefined && --open.waiting === 0) open.resolve();
  }

  /** Reads the next step's pictures and sets the threads to work on them. */
  private prepare(): void {
    if (this.step >= this.last) return;
    const { source, seed, batchSize } = this.request;
    const steps = stepsPerEpoch(source.count, batchSize);
    const epoch = Math.floor(this.step / steps);
    if (this.batches?.epoch !== epoch)
      this.batches = { epoch, list: epochBatches(seed, epoch, source.count, batchSize) };
    const pictures = this.batches.list[this.step % steps];
    const slot = this.step % this.slots.length;
    const pixels = pictures.length * source.size * source.size;
    source.read(pictures, this.staging.subarray(0, pixels));
    this.slots[slot].pixels.set(this.staging.subarray(0, pixels));
    Atomics.store(this.slots[slot].counter, 0, 0);
    let resolve = () => {};
    const done = new Promise<void>((settle) => {
      resolve = settle;
    });
    const labels = Uint8Array.from(pictures, (picture) => source.labels[picture]);
    this.queue.push({
      step: this.step,
      slot,
      pictures: pictures.slice(),
      labels,
      waiting: this.workers.length,
      done,
      resolve,
    });
    const job: FeedJob = { step: this.step, slot, epoch, pictures: pictures.slice() };
    for (const worker of this.workers) worker.postMessage(job);
    this.step++;
  }
}

/** Layout of a slot's buffer: counter (64 bytes), source pixels, network inputs. */
export function slotViews(buffer: SharedArrayBuffer, batchSize: number, pixels: number, inputSize: number): Slot {
  return {
    buffer,
    counter: new Int32Array(buffer, 0, 1),
    pixels: new Uint8Array(buffer, 64, batchSize * pixels),
    inputs: new Int8Array(buffer, 64 + batchSize * pixels, batchSize * inputSize),
  };
}

function makeSlot(batchSize: number, pixels: number, inputSize: number): Slot {
  const buffer = new SharedArrayBuffer(64 + batchSize * (pixels + inputSize));
  return slotViews(buffer, batchSize, pixels, inputSize);
}
