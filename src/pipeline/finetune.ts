/** Stage "finetune": float model -> the same without batch norm, trained on with int8 simulated, and the ranges it was trained with. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { openPacked } from "../data/packed.js";
import { UserError } from "../errors.js";
import { writeJson } from "../files/write.js";
import type { Quantization } from "../graph/types.js";
import { type Finetuned, finetune } from "../quantize/finetune.js";
import { perTensor } from "../quantize/ranges.js";
import type { EpochRecord } from "../train/checkpoint.js";
import { loadFloatModel, saveFloatModel } from "../train/float-model.js";
import type { FloatModel } from "../train/network.js";
import { resolveBackend } from "../train/select-backend.js";
import { calibrationPictures } from "./calibration-pictures.js";
import type { Packings, PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact, StageRequest } from "./store.js";
import { obtainTeacher, type Trained } from "./train.js";
import { type RunSetting, trainingOptions, withRunParts } from "./training-run.js";

export interface FinetunedMeta {
  readonly bestEpoch: number;
  readonly history: readonly EpochRecord[];
}

export type FinetunedArtifact = Artifact<FinetunedMeta>;

const RANGES_FILE = "ranges.json";
const rangesSchema = z.array(z.strictObject({ scale: z.number().gt(0), zeroPoint: z.int().min(-128).max(127) }));

/** Undefined when the configuration asks for no quantization-aware training. */
export async function obtainFinetuned(
  project: Project,
  pictures: PictureSet,
  packings: Packings,
  trained: Trained,
  context: StageContext,
): Promise<FinetunedArtifact | undefined> {
  const { store, config } = project;
  const { finetuneEpochs } = config.quantize;
  if (finetuneEpochs === 0) return undefined;
  const resolved = await resolveBackend(config.train.backend);
  const teacher = await obtainTeacher(project, pictures, packings, context);
  const setting: RunSetting = { project, pictures, packings, resolved, context };
  const request: StageRequest<FinetunedMeta> = {
    stage: "finetune",
    revision: 1,
    options: { ...trainingOptions(project, resolved), quantize: config.quantize },
    inputs: [packings.wide.key, packings.exact.key, trained.key],
    produce: async (dir) => {
      context.reporter.stage("finetune", `${finetuneEpochs} epochs with int8 simulated on ${resolved.name}`);
      const model = await loadFloatModel(trained.dir);
      const workDir = store.workDir("finetune", store.key(request));
      const result = await run(setting, model, workDir, teacher?.model);
      await saveFinetuned(result, dir);
      return { bestEpoch: result.bestEpoch, history: result.history };
    },
  };
  return store.obtain(request);
}

async function run(setting: RunSetting, model: FloatModel, workDir: string, teacher: FloatModel | undefined) {
  const { project, packings, resolved } = setting;
  const exact = openPacked(packings.exact.dir, "train");
  try {
    return await withRunParts(setting, workDir, teacher, (parts) =>
      finetune({
        ...parts,
        model,
        quantize: project.config.quantize,
        calibration: calibrationPictures(exact, project.config),
        createBackend: (request) => resolved.create(request),
      }),
    );
  } finally {
    exact.close();
  }
}

async function saveFinetuned({ model, activations }: Finetuned, dir: string): Promise<void> {
  await saveFloatModel(model, dir);
  const ranges = activations.map(({ scale, zeroPoint }) => ({ scale: scale[0], zeroPoint: zeroPoint[0] }));
  await writeJson(join(dir, RANGES_FILE), ranges satisfies z.infer<typeof rangesSchema>);
}

/** Reads the stage's result. Throws UserError when it is damaged. */
export async function loadFinetuned(dir: string): Promise<{ model: FloatModel; activations: Quantization[] }> {
  const model = await loadFloatModel(dir);
  const path = join(dir, RANGES_FILE);
  const text = await readFile(path, "utf8").catch(() => "");
  const parsed = rangesSchema.length(model.network.layers.length).safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError("the ranges of the fine-tuned model are damaged", {
      where: path,
      remedy: "Remove the folder and run the command again; it is made anew.",
    });
  }
  return { model, activations: parsed.data.map(({ scale, zeroPoint }) => perTensor(scale, zeroPoint)) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
