/**
 * Speed of training: each backend's step side by side (the bar: never slower than tfjs-node's plain operations; Keras where it is installed), a
 * whole training with augmentation and optimizer, and preparation of pictures alone. CPU time per picture can be compared on a busy
 * machine, pictures per second only on an idle one.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/training.ts [threads, default one per core up to 4]
 *
 * Keras is looked for in the Python that SMILEC_PYTHON names, else python3.
 */
import { fileURLToPath } from "node:url";
import { Augmenter } from "#smilec/augment/pipeline.js";
import { configSchema } from "#smilec/config/schema.js";
import type { PictureSource } from "#smilec/data/types.js";
import { run } from "#smilec/process/run.js";
import {
  type ArchitectureName,
  architectureNames,
  architectureShape,
  buildNetwork,
} from "#smilec/train/architectures.js";
import type { BackendRequest, TrainingBackend, TrainingBatch } from "#smilec/train/backend.js";
import { dropoutMasks } from "#smilec/train/dropout.js";
import { threadCount } from "#smilec/train/evaluate.js";
import { Feeder } from "#smilec/train/feeder.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { macCount } from "#smilec/train/network.js";
import { Optimizer } from "#smilec/train/optimizer.js";
import { Rng } from "#smilec/train/rng.js";
import { createComposedTfjsBackend, createTfjsBackend } from "#smilec/train/tfjs.js";
import { loadTfjsNode } from "#smilec/train/tfjs-node.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";

const SIDE = 48;
const SOURCE_SIDE = 64;
const BATCH = 128;
const SECONDS = 2;
const INPUT = { scale: 3 / 127, zeroPoint: 0 };
/** Pictures a second of a whole training of the default network on two cores. */
const BAR = 3500;

const threads = threadCount(Number(process.argv[2] ?? 0));

interface Speed {
  readonly picturesPerSecond: number;
  readonly cpuMsPerPicture: number;
}

function print(name: string, speed: Speed, note = ""): Speed {
  const rate = speed.picturesPerSecond.toFixed(0).padStart(7);
  console.log(
    `${name.padEnd(44)} ${rate} pictures/s ${speed.cpuMsPerPicture.toFixed(3)} CPU ms/picture ${note}`.trimEnd(),
  );
  return speed;
}

/** Repeats `body`, which handles `pictures`, after warming up. */
async function time(pictures: number, body: () => unknown): Promise<Speed> {
  const warm = performance.now() + 500;
  while (performance.now() < warm) await body();
  const cpu = process.cpuUsage();
  const start = performance.now();
  let repeats = 0;
  for (; performance.now() - start < SECONDS * 1000; repeats++) await body();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  return {
    picturesPerSecond: (repeats * pictures) / seconds,
    cpuMsPerPicture: (used.user + used.system) / 1000 / (repeats * pictures),
  };
}

function batchOf(random: Rng): TrainingBatch {
  return {
    count: BATCH,
    inputs: Int8Array.from({ length: BATCH * SIDE * SIDE }, () => random.below(255) - 127),
    labels: Uint8Array.from({ length: BATCH }, (_, i) => i % 2),
    weights: new Float32Array(BATCH).fill(1),
    labelSmoothing: 0.05,
    masks: new Map(),
  };
}

type Make = (request: BackendRequest) => Promise<TrainingBackend>;

async function benchStep(architecture: ArchitectureName, make: Make, title: string): Promise<Speed> {
  const network = buildNetwork(architecture, SIDE, 2, 0);
  const backend = await make({ network, batchSize: BATCH, input: INPUT, threads });
  const parameters = initialParameters(network, 1);
  const batch = batchOf(new Rng(1));
  const name = `${title}, ${architecture} (${(macCount(network) / 1e6).toFixed(2)} M MAC)`;
  try {
    const speed = await time(BATCH, () => backend.gradients(parameters, batch));
    return print(`step: ${name}`, speed);
  } finally {
    await backend.dispose();
  }
}

async function benchKeras(): Promise<Speed | string> {
  const python = process.env.SMILEC_PYTHON ?? "python3";
  const shape = JSON.stringify(architectureShape("default"));
  const script = fileURLToPath(new URL("./keras_step.py", import.meta.url));
  const result = await run(python, [script, String(threads), String(SECONDS), shape], {}).catch(
    (error: Error) => error,
  );
  if (result instanceof Error || result.exitCode !== 0) return `${python} does not run`;
  const answer = JSON.parse(result.stdout) as Speed & { readonly name: string; readonly missing?: string };
  if (answer.missing !== undefined) return answer.missing;
  return print(`step: ${answer.name}, default`, answer);
}

const compared = (own: Speed, other: Speed) =>
  `${(other.cpuMsPerPicture / own.cpuMsPerPicture).toFixed(2)} times the speed by CPU time, ${(own.picturesPerSecond / other.picturesPerSecond).toFixed(2)} by the clock`;

async function benchBackends(): Promise<void> {
  for (const architecture of architectureNames)
    if (architecture !== "default") await benchStep(architecture, createWasmBackend, "wasm");
  const own = await benchStep("default", createWasmBackend, "wasm");
  const loaded = await loadTfjsNode();
  if ("tf" in loaded) {
    const { tf } = loaded;
    const plain = await benchStep(
      "default",
      async (request) => createComposedTfjsBackend(tf, request),
      "tfjs-node, plain operations",
    );
    const fused = await benchStep(
      "default",
      async (request) => createTfjsBackend(tf, request),
      "tfjs-node, fused kernels",
    );
    console.log(`  wasm against plain tfjs-node: ${compared(own, plain)}`);
    console.log(`  wasm against fused tfjs-node: ${compared(own, fused)}`);
  } else console.log(`tfjs-node: ${loaded.reason}`);
  const keras = await benchKeras();
  console.log(typeof keras === "string" ? `Keras: ${keras}` : `  wasm against Keras: ${compared(own, keras)}`);
}

function pictures(count: number): PictureSource {
  const random = new Rng(2);
  const pixels = SOURCE_SIDE * SOURCE_SIDE;
  const all = Uint8Array.from({ length: 64 * pixels }, () => random.below(256));
  return {
    count,
    size: SOURCE_SIDE,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    read: (indices, out) => {
      for (let i = 0; i < indices.length; i++) {
        const from = (indices[i] % 64) * pixels;
        out.set(all.subarray(from, from + pixels), i * pixels);
      }
    },
    close: () => undefined,
  };
}

/** Everything a training step is: augmented pictures, gradients, dropout, AdamW, the average of the weights. */
async function benchTraining(): Promise<void> {
  const { train: options } = configSchema.parse({});
  const network = buildNetwork("default", SIDE, 2, options.dropout);
  const backend = await createWasmBackend({ network, batchSize: BATCH, input: INPUT, threads });
  const preprocess = { size: SIDE, normalize: "standardize" } as const;
  const request = { source: pictures(9216), preprocess, augment: options.augment, seed: 1, batchSize: BATCH, threads };
  const feeder = new Feeder(request, 0, Number.MAX_SAFE_INTEGER);
  const optimizer = new Optimizer(network, options.averaging);
  const state = optimizer.initialState(initialParameters(network, 1));
  const sizes = { learningRate: 1e-3, momentum: 0.9, weightDecay: options.weightDecay };
  try {
    const speed = await time(BATCH, async () => {
      const { count, inputs, labels } = (await feeder.next())!;
      const weights = new Float32Array(count).fill(1);
      const masks = dropoutMasks(network, 1, state.step, count);
      const batch = { count, inputs, labels, weights, labelSmoothing: options.labelSmoothing, masks };
      const { gradient } = await backend.gradients(state.parameters, batch);
      optimizer.apply(state, gradient, sizes);
    });
    const bar = `${(speed.picturesPerSecond / BAR).toFixed(2)} times the bar of ${BAR}; ${(2000 / speed.cpuMsPerPicture / BAR).toFixed(2)} on two idle cores`;
    print("training: wasm, default, augmentation", speed, `(${bar})`);
  } finally {
    await feeder.close();
    await backend.dispose();
  }
}

async function benchAugmentation(): Promise<void> {
  const { augment } = configSchema.parse({}).train;
  const random = new Rng(2);
  const picture = Uint8Array.from({ length: SOURCE_SIDE * SOURCE_SIDE }, () => random.below(256));
  const augmenter = new Augmenter(SOURCE_SIDE, { size: SIDE, normalize: "standardize" }, augment, 1);
  const out = new Int8Array(SIDE * SIDE);
  let index = 0;
  const speed = await time(100, () => {
    for (let i = 0; i < 100; i++) augmenter.augment(picture, 0, index++, out);
  });
  print("augmentation alone, one thread", speed);
}

await benchBackends();
await benchTraining();
await benchAugmentation();
