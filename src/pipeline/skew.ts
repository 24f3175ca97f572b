/** `smilec skew`: how serving differs from training, why, and what would help. */

import { CheckFailedError } from "../errors.js";
import type { Interval } from "../evaluate/bootstrap.js";
import { rankCauses } from "../skew/causes.js";
import { AugmentationProbe, type Closing, closingAugmentations, TRIALS } from "../skew/closing.js";
import {
  compareFeatures,
  embeddingMap,
  type FeatureComparison,
  strangestCaptures,
  tellApart,
} from "../skew/compare.js";
import type { SkewReport, SkewResult } from "../skew/types.js";
import type { Model } from "./model.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import {
  augmentedTraining,
  modelInService,
  readServing,
  readTraining,
  type ServingSide,
  type TrainingSide,
} from "./skew-sides.js";

export interface Sides {
  readonly model: Model;
  readonly training: TrainingSide;
  readonly serving: ServingSide;
}

/** Pictures that augmentations are tried on. */
const TRIED_ON = 120;
const STRANGEST = 8;

/** Captures first: that there are none is found out soonest. */
export async function readSides(project: Project, context: StageContext): Promise<Sides> {
  const model = await modelInService(project);
  context.reporter.stage("skew", "captures and training pictures as the network sees them");
  const serving = await readServing(project, model, context);
  if (serving.damaged.count > 0) {
    context.reporter.warn(`${serving.damaged.count} pictures are left out: ${serving.damaged.first[0]}`);
  }
  return { model, serving, training: await readTraining(project, model, context) };
}

export async function measureSkew(project: Project, context: StageContext): Promise<SkewResult> {
  const sides = await readSides(project, context);
  const { model, training, serving } = sides;
  const { augment, seed } = project.config.train;
  const auc = tellApart(training, serving);
  const augmentedAuc = tellApart(augmentedTraining(training, augment, model, seed, context), serving);
  const features = compareFeatures(training, serving);
  const { captures, presses, devices, framing, consistency, damaged } = serving;
  const report: SkewReport = {
    formatVersion: 1,
    training: { name: training.name, pictures: training.count, sampled: training.sample.length },
    serving: { captures, presses, devices, sampled: serving.sample.length, damaged: damaged.count, framing },
    auc,
    augmentedAuc,
    verdict: verdictOf(auc),
    causes: rankCauses(features),
    features,
    closing: closing(sides, features, seed, context),
    consistency,
    map: embeddingMap(training, serving),
    damaged: damaged.first,
  };
  return {
    report,
    strangest: strangestCaptures(training, serving, STRANGEST),
    size: model.description.preprocess.size,
  };
}

/** Every `step`-th of the wide training pictures, at most `count`. */
export function probeOn({ training, model }: Sides, count: number, offset: number, seed: number): AugmentationProbe {
  const step = Math.max(1, Math.floor(training.wide.length / count));
  const pictures = training.wide.filter((_, i) => i % step === offset % step).slice(0, count);
  return new AugmentationProbe(pictures, training.wideSize, model.description.preprocess, seed);
}

function closing(sides: Sides, features: readonly FeatureComparison[], seed: number, context: StageContext): Closing[] {
  const gaps = features.filter(({ differs, name }) => differs && name !== "margin").map(({ name }) => name);
  if (gaps.length === 0) return [];
  const progress = context.reporter.progress("try", TRIALS.length, "augmentations");
  try {
    const probe = probeOn(sides, TRIED_ON, 0, seed);
    return closingAugmentations(probe, sides.serving.histograms, gaps, (done) => progress.update(done));
  } finally {
    progress.end();
  }
}

function verdictOf({ value, low }: Interval): string {
  const auc = value ?? Number.NaN;
  if ((low ?? auc) <= 0.5 || auc < 0.6)
    return "Captures and training pictures can hardly be told apart: the network meets what it was trained on.";
  if (auc < 0.75) return "Captures differ a little from training pictures.";
  if (auc < 0.9) return "Captures clearly differ from training pictures.";
  return "Nearly every capture can be told from a training picture: the network works on something it was not trained on.";
}

/** Throws CheckFailedError when something computed now differs from what the bot logged. */
export function requireConsistency({ consistency }: SkewReport): void {
  if (consistency.different === 0) return;
  throw new CheckFailedError(
    `${consistency.different} of ${consistency.captures} captures differ from what the bot logged`,
    {
      detail: consistency.differences.slice(0, 10).join("\n"),
      remedy:
        "Compare the firmware's version and the model's with this project's; until they agree, the bot computes something else than training.",
    },
  );
}
