/** Short training runs for tests. */
import { type Config, configSchema } from "#smilec/config/schema.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import { type TrainRequest, type TrainResult, trainModel } from "#smilec/train/train.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";
import { barSource } from "./memory-source.js";

/** Options of a run of a second, all augmentation on unless overridden. */
export function shortOptions(overrides: Record<string, unknown> = {}): Config["train"] {
  return configSchema.parse({
    train: {
      architecture: "tiny",
      backend: "wasm",
      epochs: 6,
      batchSize: 40,
      threads: 2,
      warmupEpochs: 1,
      ...overrides,
    },
  }).train;
}

/** Runs training on bars with the wasm backend; `overrides` replace parts of the request. */
export async function trainOnBars(
  workDir: string,
  options: Config["train"],
  overrides: Partial<TrainRequest> = {},
): Promise<TrainResult> {
  const network = buildNetwork("tiny", 16, 2, options.dropout);
  const input = { scale: 3 / 127, zeroPoint: 0 };
  const { batchSize, threads } = options;
  const backend = await createWasmBackend({ network, batchSize, input, threads });
  try {
    return await trainModel({
      network,
      train: barSource(20, 230, 1),
      val: barSource(20, 60, 2),
      options,
      preprocess: { size: 16, normalize: "standardize" },
      workDir,
      context: { reporter: silentReporter, signal: new AbortController().signal },
      backend,
      ...overrides,
    });
  } finally {
    await backend.dispose();
  }
}
