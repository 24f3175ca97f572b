/**
 * Speed of training: each backend's step, preparation of pictures, and evaluation. CPU time per picture can be compared on a busy machine,
 * pictures per second only on an idle one.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/training.ts [threads, default one per core up to 4]
 */

import { Augmenter } from "#smilec/augment/pipeline.js";
import { configSchema } from "#smilec/config/schema.js";
import { type Architecture, buildNetwork } from "#smilec/train/architectures.js";
import type { BackendRequest, TrainingBackend, TrainingBatch } from "#smilec/train/backend.js";
import { threadCount } from "#smilec/train/evaluate.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { macCount } from "#smilec/train/network.js";
import { Rng } from "#smilec/train/rng.js";
import { createTfjsBackend, loadTfjsNode } from "#smilec/train/tfjs.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";

const SIDE = 48;
const SOURCE_SIDE = 64;
const BATCH = 128;
const SECONDS = 2;

/** Repeats `body` (which handles `pictures`) after warming up; prints pictures per second and CPU milliseconds per picture. */
async function time(name: string, pictures: number, body: () => unknown): Promise<void> {
  let repeats = 0;
  const warm = performance.now() + 500;
  while (performance.now() < warm) await body();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (; performance.now() - start < SECONDS * 1000; repeats++) await body();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const rate = (repeats * pictures) / seconds;
  const each = (used.user + used.system) / 1000 / (repeats * pictures);
  console.log(`${name.padEnd(36)} ${rate.toFixed(0).padStart(7)} pictures/s ${each.toFixed(3)} CPU ms/picture`);
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

async function benchBackend(architecture: Architecture, make: (request: BackendRequest) => Promise<TrainingBackend>) {
  const network = buildNetwork(architecture, SIDE, 2, 0);
  const input = { scale: 3 / 127, zeroPoint: 0 };
  const backend = await make({ network, batchSize: BATCH, input, threads: threadCount(Number(process.argv[2] ?? 0)) });
  const parameters = initialParameters(network, 1);
  const batch = batchOf(new Rng(1));
  const title = `${backend.name} ${architecture} (${(macCount(network) / 1e6).toFixed(2)} M MAC)`;
  await time(`${title} step`, BATCH, () => backend.gradients(parameters, batch));
  await time(`${title} logits`, BATCH, () => backend.logits(parameters, batch.inputs, BATCH));
  await backend.dispose();
}

async function benchAugmentation(): Promise<void> {
  const { augment } = configSchema.parse({}).train;
  const random = new Rng(2);
  const picture = Uint8Array.from({ length: SOURCE_SIDE * SOURCE_SIDE }, () => random.below(256));
  const augmenter = new Augmenter(SOURCE_SIDE, { size: SIDE, normalize: "standardize" }, augment, 1);
  const out = new Int8Array(SIDE * SIDE);
  let index = 0;
  await time("augmentation, one thread", 100, () => {
    for (let i = 0; i < 100; i++) augmenter.augment(picture, 0, index++, out);
  });
}

for (const architecture of ["tiny", "small", "default"] as const) await benchBackend(architecture, createWasmBackend);
const loaded = await loadTfjsNode();
if ("tf" in loaded) await benchBackend("default", async (request) => createTfjsBackend(loaded.tf, request));
else console.log(`tfjs-node: ${loaded.reason}`);
await benchAugmentation();
