/** Stage "train": packed pictures -> float model with its history. */
import type { EpochRecord } from "../train/checkpoint.js";
import { buildNetwork } from "../train/architectures.js";
import { openPacked } from "../data/packed.js";
import { threadCount } from "../train/evaluate.js";
import { saveFloatModel } from "../train/float-model.js";
import { macCount } from "../train/network.js";
import { resolveBackend } from "../train/select-backend.js";
import { trainModel } from "../train/train.js";
import { inputQuantization } from "../preprocess/types.js";
import type { Packed } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact, StageRequest } from "./store.js";

export interface TrainedMeta {
  readonly architecture: string;
  readonly backend: string;
  readonly parameters: number;
  readonly macs: number;
  readonly bestEpoch: number;
  readonly stoppedEarly: boolean;
  readonly history: readonly EpochRecord[];
}

export type Trained = Artifact<TrainedMeta> & { readonly cached: boolean };

/** Trains the configured network; the store's folder holds the float model. */
export async function obtainTrained(
  project: Project,
  packings: { exact: Packed; wide: Packed },
  context: StageContext,
): Promise<Trained> {
  const { config, store } = project;
  const { threads, ...options } = config.train;
  const network = buildNetwork(options.architecture, config.input.size, config.labels.length, options.dropout);
  const resolved = await resolveBackend(options.backend);
  const request: StageRequest<TrainedMeta> = {
    stage: "train",
    revision: 1,
    // The backend that was chosen, not "auto": floats differ between backends.
    options: { ...options, backend: resolved.name, input: config.input, labels: config.labels.length },
    inputs: [packings.wide.key, packings.exact.key],
    produce: async (dir) => {
      const macs = macCount(network);
      context.reporter.stage(
        "train",
        `${network.name} network, ${(macs / 1e6).toFixed(2)} M MAC, ${options.epochs} epochs on ${resolved.name}`,
      );
      const train = openPacked(packings.wide.dir, "train");
      const val = openPacked(packings.exact.dir, "val");
      const backend = await resolved.create({
        network,
        batchSize: options.batchSize,
        input: inputQuantization(config.input),
        threads: threadCount(threads),
      });
      try {
        const workDir = store.workDir("train", store.key(request));
        const preprocess = config.input;
        const result = await trainModel({
          network,
          train,
          val,
          options: config.train,
          preprocess,
          workDir,
          context,
          backend,
        });
        await saveFloatModel(result.model, dir);
        const { bestEpoch, stoppedEarly, history } = result;
        const parameters = result.model.parameters.length;
        return {
          architecture: network.name,
          backend: backend.name,
          parameters,
          macs,
          bestEpoch,
          stoppedEarly,
          history,
        };
      } finally {
        train.close();
        val.close();
        await backend.dispose();
      }
    },
  };
  return store.obtain(request);
}
