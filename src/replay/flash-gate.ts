/** Before flashing: whether the new model decides worse than what made the captures, on those that people have judged. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CATALOGUE_FILE, Catalogue } from "../captures/catalogue/catalogue.js";
import type { Model } from "../pipeline/model.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { compareOtherModel, type OtherModelResult } from "./other-model.js";

/** The comparison when the model gets fewer judged presses right; undefined when it does not, or when nothing is judged. */
export async function worseOnCaptures(
  project: Project,
  model: Model | undefined,
  context: StageContext,
): Promise<OtherModelResult | undefined> {
  if (model === undefined || !(await isFile(join(project.capturesDir, CATALOGUE_FILE)))) return undefined;
  const catalogue = Catalogue.open(project.capturesDir, { mustExist: true });
  try {
    if (catalogue.count({ state: "kept", judged: true }) === 0) return undefined;
    const result = await compareOtherModel(project, catalogue, model, true, context);
    return result.rightAfter < result.rightBefore ? result : undefined;
  } finally {
    catalogue.close();
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
