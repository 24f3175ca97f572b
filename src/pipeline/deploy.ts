/** From a project to what runs: the model the firmware gets, made fresh where it is stale. */
import { baseIdentity, serviceCard } from "./in-service.js";
import { checkLabels, isTrained, type Model, readModel, SHIPPED_MODEL } from "./model.js";
import { obtainPictures } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { obtainTrainedModel } from "./trained-model.js";

/**
 * The model for the project's engine: none for `coin`; the project's own, brought up to date, once it has been trained; until then the one
 * that comes with smilec.
 */
export async function deployedModel(project: Project, context: StageContext): Promise<Model | undefined> {
  const isNeeded = project.config.engine !== "coin";
  if (isNeeded && (await isTrained(project)) && !(await isRetrained(project, context))) {
    await obtainTrainedModel(project, context);
  }
  return presentModel(project, context);
}

/** Whether `smilec retrain` put the model there, from what is still the base data and configuration. */
async function isRetrained(project: Project, context: StageContext): Promise<boolean> {
  const card = await serviceCard(project);
  return (
    card?.retrained !== undefined &&
    card.retrained.base === baseIdentity(project, await obtainPictures(project, context))
  );
}

/** The same as it lies there: for callers who have just brought it up to date. */
export async function presentModel(project: Project, context: StageContext): Promise<Model | undefined> {
  if (project.config.engine === "coin") {
    context.reporter.stage("model", "none: the bot tosses a coin and logs everything");
    return undefined;
  }
  const trained = await isTrained(project);
  const model = trained ? await readModel(project.modelFile, "trained") : await readModel(SHIPPED_MODEL, "shipped");
  checkLabels(project, model);
  const what = trained ? "the project's own" : "the one that comes with smilec (until `smilec train`)";
  context.reporter.stage("model", `${model.graph.name} ${model.sha256.slice(0, 16)}, ${what}`);
  return model;
}
