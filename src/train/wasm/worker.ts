/** Worker thread of the WebAssembly backend: takes groups from the shared counter until none is left, then answers. */
import { parentPort, workerData } from "node:worker_threads";
import type { SimulatedQuantization, TrainingTask } from "../backend.js";
import type { Network } from "../network.js";
import { GroupRunner } from "./group.js";
import { GroupMemory, type PassOptions } from "./group-memory.js";
import { instantiateKernels } from "./kernels.js";
import { planShared, planWorkspace } from "./plan.js";

export interface WorkerSetup {
  readonly network: Network;
  readonly maxBatch: number;
  readonly task: TrainingTask;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of this thread's workspace. */
  readonly workspace: number;
  readonly quantization: readonly (SimulatedQuantization | undefined)[];
}

/** A pass over `count` pictures in `groups` groups, evenly cut. */
export interface Job {
  readonly id: number;
  readonly kind: "train" | "infer";
  readonly count: number;
  readonly groups: number;
  readonly options: PassOptions;
}

export interface Reply {
  readonly id: number;
  readonly error?: string;
}

/** First picture of group `index`: sizes differ by one at most. */
export function groupStart(job: Pick<Job, "count" | "groups">, index: number): number {
  return Math.floor((index * job.count) / job.groups);
}

function serve(port: NonNullable<typeof parentPort>, setup: WorkerSetup): void {
  const { network, maxBatch, task, module, memory, quantization } = setup;
  const shared = planShared(network, maxBatch, task);
  const kernels = instantiateKernels(module, memory);
  const workspace = planWorkspace(network, shared, setup.workspace);
  const runner = new GroupRunner(task, new GroupMemory(network, kernels, memory, shared, workspace, quantization));
  const counter = new Int32Array(memory.buffer, shared.counter, 1);
  port.on("message", (job: Job) => {
    try {
      let packed = false;
      for (let index = Atomics.add(counter, 0, 1); index < job.groups; index = Atomics.add(counter, 0, 1)) {
        if (!packed) runner.pack(job.kind === "train");
        packed = true;
        const start = groupStart(job, index);
        runner[job.kind]({ index, start, count: groupStart(job, index + 1) - start }, job.options);
      }
      port.postMessage({ id: job.id } satisfies Reply);
    } catch (error) {
      port.postMessage({ id: job.id, error: String((error as Error).stack ?? error) } satisfies Reply);
    }
  });
}

if (parentPort !== null) serve(parentPort, workerData as WorkerSetup);
