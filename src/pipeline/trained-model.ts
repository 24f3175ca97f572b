/** Everything up to the int8 model, and publishing it as the project's own. */
import { obtainFinetuned } from "./finetune.js";
import { baseIdentity, putInService, type ServiceCard, serviceCard } from "./in-service.js";
import { obtainPackings, obtainPictures, type Packed, type PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import { obtainQuantized, type Quantized, type QuantizedMeta } from "./quantize.js";
import type { StageContext } from "./reporter.js";
import { obtainTrained, type Trained, type TrainedMeta, type TrainingStart } from "./train.js";

export interface TrainedModel {
  readonly pictures: PictureSet;
  readonly exact: Packed;
  readonly wide: Packed;
  readonly trained: Trained;
  readonly quantized: Quantized;
}

/**
 * Runs the stages that are stale and leaves the model in `models/`, where the build finds it. A model that `smilec retrain` put into service stays there, and is
 * what is returned, until the base data or the configuration of training change.
 */
export async function obtainTrainedModel(project: Project, context: StageContext): Promise<TrainedModel> {
  const pictures = await obtainPictures(project, context);
  const card = await serviceCard(project);
  const isRetrained = card?.retrained !== undefined;
  const stays = card?.retrained?.base === baseIdentity(project, pictures);
  const retrained = stays ? await retrainedModel(project, pictures, card, context) : undefined;
  if (retrained !== undefined) return retrained;
  const model = await stagesOf(project, pictures, context);
  if (stays) {
    context.reporter.warn("the stages of the retrained model are gone from .smilec: figures are of the one before it");
    return model;
  }
  if (isRetrained)
    context.reporter.warn("data or configuration have changed: this model replaces the retrained one; retrain again");
  if (card?.quantization.sha256 !== model.quantized.meta.sha256 || card.stages?.train !== model.trained.key) {
    await putInService(project, pictures, model);
  }
  return model;
}

/** From the store; undefined when it is no longer there. */
async function retrainedModel(
  project: Project,
  pictures: PictureSet,
  { stages }: ServiceCard,
  context: StageContext,
): Promise<TrainedModel | undefined> {
  if (stages === undefined) return undefined;
  const trained = await project.store.find<TrainedMeta>("train", stages.train);
  const quantized = await project.store.find<QuantizedMeta>("quantize", stages.quantize);
  if (trained === undefined || quantized === undefined) return undefined;
  const packings = await obtainPackings(project, pictures, context);
  return {
    pictures,
    ...packings,
    trained: { ...trained, cached: true },
    quantized: { ...quantized, cached: true },
  };
}

/** Runs the stages that are stale; the model stays in the store. */
export async function obtainModelStages(project: Project, context: StageContext): Promise<TrainedModel> {
  return stagesOf(project, await obtainPictures(project, context), context);
}

/** As {@link obtainModelStages}, from other pictures than the project's, or from weights that are there. */
export async function stagesOf(
  project: Project,
  pictures: PictureSet,
  context: StageContext,
  start?: TrainingStart,
): Promise<TrainedModel> {
  const { exact, wide } = await obtainPackings(project, pictures, context);
  const trained = await obtainTrained(project, pictures, { exact, wide }, context, start);
  const finetuned = await obtainFinetuned(project, pictures, { exact, wide }, trained, context);
  const quantized = await obtainQuantized(project, exact, trained, finetuned, context);
  return { pictures, exact, wide, trained, quantized };
}
