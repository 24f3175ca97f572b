/** Two models on the same pictures: held-out captures, degraded validation pictures, and the base data's test pictures. */
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { obtainPacked, openPacked } from "../data/packed.js";
import { groupNumbers } from "../evaluate/bootstrap.js";
import { DEGRADATION_VERSION } from "../evaluate/degrade/levels.js";
import { compareQuality, type Quality, type Scored, type Summary, summarize } from "../evaluate/evaluation.js";
import { binaryLabels } from "../evaluate/metrics.js";
import { describedModel } from "../evaluate/model.js";
import { catalogueSet } from "../evaluate/pictures.js";
import { scoreSet } from "../evaluate/score.js";
import { loadScores, saveScores } from "../evaluate/stored-scores.js";
import type { View } from "../evaluate/views.js";
import { margin, marginScale } from "../graph/bundle.js";
import { scoreGraph } from "../graph/score.js";
import type { Model } from "../pipeline/model.js";
import type { PictureSet } from "../pipeline/pictures.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";
import { replayPresses } from "../replay/pool.js";
import { replaySetup } from "../replay/run.js";
import { networkInputs } from "../train/evaluate.js";
import type { CapturedPicture } from "./captured.js";

export interface ModelComparison {
  /** Presses or pictures. */
  readonly count: number;
  readonly positives: number;
  /** Bots' days or persons, drawn whole by the bootstrap. */
  readonly groups: number;
  readonly before: Summary;
  readonly after: Summary;
  /** After minus before, on the same draws. */
  readonly change: Quality;
}

/** Compares score by score; `models` and `scored` are before and after. */
function comparison(models: readonly [Model, Model], scored: readonly [Scored, Scored]): ModelComparison {
  const [before, after] = models.map((model, i) =>
    summarize(scored[i], { threshold: model.description.thresholdMargin * marginScale(model) }),
  );
  const { count, positives } = before;
  const groups = new Set(scored[0].groups).size;
  return { count, positives, groups, before, after, change: compareQuality(scored[0], scored[1], {}) };
}

/** Both models on judged presses that neither was trained on, exactly as the bot would have decided them: the mean margin over the press. */
export async function compareOnCaptures(
  project: Project,
  catalogue: Catalogue,
  heldOut: readonly CapturedPicture[],
  models: readonly [Model, Model],
  context: StageContext,
): Promise<ModelComparison> {
  const presses = pressesOf(heldOut);
  const rows = presses.map((press) => press.map(({ capture }) => catalogue.capture(capture) as CatalogueCapture));
  const setup = replaySetup(project, { models: models.map(({ file }) => file) });
  const columns: [number[], number[]] = [[], []];
  const kept: CapturedPicture[] = [];
  let index = 0;
  for await (const { replay } of replayPresses(rows, heldOut.length, setup, context)) {
    const [picture] = presses[index++];
    if (replay.margins[0].length === 0) continue;
    kept.push(picture);
    for (const [i, model] of models.entries()) columns[i].push(mean(replay.margins[i]) * marginScale(model));
  }
  const truth = Uint8Array.from(kept, ({ label }) => (label === project.config.positive ? 1 : 0));
  const groups = groupNumbers(kept.map(({ group }) => group));
  return comparison(models, [scoredOf(columns[0], truth, groups), scoredOf(columns[1], truth, groups)]);
}

/** Presses in order; one whose captures have different labels says nothing. */
export function pressesOf(pictures: readonly CapturedPicture[]): CapturedPicture[][] {
  const presses = new Map<string, CapturedPicture[]>();
  for (const picture of pictures) presses.set(picture.press, [...(presses.get(picture.press) ?? []), picture]);
  return [...presses.values()].filter((press) => press.every(({ label }) => label === press[0].label));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function scoredOf(scores: readonly number[], truth: Uint8Array, groups: Uint32Array): Scored {
  const correct = Uint8Array.from(scores, (score, i) => (score > 0 === (truth[i] === 1) ? 1 : 0));
  return { scores: Float64Array.from(scores), truth, correct, groups };
}

/** Both models on validation pictures of the base data, degraded as production is thought to be: other people than training's, and other code than its augmentation. */
export async function compareOnDegraded(
  project: Project,
  pictures: PictureSet,
  models: readonly [Model, Model],
  context: StageContext,
): Promise<ModelComparison> {
  const before = await degradedScores(project, pictures, models[0], context);
  return comparison(models, [before, await degradedScores(project, pictures, models[1], context)]);
}

const DEGRADED_LEVEL = "medium";

/** Stage "degraded-val": a model's scores of the degraded validation split, kept. */
async function degradedScores(
  project: Project,
  { catalogue }: PictureSet,
  model: Model,
  context: StageContext,
): Promise<Scored> {
  const { labels, positive, decision } = project.config;
  const artifact = await project.store.obtain({
    stage: "degraded-val",
    revision: 1,
    options: { labels, positive, burst: decision.burst, degradation: DEGRADATION_VERSION },
    inputs: [catalogue.hash, model.sha256],
    produce: async (dir) => {
      const set = catalogueSet(catalogue, "val", labels);
      const view: View = { kind: "level", level: DEGRADED_LEVEL, captures: decision.burst };
      const int8 = describedModel(model, "int8", model.sha256);
      const { views } = await scoreSet({ models: { int8 }, set, views: [view], threshold: 0, mistakes: 0, context });
      await saveScores(dir, [views[0].int8!]);
      return {};
    },
  });
  return (await loadScores(artifact.dir))[0];
}

/** Both models on the test split of the base data. */
export async function compareOnBase(
  project: Project,
  pictures: PictureSet,
  models: readonly [Model, Model],
  context: StageContext,
): Promise<ModelComparison> {
  const before = await baseScores(project, pictures, models[0], context);
  return comparison(models, [before, await baseScores(project, pictures, models[1], context)]);
}

/** Stage "base-test": a model's scores of the test split, kept. */
async function baseScores(
  project: Project,
  pictures: PictureSet,
  model: Model,
  context: StageContext,
): Promise<Scored> {
  const { labels, positive } = project.config;
  const { catalogue } = pictures;
  const artifact = await project.store.obtain({
    stage: "base-test",
    revision: 1,
    options: { labels, positive },
    inputs: [catalogue.hash, model.sha256],
    produce: async (dir) => {
      const { preprocess } = model.description;
      const packed = await obtainPacked(project.store, { catalogue, size: preprocess.size, labels, context });
      const test = openPacked(packed.dir, "test");
      try {
        const outputs = scoreGraph(model.graph, networkInputs(test, preprocess), test.count, "base test", context);
        const scale = marginScale(model);
        const scores = outputs.map((output) => margin(output, model.description.positive) * scale);
        const records = catalogue.records.filter(({ label, split }) => split === "test" && labels.includes(label));
        const groups = groupNumbers(records.map(({ group }) => group));
        await saveScores(dir, [scoredOf(scores, binaryLabels(test.labels, labels.indexOf(positive)), groups)]);
        return {};
      } finally {
        test.close();
      }
    },
  });
  return (await loadScores(artifact.dir))[0];
}
