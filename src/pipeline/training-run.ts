/** What training and quantization-aware training share: options that matter, open pictures, backends, the teacher. */
import { openPacked } from "../data/packed.js";
import { inputQuantization } from "../preprocess/types.js";
import type { ExpectedShare } from "../train/classes.js";
import { threadCount } from "../train/evaluate.js";
import type { FloatModel, Network } from "../train/network.js";
import type { ResolvedBackend } from "../train/select-backend.js";
import { type Teacher, teacherOn } from "../train/teacher.js";
import type { TrainRequest } from "../train/train.js";
import type { Packings, PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { trainingPictureNames } from "./training-data.js";

/** The options that results depend on; the backend that was chosen, not "auto": floats differ between backends. */
export function trainingOptions({ config }: Project, { name }: ResolvedBackend): object {
  const { threads: _threads, distillation, ...options } = config.train;
  const { teacher, ...learning } = distillation;
  return {
    ...options,
    backend: name,
    ...(teacher === "none" ? {} : { distillation: learning }),
    ...(options.classBalance === "prior" ? { prior: config.decision.prior, positive: config.positive } : {}),
    input: config.input,
    labels: config.labels.length,
  };
}

/** A backend for one of the project's networks. The caller must dispose it. */
export function createBackend({ config }: Project, resolved: ResolvedBackend, network: Network) {
  const { batchSize, threads } = config.train;
  const input = inputQuantization(config.input);
  return resolved.create({ network, batchSize, input, threads: threadCount(threads) });
}

/** What a run needs besides its network and backend. */
export type RunParts = Omit<TrainRequest, "network" | "backend">;

export interface RunSetting {
  readonly project: Project;
  readonly pictures: PictureSet;
  readonly packings: Packings;
  readonly resolved: ResolvedBackend;
  readonly context: StageContext;
}

/** Opens the pictures and starts the teacher for as long as `body` runs. */
export async function withRunParts<T>(
  { project, pictures, packings, resolved, context }: RunSetting,
  workDir: string,
  teacher: FloatModel | undefined,
  body: (parts: RunParts) => Promise<T>,
): Promise<T> {
  const train = openPacked(packings.wide.dir, "train");
  const val = openPacked(packings.exact.dir, "val");
  const expected = expectedShare(project);
  const taught = teacher === undefined ? undefined : await startTeacher(project, resolved, teacher);
  try {
    return await body({
      train,
      val,
      options: project.config.train,
      preprocess: project.config.input,
      workDir,
      context,
      pictureName: trainingPictureNames(project, pictures),
      ...(taught === undefined ? {} : { teacher: taught.teacher }),
      ...(expected === undefined ? {} : { expected }),
    });
  } finally {
    train.close();
    val.close();
    await taught?.dispose();
  }
}

/** How often the positive label is expected, where the configuration says so. */
function expectedShare({ config: { labels, positive, decision } }: Project): ExpectedShare | undefined {
  return decision.prior === "data" ? undefined : { positive: labels.indexOf(positive), share: decision.prior };
}

async function startTeacher(
  project: Project,
  resolved: ResolvedBackend,
  model: FloatModel,
): Promise<{ readonly teacher: Teacher; dispose(): Promise<void> }> {
  const backend = await createBackend(project, resolved, model.network);
  const { weight, temperature } = project.config.train.distillation;
  return { teacher: teacherOn(backend, model, { weight, temperature }), dispose: () => backend.dispose() };
}
