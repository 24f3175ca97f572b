/** Choosing a backend: tfjs-node where its native addon loads, else WebAssembly, which every Node has. */
import type { Config } from "../config/schema.js";
import { ToolError } from "../errors.js";
import { buildNetwork } from "./architectures.js";
import type { BackendName, BackendRequest, TrainingBackend } from "./backend.js";
import { threadCount } from "./evaluate.js";
import { initialParameters } from "./initialize.js";
import { createTfjsBackend, tfjsBackendName } from "./tfjs.js";
import { loadTfjsNode } from "./tfjs-node.js";
import { createWasmBackend } from "./wasm/backend.js";

/** A backend that is chosen but not made yet. */
export interface ResolvedBackend {
  readonly name: BackendName;
  /** Why this one, as a sentence for the user. */
  readonly reason: string;
  /** Makes it; the caller must dispose it. */
  create(request: BackendRequest): Promise<TrainingBackend>;
}

export interface SelectedBackend {
  readonly backend: TrainingBackend;
  /** Why this one, as a sentence for the user. */
  readonly reason: string;
}

/** Chooses a backend without starting it. Throws ToolError when tfjs-node is asked for and does not load. */
export async function resolveBackend(choice: Config["train"]["backend"]): Promise<ResolvedBackend> {
  const wasm = (reason: string): ResolvedBackend => ({ name: "wasm", reason, create: createWasmBackend });
  if (choice === "wasm") return wasm("the configuration asks for it");
  const loaded = await loadTfjsNode();
  if ("tf" in loaded) {
    const create = async (request: BackendRequest) => createTfjsBackend(loaded.tf, request);
    return { name: tfjsBackendName(loaded.tf), reason: "@tensorflow/tfjs-node loads", create };
  }
  if (choice === "auto") return wasm(loaded.reason);
  throw new ToolError("the training backend tfjs-node is not available", {
    where: "train.backend",
    detail: loaded.reason,
    remedy: 'Set train.backend to "auto" or "wasm", or install @tensorflow/tfjs-node with its native addon.',
  });
}

/** Makes a backend; the caller must dispose it. Throws as {@link resolveBackend}. */
export async function selectBackend(
  choice: Config["train"]["backend"],
  request: BackendRequest,
): Promise<SelectedBackend> {
  const { reason, create } = await resolveBackend(choice);
  return { backend: await create(request), reason };
}

export interface BackendDescription {
  readonly name: BackendName;
  readonly reason: string;
  /** Training speed of the default network on this machine, as measured just now. */
  readonly picturesPerSecond: number;
}

const BENCH_BATCH = 128;

/** Which backend training would use here, why, and how fast it is; takes about two seconds. */
export async function describeBackend(
  choice: Config["train"]["backend"] = "auto",
  threads = 0,
  seconds = 1,
): Promise<BackendDescription> {
  const network = buildNetwork("default", 48, 2, 0);
  const input = { scale: 3 / 127, zeroPoint: 0 };
  const request = { network, batchSize: BENCH_BATCH, input, threads: threadCount(threads) };
  const { backend, reason } = await selectBackend(choice, request);
  try {
    const picturesPerSecond = await measure(backend, initialParameters(network, 1), seconds);
    return { name: backend.name, reason, picturesPerSecond };
  } finally {
    await backend.dispose();
  }
}

/** Pictures per second of the training step alone, after warming up for half the time. */
async function measure(backend: TrainingBackend, parameters: Float32Array, seconds: number): Promise<number> {
  const batch = {
    count: BENCH_BATCH,
    inputs: Int8Array.from({ length: BENCH_BATCH * 48 * 48 }, (_, i) => ((i * 37) % 255) - 127),
    labels: Uint8Array.from({ length: BENCH_BATCH }, (_, i) => i % 2),
    weights: new Float32Array(BENCH_BATCH).fill(1),
    labelSmoothing: 0,
    masks: new Map(),
  };
  const spin = async (time: number) => {
    const start = performance.now();
    let steps = 0;
    while (steps < 1 || performance.now() - start < time * 1000) {
      await backend.gradients(parameters, batch);
      steps++;
    }
    return (steps * BENCH_BATCH * 1000) / (performance.now() - start);
  };
  await spin(seconds / 2);
  return Math.round(await spin(seconds));
}
