/**
 * A training run as a process of its own, so that it can be killed: `node training-child.mjs WORKDIR THREADS`.
 * Prints what the reporter says, one line each, and at the end `parameters <sha256>`.
 */
import { configSchema } from "#smilec/config/schema.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import { parametersHash } from "#smilec/train/float-model.js";
import { Rng } from "#smilec/train/rng.js";
import { trainModel } from "#smilec/train/train.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";

const [workDir, threads] = process.argv.slice(2);
const SIDE = 20;

/** Bright above or bright below, with noise. */
function source(seed, count) {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const pictures = Array.from(labels, (label, i) => {
    const rng = new Rng(seed, i);
    const grey = (at) => (at < (SIDE * SIDE) / 2 === (label === 1) ? 150 : 90);
    return Uint8Array.from({ length: SIDE * SIDE }, (_, at) => grey(at) + rng.below(60));
  });
  const read = (indices, out) => {
    for (let i = 0; i < indices.length; i++) out.set(pictures[indices[i]], i * SIDE * SIDE);
  };
  return { count, size: SIDE, labels, read, close: () => undefined };
}

const { train: options } = configSchema.parse({
  train: { architecture: "tiny", backend: "wasm", epochs: 12, batchSize: 48, threads: Number(threads) },
});
const network = buildNetwork("tiny", 24, 2, options.dropout);
const backend = await createWasmBackend({
  network,
  batchSize: options.batchSize,
  input: { scale: 3 / 127, zeroPoint: 0 },
  threads: options.threads,
});
const print = (line) => process.stdout.write(`${line}\n`);
const { model } = await trainModel({
  network,
  train: source(1, 1000),
  val: source(2, 50),
  options,
  preprocess: { size: 24, normalize: "standardize" },
  workDir,
  context: { reporter: { ...silentReporter, info: print, warn: print }, signal: new AbortController().signal },
  backend,
});
await backend.dispose();
print(`parameters ${parametersHash(model.parameters)}`);
