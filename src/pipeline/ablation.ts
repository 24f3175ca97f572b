/** What augmentation bought: the project's network by the same options and seed, trained on its pictures as they are. */
import { NO_AUGMENTATION } from "../augment/strengths.js";
import { obtainEvaluation } from "./evaluate.js";
import type { Project } from "./project.js";
import type { ComparedModel } from "./report.js";
import type { StageContext } from "./reporter.js";
import { obtainModelStages } from "./trained-model.js";

/** Trains and evaluates it, once; the project's own model stays what it is. */
export async function obtainWithoutAugmentation(project: Project, context: StageContext): Promise<ComparedModel> {
  const { config } = project;
  const plain = { ...project, config: { ...config, train: { ...config.train, augment: NO_AUGMENTATION } } };
  const { pictures, trained, quantized } = await obtainModelStages(plain, context);
  const evaluated = await obtainEvaluation(plain, pictures, trained, quantized, context);
  return { name: "without augmentation", evaluated };
}
