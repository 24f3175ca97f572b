/** `smilec skew fit`: augmentation strengths at which training pictures look like the captures, checked on pictures and draws that had no part in finding them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { applyEdits, modify } from "jsonc-parser";
import { appearanceOnly } from "../augment/strengths.js";
import type { AugmentationName, AugmentOptions } from "../augment/types.js";
import { CONFIG_FILE, parseConfig } from "../config/load.js";
import { asEnvironmentError, InterruptedError } from "../errors.js";
import type { Interval } from "../evaluate/bootstrap.js";
import { writeFileIfChanged } from "../files/write.js";
import { meanDistance } from "../skew/closing.js";
import { tellApart } from "../skew/compare.js";
import { fitAugmentation, fitTrials } from "../skew/fit.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { probeOn, readSides, type Sides } from "./skew.js";
import { augmentedTraining } from "./skew-sides.js";

export interface ChangedStrength {
  readonly key: AugmentationName;
  readonly before: unknown;
  readonly after: unknown;
}

export interface SkewFit {
  readonly formatVersion: 1;
  /** Keys of `train.augment` that change, with both settings. */
  readonly changes: readonly ChangedStrength[];
  /** Domain classifier between augmented training pictures and captures. */
  readonly auc: { readonly before: Interval; readonly after: Interval };
  /** Mean relative distance of the features, on training pictures that were not fitted on. */
  readonly distance: { readonly before: number; readonly after: number };
  readonly options: AugmentOptions;
}

export interface SkewFitResult extends SkewFit {
  readonly sides: Sides;
}

/** Training pictures that are fitted on, and as many others that the fit is judged on. */
const FITTED_ON = 160;

export async function fitSkew(project: Project, context: StageContext): Promise<SkewFitResult> {
  const sides = await readSides(project, context);
  const { augment, seed } = project.config.train;
  const options = fittedOptions(sides, augment, seed, context);
  const held = probeOn(sides, FITTED_ON, 1, seed + 1);
  const { histograms } = sides.serving;
  const apart = (strengths: AugmentOptions) =>
    tellApart(augmentedTraining(sides.training, strengths, sides.model, seed, context), sides.serving);
  return {
    formatVersion: 1,
    changes: changedStrengths(augment, options),
    auc: { before: apart(augment), after: apart(options) },
    distance: {
      before: meanDistance(held.measure(appearanceOnly(augment)), histograms),
      after: meanDistance(held.measure(appearanceOnly(options)), histograms),
    },
    options,
    sides,
  };
}

/** Keys whose settings differ. */
export function changedStrengths(before: AugmentOptions, after: AugmentOptions): ChangedStrength[] {
  const keys = (Object.keys(before) as AugmentationName[]).filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return keys.map((key) => ({ key, before: before[key], after: after[key] }));
}

function fittedOptions(sides: Sides, augment: AugmentOptions, seed: number, context: StageContext): AugmentOptions {
  const progress = context.reporter.progress("fit", fitTrials(augment), "settings");
  try {
    const fit = fitAugmentation(
      probeOn(sides, FITTED_ON, 0, seed),
      sides.serving.histograms,
      augment,
      (done, distance) => {
        if (context.signal.aborted) throw new InterruptedError();
        progress.update(done, `distance ${distance.toFixed(3)}`);
      },
    );
    return fit.options;
  } finally {
    progress.end();
  }
}

/** The configuration's text with the new strengths; comments and layout stay. Throws UserError where the result would be no valid configuration. */
function withAugmentation(text: string, changes: SkewFit["changes"]): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: text.includes("\r\n") ? "\r\n" : "\n" };
  const changed = changes.reduce(
    (now, { key, after }) => applyEdits(now, modify(now, ["train", "augment", key], after, { formattingOptions })),
    text,
  );
  parseConfig(changed, CONFIG_FILE);
  return changed;
}

/** Writes the fitted strengths to the project's configuration; returns its path. */
export async function writeFit(project: Project, { changes }: SkewFit): Promise<string> {
  const path = join(project.dir, CONFIG_FILE);
  try {
    await writeFileIfChanged(path, withAugmentation(await readFile(path, "utf8"), changes));
  } catch (error) {
    throw asEnvironmentError(error, path);
  }
  return path;
}
