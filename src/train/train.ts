/**
 * The training loop: AdamW on a schedule, augmentation, dropout, label smoothing, class balance, distillation, an average of the weights,
 * early stopping and checkpoints.
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
import type { TrainingBackend, TrainingBatch } from "./backend.js";
import { type Checkpoint, type EpochRecord, loadCheckpoint, type RunProgress, saveCheckpoint } from "./checkpoint.js";
import { checkSplitLabels, classWeights, type ExpectedShare } from "./classes.js";
import { diverged, isFinite32 } from "./divergence.js";
import { dropoutMasks } from "./dropout.js";
import { backendLogits, classCount, logitQuality, threadCount } from "./evaluate.js";
import { type FedBatch, Feeder, stepsPerEpoch } from "./feeder.js";
import { parametersHash } from "./float-model.js";
import { initialParameters } from "./initialize.js";
import type { FloatModel, Network } from "./network.js";
import { Optimizer, type TrainingState } from "./optimizer.js";
import { type ScheduledStep, scheduleAt } from "./schedule.js";
import type { Teacher } from "./teacher.js";

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
  /** Where the parameters start; default: drawn from the seed. */
  readonly initial?: Float32Array;
  /** What the network computes with instead of the parameters themselves; gradients are theirs all the same. */
  readonly projection?: Projection;
  readonly teacher?: Teacher;
  /** For classBalance "prior". */
  readonly expected?: ExpectedShare;
  /** Name of a training picture, for messages; default: its number. */
  readonly pictureName?: (picture: number) => string;
  /** Default: "training". */
  readonly activity?: string;
}

/** Parameters to those that are computed with, such as weights rounded to int8. */
export interface Projection {
  /** Part of the run's identity. */
  readonly identity: string;
  /** The result may be overwritten by the next call. */
  apply(parameters: Float32Array): Float32Array;
}

export interface TrainResult {
  /** Parameters (their moving average where one is kept) after the best epoch, before any projection. */
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
  const { network, train, val, options } = request;
  checkSplitLabels(train, val, classCount(network));
  if (train.count < 2) throw new UserError("the training split has fewer than 2 pictures");
  if (options.epochs < 1) throw new UserError("training needs at least one epoch", { where: "train.epochs" });
  const run = new TrainingRun(request);
  await run.restore();
  await run.train();
  return run.result();
}

/** Everything that must be equal for a checkpoint to be continued. Threads are left out: they change nothing. */
function runIdentity(request: TrainRequest): string {
  const { network, train, val, options, preprocess, backend, initial, projection, teacher, expected } = request;
  const { threads: _threads, backend: _choice, ...rest } = options;
  const hash = createHash("sha256");
  const { name, statisticsGroup } = backend;
  const start = initial === undefined ? null : parametersHash(initial);
  const learned = teacher === undefined ? null : [teacher.identity, teacher.weight, teacher.temperature];
  const facts = [network, rest, preprocess, name, statisticsGroup, start, projection?.identity, learned, expected];
  hash.update(JSON.stringify(facts));
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
  private readonly state: TrainingState;
  private readonly best: Float32Array;
  private progress: RunProgress = { step: 0, history: [], bestEpoch: 0, lossSum: 0, correct: 0, seen: 0 };
  private savedAt = performance.now();

  constructor(private readonly request: TrainRequest) {
    const { network, options, train, workDir, initial } = request;
    this.optimizer = new Optimizer(network, options.averaging);
    this.identity = runIdentity(request);
    this.path = join(workDir, CHECKPOINT_FILE);
    this.steps = stepsPerEpoch(train.count, options.batchSize);
    this.weights = classWeights(train.labels, classCount(network), options.classBalance, request.expected);
    this.state = this.optimizer.initialState(initial?.slice() ?? initialParameters(network, options.seed));
    this.best = this.state.parameters.slice();
  }

  async restore(): Promise<void> {
    const { context, network } = this.request;
    const loaded = await loadCheckpoint(this.path, { identity: this.identity, network: network.name });
    const anew = (reason: string) =>
      context.reporter.warn(`checkpoint ${this.path} is not used: ${reason}; training starts anew`);
    if (loaded.kind === "unusable") anew(loaded.reason);
    if (loaded.kind !== "found") return;
    const { progress, arrays } = loaded.checkpoint;
    const wanted = Object.entries(this.arrays());
    if (wanted.some(([name, { length }]) => arrays.get(name)?.length !== length)) return anew("its arrays do not fit");
    for (const [name, array] of wanted) array.set(arrays.get(name)!);
    this.progress = progress;
    this.state.step = progress.step;
    context.reporter.info(`continuing from the checkpoint at step ${progress.step} of ${this.totalSteps()}`);
  }

  /** All that a step changes. */
  private arrays(): Record<string, Float32Array> {
    const { parameters, m, v, average } = this.state;
    return { parameters, m, v, best: this.best, ...(average === parameters ? {} : { average }) };
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
    const activity = request.activity ?? "training";
    const display = context.reporter.progress(activity, options.epochs * train.count, "pictures", this.pictures());
    try {
      while (!this.finished()) {
        const batch = await feeder.next();
        if (batch === undefined) throw new Error("the feeder ended before the run");
        await this.step(batch);
        const epoch = Math.min(this.progress.history.length + 1, options.epochs);
        display.update(this.pictures(), `epoch ${epoch}`);
        await this.checkpointIfDue();
      }
    } finally {
      display.end();
      await feeder.close();
    }
  }

  /** Pictures that the run has seen, those before its checkpoint included. */
  private pictures(): number {
    return this.progress.history.length * this.request.train.count + this.progress.seen;
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

  private scheduled(): ScheduledStep {
    const { schedule: kind, learningRate: peak, warmupEpochs } = this.request.options;
    const totalSteps = this.totalSteps();
    const warmupSteps = Math.min(Math.round(warmupEpochs * this.steps), totalSteps - 1);
    return scheduleAt({ kind, peak, warmupSteps, totalSteps }, this.state.step);
  }

  private project(parameters: Float32Array): Float32Array {
    return this.request.projection?.apply(parameters) ?? parameters;
  }

  private async step(fed: FedBatch): Promise<void> {
    const { options, backend } = this.request;
    const scheduled = this.scheduled();
    const batch = await this.batch(fed);
    const { loss, correct, gradient } = await backend.gradients(this.project(this.state.parameters), batch);
    if (!Number.isFinite(loss) || !isFinite32(gradient)) throw this.diverged(scheduled, gradient, fed.pictures);
    this.optimizer.apply(this.state, gradient, { ...scheduled, weightDecay: options.weightDecay });
    this.progress.step = this.state.step;
    this.progress.lossSum += loss * batch.count;
    this.progress.correct += correct;
    this.progress.seen += batch.count;
    if (this.state.step % this.steps === 0) await this.endEpoch(scheduled);
  }

  private async batch({ count, inputs, labels }: FedBatch): Promise<TrainingBatch> {
    const { network, options, teacher } = this.request;
    const batch = {
      count,
      inputs,
      labels,
      weights: Float32Array.from(labels, (label) => this.weights[label]),
      labelSmoothing: options.labelSmoothing,
      masks: dropoutMasks(network, options.seed, this.state.step, count),
    };
    if (teacher === undefined) return batch;
    const { weight, temperature } = teacher;
    return { ...batch, teacher: { weight, temperature, logits: await teacher.logits(inputs, count) } };
  }

  private diverged(
    { learningRate }: ScheduledStep,
    gradient: Float32Array,
    pictures: ArrayLike<number> = [],
  ): UserError {
    const { network, pictureName = String } = this.request;
    const { step, parameters } = this.state;
    const names = Array.from(pictures, (picture) => pictureName(picture));
    const epoch = this.progress.history.length + 1;
    return diverged(network, parameters, gradient, {
      epoch,
      step,
      learningRate,
      pictures: names,
      checkpoint: this.path,
    });
  }

  private async endEpoch(scheduled: ScheduledStep): Promise<void> {
    const { backend, val, preprocess } = this.request;
    const { progress } = this;
    const logits = await backendLogits(backend, this.project(this.state.average), val, preprocess);
    const validation = logitQuality(logits, val.labels);
    if (!Number.isFinite(validation.loss)) throw this.diverged(scheduled, new Float32Array(0));
    const record: EpochRecord = {
      epoch: progress.history.length + 1,
      learningRate: scheduled.learningRate,
      loss: progress.lossSum / progress.seen,
      accuracy: progress.correct / progress.seen,
      validationLoss: validation.loss,
      validationAccuracy: validation.accuracy,
    };
    const best = progress.history[progress.bestEpoch - 1];
    progress.history.push(record);
    if (best === undefined || record.validationLoss < best.validationLoss) {
      progress.bestEpoch = record.epoch;
      this.best.set(this.state.average);
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
    if (!isFinite32(this.state.parameters)) throw this.diverged(this.scheduled(), new Float32Array(0));
    const checkpoint: Checkpoint = { progress: this.progress, arrays: new Map(Object.entries(this.arrays())) };
    await saveCheckpoint(this.path, { identity: this.identity, network: this.request.network.name }, checkpoint);
    this.savedAt = performance.now();
  }
}
