/**
 * Training of the detector. Each epoch takes every scene of the pool once and the hardest ones, those of largest loss, once more (online hard example
 * mining, Shrivastava et al. 2016, by whole scenes); the pool itself grows by mined scenes (mine.ts).
 */
import { InterruptedError, UserError } from "../../../errors.js";
import type { StageContext } from "../../../pipeline/reporter.js";
import type { TrainingBackend } from "../../../train/backend.js";
import { isFinite32 } from "../../../train/divergence.js";
import type { Network } from "../../../train/network.js";
import { Optimizer, type TrainingState } from "../../../train/optimizer.js";
import { Rng } from "../../../train/rng.js";
import { scheduleAt } from "../../../train/schedule.js";
import type { Projection } from "../../../train/train.js";
import type { ScenePool } from "../../train/scene-pool.js";
import { CropBatches, type DetectorInput, SceneBatches } from "./batches.js";
import { DETECTOR_STREAM } from "./streams.js";

export interface DetectorTraining {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Peak of a cosine schedule. */
  readonly learningRate: number;
  readonly warmupEpochs: number;
  readonly weightDecay: number;
  /** Part of itself that the moving average of the parameters keeps at a step. */
  readonly averaging: number;
  /** Part of the pool that an epoch takes a second time: the scenes of largest loss. */
  readonly hardShare: number;
}

export interface DetectorRequest {
  readonly network: Network;
  readonly input: DetectorInput;
  readonly pool: ScenePool;
  readonly options: DetectorTraining;
  readonly initial: Float32Array;
  readonly backend: TrainingBackend;
  readonly projection?: Projection;
  /**
   * The first epochs are trained on square parts of the scenes, each about a face or a fixture: they cost half, and show every face in many sizes. The
   * backend is of a network with the same parameters on a canvas of that side.
   */
  readonly crops?: { readonly epochs: number; readonly side: number; readonly backend: TrainingBackend };
  readonly context: StageContext;
  /** Called after each epoch, from 1, with the averaged parameters; may add scenes to the pool. */
  readonly onEpoch?: (epoch: number, parameters: Float32Array, loss: number) => Promise<void>;
}

/** The averaged parameters after the last epoch. Throws UserError for a run that diverged, InterruptedError when aborted. */
export async function trainDetector(request: DetectorRequest): Promise<Float32Array> {
  const run = new DetectorRun(request);
  const { epochs } = request.options;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const loss = await run.epoch(epoch);
    await request.onEpoch?.(epoch, run.state.average, loss);
  }
  return run.state.average;
}

class DetectorRun {
  readonly state: TrainingState;
  private readonly optimizer: Optimizer;
  private readonly batches: SceneBatches;
  private readonly crops: CropBatches | undefined;
  /** Last loss of each scene; of one never seen infinite. */
  private readonly losses: Float64Array;

  constructor(private readonly request: DetectorRequest) {
    const { network, options, initial, pool, input, crops } = request;
    this.optimizer = new Optimizer(network, options.averaging);
    this.state = this.optimizer.initialState(initial.slice());
    this.batches = new SceneBatches(pool, input, options.seed);
    if (crops !== undefined) this.crops = new CropBatches(pool, input.normalize, options.seed, crops.side);
    this.losses = new Float64Array(pool.capacity).fill(Infinity);
  }

  /** Mean loss of the epoch. */
  async epoch(epoch: number): Promise<number> {
    const { options, context } = this.request;
    const { batches, backend } = this.source(epoch);
    const order = this.order(epoch);
    const steps = Math.ceil(order.length / options.batchSize);
    const cut = (step: number) => Math.floor((step * order.length) / steps);
    const part = (step: number) => order.subarray(cut(step), cut(step + 1));
    const display = context.reporter.progress(`epoch ${epoch}`, order.length, "scenes");
    let sum = 0;
    try {
      let next = batches.varied(part(0), epoch, 0);
      for (let step = 0; step < steps; step++) {
        if (context.signal.aborted) throw new InterruptedError();
        const computed = backend.gradients(this.projected(), next);
        // The next batch is made while the backend's threads are at work.
        if (step + 1 < steps) next = batches.varied(part(step + 1), epoch, cut(step + 1));
        const { loss, gradient, losses } = await computed;
        this.step(epoch - 1 + step / steps, loss, gradient);
        part(step).forEach((scene, i) => {
          this.losses[scene] = losses![i];
        });
        sum += loss * part(step).length;
        display.update(cut(step + 1));
      }
    } finally {
      display.end();
    }
    return sum / order.length;
  }

  private source(epoch: number): { batches: SceneBatches | CropBatches; backend: TrainingBackend } {
    const { crops, backend } = this.request;
    if (crops === undefined || this.crops === undefined || epoch > crops.epochs)
      return { batches: this.batches, backend };
    return { batches: this.crops, backend: crops.backend };
  }

  /** Every scene, and the hardest once more, in random order. */
  private order(epoch: number): Uint32Array {
    const { pool, options } = this.request;
    const all = Uint32Array.from({ length: pool.count }, (_, scene) => scene);
    const again = epoch === 1 ? 0 : Math.floor(options.hardShare * pool.count);
    const byLoss = all.slice().sort((a, b) => this.difficulty(b) - this.difficulty(a) || a - b);
    const list = Uint32Array.from([...all, ...byLoss.subarray(0, again)]);
    return new Rng(options.seed, DETECTOR_STREAM.order, epoch).permutation(list.length).map((place) => list[place]);
  }

  private difficulty(scene: number): number {
    // Infinity minus infinity is no number.
    return Math.min(this.losses[scene], Number.MAX_VALUE);
  }

  private projected(): Float32Array {
    return this.request.projection?.apply(this.state.parameters) ?? this.state.parameters;
  }

  /** @param time in epochs: the pool may grow, so steps are no measure of it */
  private step(time: number, loss: number, gradient: Float32Array): void {
    const { epochs, warmupEpochs, learningRate, weightDecay } = this.request.options;
    if (!Number.isFinite(loss) || !isFinite32(gradient)) {
      throw new UserError(`training of the detector diverged in epoch ${Math.floor(time) + 1}`, {
        remedy: "Lower the learning rate.",
      });
    }
    const fine = 1000;
    const scheduled = scheduleAt(
      { kind: "cosine", peak: learningRate, warmupSteps: warmupEpochs * fine, totalSteps: epochs * fine },
      time * fine,
    );
    this.optimizer.apply(this.state, gradient, { ...scheduled, weightDecay });
  }
}
