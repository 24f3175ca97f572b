/** `smilec retrain`: base data and judged captures, from the weights in service; into service only what is better. */
import { join } from "node:path";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { UserError } from "../errors.js";
import { writeJson } from "../files/write.js";
import { baseIdentity, putInService } from "../pipeline/in-service.js";
import { type Model, readModel } from "../pipeline/model.js";
import { obtainPictures, type PictureSet } from "../pipeline/pictures.js";
import { type Project, retrainingFile } from "../pipeline/project.js";
import { MODEL_FILE } from "../pipeline/quantize.js";
import type { StageContext } from "../pipeline/reporter.js";
import type { TrainedModel } from "../pipeline/trained-model.js";
import {
  type CapturedPicture,
  type CapturedSet,
  capturedSet,
  capturesName,
  mixed,
  obtainCaptured,
} from "./captured.js";
import { compareOnBase, compareOnCaptures, compareOnDegraded, pressesOf } from "./compare.js";
import type { RetrainResult, SplitCounts } from "./result.js";
import { modelInService, trainOn, warmStart } from "./train-on.js";
import { verdict } from "./verdict.js";
import { checkBase, syntheticSkew } from "./without-captures.js";

/**
 * Trains, compares, and puts the model into service if it may be. While nobody has judged a capture it trains on base data alone, changed as production pictures
 * are thought to be; `catalogue` is undefined before anything was pulled. Throws UserError when there is too little to train or to compare on.
 */
export async function retrain(
  project: Project,
  catalogue: Catalogue | undefined,
  context: StageContext,
): Promise<RetrainResult> {
  const set = catalogue === undefined ? NOTHING : capturedSet(catalogue, project.config);
  if (catalogue === undefined || set.pictures.length === 0) return withoutCaptures(project, catalogue, set, context);
  checkEnough(project, countSplits(project, set));
  return withCaptures(project, catalogue, set, context);
}

const NOTHING: CapturedSet = {
  pictures: [],
  leftOut: { unjudged: 0, disputed: 0, unsure: 0, "no-face": 0, "unknown-label": 0, refused: 0, deleted: 0 },
};

async function withCaptures(
  project: Project,
  catalogue: Catalogue,
  set: CapturedSet,
  context: StageContext,
): Promise<RetrainResult> {
  const { captureWeight } = project.config.retrain;
  const before = await modelInService(project);
  const base = await obtainPictures(project, context);
  const start = await warmStart(project, before, context);
  const captured = await obtainCaptured(project, catalogue, set, capturesName(base), context);
  const trained = await trainOn(project, mixed(base, captured, captureWeight), start, context);
  const models = [before, await retrainedModel(trained)] as const;
  context.reporter.stage("compare", "before and after, on held-out captures and on the base test pictures");
  const heldOut = set.pictures.filter(({ split }) => split === "test");
  const captures = await compareOnCaptures(project, catalogue, heldOut, models, context);
  const onBase = await compareOnBase(project, base, models, context);
  const result: RetrainResult = {
    ...verdict(captures, "on held-out captures", onBase, project.config.retrain),
    ...facts(project, set, base, models),
    warm: start !== undefined,
    captures,
    base: onBase,
  };
  return conclude(project, base, trained, result);
}

/** Says plainly that production was not seen. */
async function withoutCaptures(
  project: Project,
  catalogue: Catalogue | undefined,
  set: CapturedSet,
  context: StageContext,
): Promise<RetrainResult> {
  await checkBase(project);
  const before = await modelInService(project);
  const base = await obtainPictures(project, context);
  const waiting = set.leftOut.unjudged + set.leftOut.disputed;
  context.reporter.warn(
    `no production picture is trained on: ${waiting === 0 ? "there are no judged captures" : `${waiting} captures wait to be judged (smilec label)`}`,
  );
  const start = await warmStart(project, before, context);
  const { augment, skew } = await syntheticSkew(project, base, catalogue, context);
  const trained = await trainOn(project, base, start, context, augment);
  const models = [before, await retrainedModel(trained)] as const;
  context.reporter.stage("compare", "before and after, on degraded validation pictures and on the base test pictures");
  const degraded = await compareOnDegraded(project, base, models, context);
  const onBase = await compareOnBase(project, base, models, context);
  const result: RetrainResult = {
    ...verdict(degraded, "on degraded validation pictures", onBase, project.config.retrain),
    ...facts(project, set, base, models),
    warm: start !== undefined,
    degraded,
    syntheticSkew: skew,
    base: onBase,
  };
  return conclude(project, base, trained, result);
}

function retrainedModel({ quantized }: TrainedModel): Promise<Model> {
  return readModel(join(quantized.dir, MODEL_FILE), "trained");
}

function facts(project: Project, set: CapturedSet, base: PictureSet, [before, after]: readonly [Model, Model]) {
  return {
    before: before.sha256.slice(0, 16),
    after: after.sha256.slice(0, 16),
    splits: countSplits(project, set),
    leftOut: set.leftOut,
    captureWeight: project.config.retrain.captureWeight,
    baseData: base.catalogue.imports.map(({ summary }) => summary.name),
  };
}

async function conclude(
  project: Project,
  base: PictureSet,
  trained: TrainedModel,
  result: RetrainResult,
): Promise<RetrainResult> {
  if (result.ships) {
    await putInService(project, trained.pictures, trained, { retrained: { base: baseIdentity(project, base) } });
  }
  await writeJson(retrainingFile(project), result);
  return result;
}

function countSplits(project: Project, { pictures }: CapturedSet): RetrainResult["splits"] {
  const counts = (split: CapturedPicture["split"]): SplitCounts => {
    const own = pictures.filter((picture) => picture.split === split);
    return {
      captures: own.length,
      presses: pressesOf(own).length,
      positives: positivePresses(project, own),
      groups: new Set(own.map(({ group }) => group)).size,
    };
  };
  return { train: counts("train"), val: counts("val"), heldOut: counts("test") };
}

function positivePresses({ config }: Project, pictures: readonly CapturedPicture[]): number {
  return pressesOf(pictures).filter(([{ label }]) => label === config.positive).length;
}

function checkEnough(project: Project, { train, heldOut }: RetrainResult["splits"]): void {
  const { fewest } = project.config.retrain;
  const where = project.capturesDir;
  if (train.captures === 0) {
    throw new UserError("all judged captures are held out: there is none to train on", {
      where,
      remedy: "Judge captures of more days or more bots; a bot's day is never split.",
    });
  }
  const others = heldOut.presses - heldOut.positives;
  if (Math.min(heldOut.positives, others) >= fewest) return;
  throw new UserError("too few held-out captures to tell whether another model is better", {
    where,
    detail: `${heldOut.positives} presses of ${project.config.positive} and ${others} of others, of ${heldOut.groups} bots' days; ${fewest} of each are needed (retrain.fewest)`,
    remedy: "Judge captures of more days or more bots, or raise retrain.heldOut before the first retraining.",
  });
}
