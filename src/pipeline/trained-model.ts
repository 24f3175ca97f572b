/** Everything up to the int8 model, and publishing it as the project's own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileIfChanged, writeJson } from "../files/write.js";
import { obtainFinetuned } from "./finetune.js";
import { obtainPackings, obtainPictures, type Packed, type PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import { MODEL_FILE, obtainQuantized, type Quantized } from "./quantize.js";
import type { StageContext } from "./reporter.js";
import { obtainTrained, type Trained } from "./train.js";

export interface TrainedModel {
  readonly pictures: PictureSet;
  readonly exact: Packed;
  readonly wide: Packed;
  readonly trained: Trained;
  readonly quantized: Quantized;
}

/** Runs the stages that are stale and leaves the model in `models/`, where the build finds it. */
export async function obtainTrainedModel(project: Project, context: StageContext): Promise<TrainedModel> {
  const model = await obtainModelStages(project, context);
  await publish(project, model.pictures, model.trained, model.quantized);
  return model;
}

/** Runs the stages that are stale; the model stays in the store. */
export async function obtainModelStages(project: Project, context: StageContext): Promise<TrainedModel> {
  const pictures = await obtainPictures(project, context);
  const { exact, wide } = await obtainPackings(project, pictures, context);
  const trained = await obtainTrained(project, pictures, { exact, wide }, context);
  const finetuned = await obtainFinetuned(project, pictures, { exact, wide }, trained, context);
  const quantized = await obtainQuantized(project, exact, trained, finetuned, context);
  return { pictures, exact, wide, trained, quantized };
}

async function publish(project: Project, pictures: PictureSet, trained: Trained, quantized: Quantized): Promise<void> {
  const written = await writeFileIfChanged(project.modelFile, await readFile(join(quantized.dir, MODEL_FILE)));
  if (!written) return;
  await writeJson(join(project.modelFile, "..", "card.json"), modelCard(project, pictures, trained, quantized));
}

/** What the model is, where it comes from and how good it was: kept beside it. */
export function modelCard(project: Project, pictures: PictureSet, trained: Trained, quantized: Quantized): object {
  const { history: _history, ...training } = trained.meta;
  const { layers: _layers, ...quantization } = quantized.meta;
  return {
    data: pictures.catalogue.imports.map(({ summary: { name, count, hash } }) => ({ name, count, hash })),
    synthetic: pictures.synthetic,
    labels: project.config.labels,
    positive: project.config.positive,
    input: project.config.input,
    train: project.config.train,
    quantize: project.config.quantize,
    training,
    quantization,
  };
}
