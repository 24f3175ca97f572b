/** `smilec retrain`: base data and judged captures, from the weights in service; into service only what is better. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { UserError } from "../errors.js";
import { writeJson } from "../files/write.js";
import type { LeftOut } from "../label/judged-pictures.js";
import { baseIdentity, putInService, serviceCard } from "../pipeline/in-service.js";
import { checkLabels, isTrained, type Model, readModel, SHIPPED_MODEL } from "../pipeline/model.js";
import { obtainPictures, type PictureSet } from "../pipeline/pictures.js";
import { type Project, retrainingFile } from "../pipeline/project.js";
import { MODEL_FILE } from "../pipeline/quantize.js";
import type { StageContext } from "../pipeline/reporter.js";
import { configuredNetwork, type TrainingStart } from "../pipeline/train.js";
import { stagesOf, type TrainedModel } from "../pipeline/trained-model.js";
import { loadFloatModel } from "../train/float-model.js";
import {
  type CapturedPicture,
  type CapturedSet,
  capturedSet,
  capturesName,
  mixed,
  obtainCaptured,
} from "./captured.js";
import { compareOnBase, compareOnCaptures, type ModelComparison, pressesOf } from "./compare.js";
import { type Verdict, verdict } from "./verdict.js";

export interface SplitCounts {
  readonly captures: number;
  readonly presses: number;
  readonly positives: number;
  /** Bots' days. */
  readonly groups: number;
}

export interface RetrainResult extends Verdict {
  /** First 16 hex digits of the models' SHA-256. */
  readonly before: string;
  readonly after: string;
  /** Whether training went on from the weights in service. */
  readonly warm: boolean;
  readonly splits: Readonly<Record<"train" | "val" | "heldOut", SplitCounts>>;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
  readonly captureWeight: number;
  readonly baseData: readonly string[];
  readonly captures: ModelComparison;
  readonly base: ModelComparison;
}

/** Trains, compares, and puts the model into service if it may be. Throws UserError when there is too little to compare on. */
export async function retrain(project: Project, catalogue: Catalogue, context: StageContext): Promise<RetrainResult> {
  const set = capturedSet(catalogue, project.config);
  const splits = countSplits(project, set);
  checkEnough(project, set, splits);
  const before = await modelInService(project);
  const base = await obtainPictures(project, context);
  const start = await warmStart(project, before, context);
  const after = await trainOn(project, catalogue, set, base, start, context);
  const model = await readModel(join(after.quantized.dir, MODEL_FILE), "trained");
  const models = [before, model] as const;
  context.reporter.stage("compare", "before and after, on held-out captures and on the base test pictures");
  const heldOut = set.pictures.filter(({ split }) => split === "test");
  const captures = await compareOnCaptures(project, catalogue, heldOut, models, context);
  const onBase = await compareOnBase(project, base, models, context);
  const result: RetrainResult = {
    ...verdict(captures, onBase, project.config.retrain),
    before: before.sha256.slice(0, 16),
    after: model.sha256.slice(0, 16),
    warm: start !== undefined,
    splits,
    leftOut: set.leftOut,
    captureWeight: project.config.retrain.captureWeight,
    baseData: base.catalogue.imports.map(({ summary }) => summary.name),
    captures,
    base: onBase,
  };
  if (result.ships) {
    await putInService(project, after.pictures, after, { retrained: { base: baseIdentity(project, base) } });
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

function checkEnough(
  project: Project,
  { pictures, leftOut }: CapturedSet,
  { train, heldOut }: RetrainResult["splits"],
) {
  const { fewest } = project.config.retrain;
  const where = project.capturesDir;
  if (pictures.length === 0) {
    const waiting = leftOut.unjudged + leftOut.disputed;
    throw new UserError("there are no judged captures to retrain with", {
      where,
      remedy:
        waiting > 0
          ? `Judge some of the ${waiting} that wait: smilec label.`
          : "Let people press the bot's nose (engine coin needs no model), then `smilec pull-captures` and `smilec label`.",
    });
  }
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

/** What the bots run now: the project's own model, or the one that comes with smilec. */
async function modelInService(project: Project): Promise<Model> {
  const model = (await isTrained(project))
    ? await readModel(project.modelFile, "trained")
    : await readModel(SHIPPED_MODEL, "shipped");
  checkLabels(project, model);
  return model;
}

/** The float weights of the model in service, where the store has them and the network is still the configured one. */
async function warmStart(project: Project, model: Model, context: StageContext): Promise<TrainingStart | undefined> {
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

/** The training stages on base data and captures, with retrain's own length and rate. */
async function trainOn(
  project: Project,
  catalogue: Catalogue,
  set: CapturedSet,
  base: PictureSet,
  start: TrainingStart | undefined,
  context: StageContext,
): Promise<TrainedModel> {
  const { captureWeight, epochs, learningRate } = project.config.retrain;
  const { config } = project;
  const captured = await obtainCaptured(project, catalogue, set, capturesName(base), context);
  const pictures = mixed(base, captured, captureWeight);
  const train = start === undefined ? config.train : { ...config.train, epochs, learningRate };
  const longer = { ...project, config: { ...config, train } };
  return stagesOf(longer, pictures, context, start);
}
