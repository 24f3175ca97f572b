/**
 * Retraining before anybody has judged a capture: base data alone, changed in light, lens, camera and coding as production pictures are thought to be. What it is
 * measured on are other people's base pictures, degraded by other code (src/evaluate/degrade) than training's augmentation; no production picture is seen.
 */
import { changesAppearance, withGeometryOf } from "../augment/strengths.js";
import type { AugmentOptions } from "../augment/types.js";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { augmentSchema } from "../config/augment.js";
import { listImports } from "../data/catalogue.js";
import { UserError } from "../errors.js";
import { isTrained } from "../pipeline/model.js";
import type { PictureSet } from "../pipeline/pictures.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { changedStrengths, fitSkew } from "../pipeline/skew-fit.js";
import { countPresses, FEWEST_PRESSES } from "../pipeline/skew-sides.js";
import type { SyntheticSkew } from "./result.js";

/** Throws UserError when there is nothing at all to train on: no captures, no pictures, no model of the project's own. */
export async function checkBase(project: Project): Promise<void> {
  if ((await isTrained(project)) || (await listImports(project.dataDir)).length > 0) return;
  throw new UserError("there is nothing to retrain with: no judged captures, and no pictures of your own", {
    where: project.capturesDir,
    remedy:
      "Let people press the bot's nose (engine coin needs no model), then `smilec pull-captures` and `smilec label`; or import pictures: smilec data import PATH.",
  });
}

/** Strengths to train on with: fitted to captures where there are enough that nobody has judged; else as configured, or smilec's own where none are. */
export async function syntheticSkew(
  project: Project,
  base: PictureSet,
  catalogue: Catalogue | undefined,
  context: StageContext,
): Promise<{ readonly augment: AugmentOptions; readonly skew: SyntheticSkew }> {
  const configured = project.config.train.augment;
  const isOff = !changesAppearance(configured);
  const augment = isOff ? withGeometryOf(augmentSchema.parse({}), configured) : configured;
  const presses = catalogue === undefined ? 0 : countPresses(catalogue).presses;
  if (presses < FEWEST_PRESSES || base.synthetic) {
    const origin = isOff ? "default" : "configuration";
    return { augment, skew: { origin, changes: changedStrengths(configured, augment) } };
  }
  const { config } = project;
  const fit = await fitSkew({ ...project, config: { ...config, train: { ...config.train, augment } } }, context);
  const changes = changedStrengths(configured, fit.options);
  return { augment: fit.options, skew: { origin: "captures", changes, auc: fit.auc.after } };
}
