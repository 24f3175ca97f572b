/**
 * The training loop: AdamW with warm-up and cosine, augmentation, dropout, label smoothing, class balance, early stopping and checkpoints.
 *
 * A run is a function of its network, data, options and backend: it can be stopped at any step (even killed) and continued from its
 * last checkpoint, with any number of threads, and gives the same bytes.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Config } from "../config/schema.js";
import type { PictureSource } from "../data/types.js";
import { InterruptedError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import type { TrainingBackend } from "./backend.js";
import { type Checkpoint, type EpochRecord, loadCheckpoint, type RunProgress, saveCheckpoint } from "./checkpoint.js";
import { backendLogits, classCount, logitQuality, threadCount } from "./evaluate.js";
import { type FedBatch, Feeder, stepsPerEpoch } from "./feeder.js";
import { initialParameters } from "./initialize.js";
import { type FloatModel, type Network, outputShapes } from "./network.js";
import { learningRateAt, Optimizer, type TrainingState } from "./optimizer.js";
import { Rng } from "./rng.js";
import { STREAM } from "./streams.js";

/** Wall-clock milliseconds between checkpoints inside an epoch. When one is written changes no result. */
const CHECKPOINT_INTERVAL_MS = 20_000;
export const CHECKPOINT_FILE = "checkpoint.bin";

export interface TrainRequest {
  readonly network: Network;
  readonly train: PictureSource;
  readonly val: PictureSource;
  readonly options: Config["train"];
  readonly preprocess: PreprocessSpec;
  /** Keeps the checkpoint between runs. */
  readonly workDir: string;
  readonly context: StageContext;
  readonly backend: TrainingBackend;
}

export interface TrainResult {
  /** Parameters after the best epoch. */
  readonly model: FloatModel;
  readonly history: readonly EpochRecord[];
  /** The epoch (from 1) with the lowest validation loss; the first of equals. */
  readonly bestEpoch: number;
  /** Whether early stopping ended the run. */
  readonly stoppedEarly: boolean;
}

/**
 * Trains a network, continuing from the checkpoint in `workDir` if it belongs to the same run.
 *
 * @throws UserError for data that cannot be trained on or a diverged run; InterruptedError after an abort, with a checkpoint written
 */
export async function trainModel(request: TrainRequest): Promise<TrainResult> {
  checkData(request);
  const run = new TrainingRun(request);
  await run.restore();
  await run.train();
  return run.result();
}

function checkData({ network, train, val, options }: TrainRequest): void {
  const remedy = "Import more pictures, or change how they are split.";
  if (train.count === 0) throw new UserError("the training split has no pictures", { remedy });
  if (val.count === 0) throw new UserError("the validation split has no pictures", { remedy });
  const classes = classCount(network);
  const counts = labelCounts(train.labels, classes);
  const missing = counts.indexOf(0);
  if (missing >= 0)
    throw new UserError(`the training split has no picture of label ${missing + 1} of ${classes}`, { remedy });
  if (train.count < 2) throw new UserError("the training split has fewer than 2 pictures", { remedy });
  if (options.epochs < 1) throw new UserError("training needs at least one epoch", { where: "train.epochs" });
}

function labelCounts(labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}

/** Loss weight of each class: 1, or inversely proportional to its pictures with mean 1 over the training split. */
export function classWeights(labels: Uint8Array, classes: number, balance: Config["train"]["classBalance"]): number[] {
  const counts = labelCounts(labels, classes);
  return counts.map((count) => (balance === "none" || count === 0 ? 1 : labels.length / (classes * count)));
}

/** Dropout masks of a step by layer: [count, inputs], 0 or 1 / (1 - probability). */
export function dropoutMasks(network: Network, seed: number, step: number, count: number): Map<number, Float32Array> {
  const shapes = outputShapes(network);
  const masks = new Map<number, Float32Array>();
  network.layers.forEach((layer, index) => {
    if (layer.kind !== "dense" || layer.dropout === 0) return;
    const rng = new Rng(seed, STREAM.dropout, step, index);
    const kept = 1 / (1 - layer.dropout);
    const mask = new Float32Array(count * shapes[layer.input][0]);
    for (let i = 0; i < mask.length; i++) mask[i] = rng.uniform() < layer.dropout ? 0 : kept;
    masks.set(index, mask);
  });
  return masks;
}

/** Everything that must be equal for a checkpoint to be continued. Threads are left out: they change nothing. */
function runIdentity({ network, train, val, options, preprocess, backend }: TrainRequest): string {
  const { threads: _threads, backend: _choice, ...rest } = options;
  const hash = createHash("sha256");
  const { name, statisticsGroup } = backend;
  hash.update(JSON.stringify([network, rest, preprocess, name, statisticsGroup]));
  for (const source of [train, val]) hash.update(JSON.stringify([source.count, source.size])).update(source.labels);
  return hash.digest("hex");
}

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

class TrainingRun {
  private readonly optimizer: Optimizer;
  private readonly identity: string;
  private readonly path: string;
  private readonly steps: number;
  private readonly weights: number[];
  private state: TrainingState;
  private best: Float32Array;
  private progress: RunProgress = { step: 0, history: [], bestEpoch: 0, lossSum: 0, correct: 0, seen: 0 };
  private savedAt = performance.now();

  constructor(private readonly request: TrainRequest) {
    const { network, options, train, workDir } = request;
    this.optimizer = new Optimizer(network);
    this.identity = runIdentity(request);
    this.path = join(workDir, CHECKPOINT_FILE);
    this.steps = stepsPerEpoch(train.count, options.batchSize);
    this.weights = classWeights(train.labels, classCount(network), options.classBalance);
    this.state = this.optimizer.initialState(initialParameters(network, options.seed));
    this.best = this.state.parameters.slice();
  }

  async restore(): Promise<void> {
    const { reporter } = this.request.context;
    const loaded = await loadCheckpoint(this.path, this.identity);
    if (loaded.kind === "unusable")
      reporter.warn(`checkpoint ${this.path} is not used: ${loaded.reason}; training starts anew`);
    if (loaded.kind !== "found") return;
    const { progress, arrays } = loaded.checkpoint;
    const [parameters, m, v, best] = ["parameters", "m", "v", "best"].map((name) => arrays.get(name));
    const size = this.best.length;
    if ([parameters, m, v, best].some((array) => array?.length !== size)) {
      reporter.warn(`checkpoint ${this.path} is not used: its arrays do not fit; training starts anew`);
      return;
    }
    this.progress = progress;
    this.state = { step: progress.step, parameters: parameters!, m: m!, v: v! };
    this.best = best!;
    reporter.info(`continuing from the checkpoint at step ${progress.step} of ${this.totalSteps()}`);
  }

  result(): TrainResult {
    const { history, bestEpoch } = this.progress;
    const model = { network: this.request.network, parameters: this.best };
    return { model, history, bestEpoch, stoppedEarly: this.stopsEarly() };
  }

  async train(): Promise<void> {
    const { request } = this;
    const { options, train, context } = request;
    if (this.finished()) return;
    const feeder = new Feeder(
      {
        source: train,
        preprocess: request.preprocess,
        augment: options.augment,
        seed: options.seed,
        batchSize: options.batchSize,
        threads: threadCount(options.threads),
      },
      this.progress.step,
      this.totalSteps(),
    );
    const display = context.reporter.progress("training", options.epochs * train.count, "pictures");
    try {
      while (!this.finished()) {
        const batch = await feeder.next();
        if (batch === undefined) throw new Error("the feeder ended before the run");
        await this.step(batch);
        const epochs = this.progress.history.length;
        display.update(epochs * train.count + this.progress.seen, `epoch ${Math.min(epochs + 1, options.epochs)}`);
        await this.checkpointIfDue();
      }
    } finally {
      display.end();
      await feeder.close();
    }
  }

  private totalSteps(): number {
    return this.steps * this.request.options.epochs;
  }

  private stopsEarly(): boolean {
    const { earlyStopping, epochs } = this.request.options;
    const { history, bestEpoch } = this.progress;
    return earlyStopping > 0 && history.length < epochs && history.length - bestEpoch >= earlyStopping;
  }

  private finished(): boolean {
    return this.progress.history.length >= this.request.options.epochs || this.stopsEarly();
  }

  private learningRate(): number {
    const { options } = this.request;
    const warmup = Math.min(Math.round(options.warmupEpochs * this.steps), this.totalSteps() - 1);
    return learningRateAt(this.state.step, warmup, this.totalSteps(), options.learningRate);
  }

  private async step(batch: FedBatch): Promise<void> {
    const { network, options, backend } = this.request;
    const { count, inputs, labels } = batch;
    const { loss, correct, gradient } = await backend.gradients(this.state.parameters, {
      count,
      inputs,
      labels,
      weights: Float32Array.from(labels, (label) => this.weights[label]),
      labelSmoothing: options.labelSmoothing,
      masks: dropoutMasks(network, options.seed, this.state.step, count),
    });
    if (!Number.isFinite(loss)) throw diverged(this.state.step);
    const learningRate = this.learningRate();
    this.optimizer.apply(this.state, gradient, { learningRate, weightDecay: options.weightDecay });
    this.progress.step = this.state.step;
    this.progress.lossSum += loss * count;
    this.progress.correct += correct;
    this.progress.seen += count;
    if (this.state.step % this.steps === 0) await this.endEpoch(learningRate);
  }

  private async endEpoch(learningRate: number): Promise<void> {
    const { backend, val, preprocess } = this.request;
    const { progress } = this;
    const logits = await backendLogits(backend, this.state.parameters, val, preprocess);
    const validation = logitQuality(logits, val.labels);
    if (!Number.isFinite(validation.loss)) throw diverged(this.state.step);
    const record: EpochRecord = {
      epoch: progress.history.length + 1,
      learningRate,
      loss: progress.lossSum / progress.seen,
      accuracy: progress.correct / progress.seen,
      validationLoss: validation.loss,
      validationAccuracy: validation.accuracy,
    };
    const best = progress.history[progress.bestEpoch - 1];
    progress.history.push(record);
    if (best === undefined || record.validationLoss < best.validationLoss) {
      progress.bestEpoch = record.epoch;
      this.best.set(this.state.parameters);
    }
    Object.assign(progress, { lossSum: 0, correct: 0, seen: 0 });
    this.report(record);
    await this.save();
  }

  private report(record: EpochRecord): void {
    const { context, options } = this.request;
    const mark = this.progress.bestEpoch === record.epoch ? " (best)" : "";
    context.reporter.info(
      `epoch ${record.epoch}/${options.epochs}: loss ${record.loss.toFixed(4)}, accuracy ${percent(record.accuracy)}; ` +
        `validation loss ${record.validationLoss.toFixed(4)}, accuracy ${percent(record.validationAccuracy)}${mark}`,
    );
    if (!this.stopsEarly()) return;
    context.reporter.info(`stopped early: no better validation loss for ${options.earlyStopping} epochs`);
  }

  private async checkpointIfDue(): Promise<void> {
    const { aborted } = this.request.context.signal;
    if (aborted || performance.now() - this.savedAt > CHECKPOINT_INTERVAL_MS) await this.save();
    if (!aborted || this.finished()) return;
    throw new InterruptedError("training was interrupted", {
      remedy: "Run the command again: it continues from the last checkpoint.",
    });
  }

  private async save(): Promise<void> {
    const { parameters, m, v } = this.state;
    const arrays = new Map([
      ["parameters", parameters],
      ["m", m],
      ["v", v],
      ["best", this.best],
    ] as const);
    const checkpoint: Checkpoint = { progress: this.progress, arrays };
    await saveCheckpoint(this.path, this.identity, checkpoint);
    this.savedAt = performance.now();
  }
}

function diverged(step: number): UserError {
  return new UserError(`training diverged at step ${step}: the loss is no longer a number`, {
    where: "train.learningRate",
    remedy: "Lower train.learningRate or raise train.warmupEpochs.",
  });
}
