/** Training on from the model in service. */
import { isDeepStrictEqual } from "node:util";
import type { AugmentOptions } from "../augment/types.js";
import { serviceCard } from "../pipeline/in-service.js";
import { checkLabels, isTrained, type Model, readModel, SHIPPED_MODEL } from "../pipeline/model.js";
import type { PictureSet } from "../pipeline/pictures.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { configuredNetwork, type TrainingStart } from "../pipeline/train.js";
import { stagesOf, type TrainedModel } from "../pipeline/trained-model.js";
import { loadFloatModel } from "../train/float-model.js";

/** What the bots run now: the project's own model, or the one that comes with smilec. */
export async function modelInService(project: Project): Promise<Model> {
  const model = (await isTrained(project))
    ? await readModel(project.modelFile, "trained")
    : await readModel(SHIPPED_MODEL, "shipped");
  checkLabels(project, model);
  return model;
}

/** The float weights of the model in service, where the store has them and the network is still the configured one. */
export async function warmStart(
  project: Project,
  model: Model,
  context: StageContext,
): Promise<TrainingStart | undefined> {
  const anew = (why: string) => {
    context.reporter.warn(`training starts anew, not from the model in service: ${why}`);
    return undefined;
  };
  if (model.origin === "shipped") return anew("the model that comes with smilec has no float weights");
  const key = (await serviceCard(project))?.stages?.train;
  const trained = key === undefined ? undefined : await project.store.find("train", key);
  if (trained === undefined) return anew("its float weights are not in .smilec");
  const { network, parameters } = await loadFloatModel(trained.dir);
  const wanted = configuredNetwork(project);
  if (!isDeepStrictEqual(network.layers, wanted.layers)) return anew("its network is another one");
  return { key: trained.key, parameters };
}

/** The training stages with retrain's own length and rate, on `pictures`, which `augment` changes where it is given. */
export function trainOn(
  project: Project,
  pictures: PictureSet,
  start: TrainingStart | undefined,
  context: StageContext,
  augment?: AugmentOptions,
): Promise<TrainedModel> {
  const { config } = project;
  const { epochs, learningRate } = config.retrain;
  const train = {
    ...config.train,
    ...(start === undefined ? {} : { epochs, learningRate }),
    ...(augment === undefined ? {} : { augment }),
  };
  return stagesOf({ ...project, config: { ...config, train } }, pictures, context, start);
}
