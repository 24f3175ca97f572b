/**
 * Training backend on the SIMD kernels of assembly/, one WebAssembly instance per worker thread on one shared memory.
 *
 * Batch norm takes its statistics over fixed groups of at most `groupPictures` pictures ("ghost batch norm", Hoffer et al. 2017): a group
 * then needs nothing from the others, threads meet once a step, and the same sums are made in the same order whatever their number.
 */
import { Worker } from "node:worker_threads";
import {
  type BackendRequest,
  type BatchGradients,
  poolStatistics,
  type TrainingBackend,
  type TrainingBatch,
} from "../backend.js";
import type { PassOptions } from "./group-memory.js";
import { compileKernels } from "./kernels.js";
import { GROUP_PICTURES, patchOffsets, planShared, planWorkspace, type SharedPlan, type View } from "./plan.js";
import { groupStart, type Job, type Reply, type WorkerSetup } from "./worker.js";

const PAGE = 65536;

/** Starts the worker threads. The caller must dispose the backend. */
export async function createWasmBackend(request: BackendRequest): Promise<WasmBackend> {
  const { network } = request;
  // Evaluation runs in batches too; small training batches must not slow it down.
  const maxBatch = Math.max(request.batchSize, 8 * GROUP_PICTURES);
  const task = request.task ?? "classify";
  const shared = planShared(network, maxBatch, task);
  const workspaceSize = planWorkspace(network, shared, 0).end;
  const bytes = shared.end + request.threads * workspaceSize;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) + 1, maximum: 65536, shared: true });
  network.layers.forEach((layer, index) => {
    if (layer.kind !== "conv" && layer.kind !== "depthwise") return;
    const offsets = patchOffsets(shared, network, index);
    new Int32Array(memory.buffer, shared.offsets[index], offsets.length).set(offsets);
  });
  const module = await compileKernels();
  const workers = Array.from({ length: request.threads }, (_, thread) => {
    const workspace = shared.end + thread * workspaceSize;
    const quantization = request.quantization ?? [];
    const setup: WorkerSetup = { network, maxBatch, task, module, memory, workspace, quantization };
    return new Worker(new URL("./worker.js", import.meta.url), { workerData: setup });
  });
  return new WasmBackend(request, shared, memory, workers);
}

class WasmBackend implements TrainingBackend {
  readonly name = "wasm";
  readonly statisticsGroup: number;
  private readonly gradient: Float32Array;
  private nextJob = 1;
  private pending: { id: number; open: number; resolve: () => void; reject: (error: Error) => void } | undefined;
  private failure: Error | undefined;

  constructor(
    private readonly request: BackendRequest,
    private readonly shared: SharedPlan,
    private readonly memory: WebAssembly.Memory,
    private readonly workers: readonly Worker[],
  ) {
    this.statisticsGroup = shared.groupPictures;
    this.gradient = new Float32Array(shared.parameterCount);
    for (const worker of workers) {
      worker.on("message", (reply: Reply) => this.receive(reply));
      worker.on("error", (error) => this.fail(error as Error));
      worker.on("exit", (code) => this.fail(new Error(`a training thread ended with code ${code}`)));
      worker.unref();
    }
  }

  async gradients(parameters: Float32Array, batch: TrainingBatch): Promise<BatchGradients> {
    const { shared, memory } = this;
    if (batch.count > shared.maxBatch) throw new Error("batch larger than the backend was made for");
    this.loadParameters(parameters);
    new Int8Array(memory.buffer, shared.inputs, batch.inputs.length).set(batch.inputs);
    new Uint8Array(memory.buffer, shared.labels, batch.count).set(batch.labels);
    new Float32Array(memory.buffer, shared.weights, batch.count).set(batch.weights);
    this.loadMasks(batch);
    if (this.request.task === "detect") this.loadTargets(batch);
    const weight = batch.weights.reduce((sum, value) => sum + value, 0);
    const { labelSmoothing, teacher } = batch;
    const options = { labelSmoothing, lossFactor: 1 / weight, ...this.loadTeacher(teacher) };
    return this.collect(await this.run("train", batch.count, options), weight);
  }

  async logits(parameters: Float32Array, inputs: Int8Array, count: number): Promise<Float32Array> {
    const { shared, memory } = this;
    const inputSize = inputs.length / count;
    const { height, width, channels } = shared.shapes[shared.shapes.length - 1];
    const values = height * width * channels;
    const out = new Float32Array(count * values);
    this.loadParameters(parameters);
    for (let start = 0; start < count; start += shared.maxBatch) {
      const part = Math.min(shared.maxBatch, count - start);
      const from = inputs.subarray(start * inputSize, (start + part) * inputSize);
      new Int8Array(memory.buffer, shared.inputs, from.length).set(from);
      await this.run("infer", part);
      out.set(new Float32Array(memory.buffer, shared.logits, part * values), start * values);
    }
    return out;
  }

  /**
   * Activations of every layer for at most `groupPictures` pictures, evaluation mode: one array [count, height, width, channels] (or
   * [count, units]) per layer, after batch norm and activation. The backend must have been made with one thread.
   */
  async activations(parameters: Float32Array, inputs: Int8Array, count: number): Promise<Float32Array[]> {
    const { shared, memory } = this;
    if (this.workers.length !== 1 || count > this.shared.groupPictures)
      throw new Error("activations need one thread and one group");
    this.loadParameters(parameters);
    new Int8Array(memory.buffer, shared.inputs, inputs.length).set(inputs);
    await this.run("infer", count);
    const { layers } = planWorkspace(this.request.network, shared, shared.end);
    return layers.map(({ activation }, index) => this.unpadded(activation, index, count));
  }

  /** A copy of an activation without its border. */
  private unpadded(view: View, index: number, count: number): Float32Array {
    const { height, width, channels } = this.shared.shapes[index];
    const line = width * channels;
    const out = new Float32Array(count * height * line);
    for (let row = 0; row < count * height; row++) {
      const at = view.base + Math.floor(row / height) * view.picture + (row % height) * view.row;
      out.set(new Float32Array(this.memory.buffer, at, line), row * line);
    }
    return out;
  }

  async dispose(): Promise<void> {
    this.failure ??= new Error("the training backend was disposed");
    for (const worker of this.workers) worker.removeAllListeners();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private loadParameters(parameters: Float32Array): void {
    new Float32Array(this.memory.buffer, this.shared.parameters, parameters.length).set(parameters);
  }

  /** A dense layer without a mask keeps every input. */
  private loadMasks(batch: TrainingBatch): void {
    for (const [layer, address] of this.shared.masks) {
      const definition = this.request.network.layers[layer];
      if (definition.kind !== "dense" || definition.dropout === 0) continue;
      const size = batch.count * this.shared.shapes[definition.input].channels;
      const target = new Float32Array(this.memory.buffer, address, size);
      const mask = batch.masks.get(layer);
      if (mask === undefined) target.fill(1);
      else target.set(mask);
    }
  }

  private loadTargets({ targets }: TrainingBatch): void {
    if (targets === undefined) throw new Error("a detector's batch needs targets");
    new Float32Array(this.memory.buffer, this.shared.targets, targets.length).set(targets);
  }

  private loadTeacher(teacher: TrainingBatch["teacher"]): Pick<PassOptions, "distillation"> {
    if (teacher === undefined) return {};
    const { logits, weight, temperature } = teacher;
    new Float32Array(this.memory.buffer, this.shared.teacher, logits.length).set(logits);
    return { distillation: { weight, temperature } };
  }

  private run(kind: Job["kind"], count: number, loss = { labelSmoothing: 0, lossFactor: 0 }): Promise<Job> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const groups = Math.ceil(count / this.shared.groupPictures);
    const options: PassOptions = { ...this.request.input, ...loss };
    const job: Job = { id: this.nextJob++, kind, count, groups, options };
    Atomics.store(new Int32Array(this.memory.buffer, this.shared.counter, 1), 0, 0);
    return new Promise((resolve, reject) => {
      this.pending = { id: job.id, open: this.workers.length, resolve: () => resolve(job), reject };
      for (const worker of this.workers) {
        worker.ref();
        worker.postMessage(job);
      }
    });
  }

  private receive(reply: Reply): void {
    const { pending } = this;
    if (reply.error !== undefined) this.fail(new Error(reply.error));
    if (pending === undefined || reply.id !== pending.id || --pending.open > 0) return;
    this.pending = undefined;
    for (const worker of this.workers) worker.unref();
    pending.resolve();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending?.reject(this.failure);
    this.pending = undefined;
  }

  /** Sums the groups in their order. */
  private collect(job: Job, weight: number): BatchGradients {
    const { shared, gradient } = this;
    const groups = Array.from({ length: job.groups }, (_, index) => ({
      count: groupStart(job, index + 1) - groupStart(job, index),
      values: new Float32Array(
        this.memory.buffer,
        shared.gradients + index * shared.parameterCount * 4,
        shared.parameterCount,
      ),
    }));
    gradient.set(groups[0].values);
    for (const { values } of groups.slice(1)) for (let i = 0; i < gradient.length; i++) gradient[i] += values[i];
    shared.slots.forEach((slot, position) => {
      // The variance's slot follows the mean's.
      if (slot.role === "movingMean") poolStatistics(groups, slot, shared.slots[position + 1], gradient);
    });
    const results = new Float64Array(this.memory.buffer, shared.results, job.groups * 2);
    let loss = 0;
    let correct = 0;
    for (let index = 0; index < job.groups; index++) {
      loss += results[index * 2];
      correct += results[index * 2 + 1];
    }
    const losses = new Float32Array(this.memory.buffer, shared.losses, job.count);
    return { loss: loss / weight, correct, gradient, ...(this.request.task === "detect" ? { losses } : {}) };
  }
}
