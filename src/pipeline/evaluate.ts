/**
 * Stage "evaluate": the test split, by the float and the int8 model, as it is, under every condition and degraded to every level.
 *
 * The test split is read here and nowhere else, and once: the result is kept under everything it depends on, so that looking at it again reads
 * the result and not the pictures. Nothing is chosen from it; the threshold and the best epoch were chosen on the validation split.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "../compile/model-file.js";
import { UserError } from "../errors.js";
import { defaultResampling } from "../evaluate/bootstrap.js";
import { CONDITIONS, CONDITIONS_VERSION } from "../evaluate/conditions.js";
import { DEGRADATION_VERSION, LEVELS } from "../evaluate/degrade/levels.js";
import type { Scored } from "../evaluate/evaluation.js";
import type { Mistake } from "../evaluate/mistakes.js";
import { describedModel, floatTwin, type Int8Model, readEvaluatedModel } from "../evaluate/model.js";
import { catalogueSet } from "../evaluate/pictures.js";
import { type ModelEvaluation, runEvaluation } from "../evaluate/run.js";
import type { Models } from "../evaluate/score.js";
import { loadScores, saveScores } from "../evaluate/stored-scores.js";
import type { View } from "../evaluate/views.js";
import { writeFile } from "../files/write.js";
import { loadFloatModel } from "../train/float-model.js";
import { readModel } from "./model.js";
import type { PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import { MODEL_FILE, type Quantized } from "./quantize.js";
import type { StageContext } from "./reporter.js";
import type { Artifact } from "./store.js";
import type { Trained } from "./train.js";

export interface EvaluatedMeta {
  readonly evaluation: ModelEvaluation;
  /** Worst first; their pictures are in {@link MISTAKES_FILE}, one after the other. */
  readonly mistakes: readonly Omit<Mistake, "grey">[];
}

export type Evaluated = Artifact<EvaluatedMeta>;

const MISTAKES_FILE = "mistakes.u8";
/** Raise when what is measured, or how, changes; the degradations have versions of their own. */
const REVISION = 2;

/** The project's own float and int8 model on its test split. */
export async function obtainEvaluation(
  project: Project,
  pictures: PictureSet,
  trained: Trained,
  quantized: Quantized,
  context: StageContext,
): Promise<Evaluated> {
  const load = async (): Promise<Models> => {
    const own = await readModel(join(quantized.dir, MODEL_FILE), "trained");
    const int8 = describedModel(own, "int8", own.sha256);
    return { int8, float: floatTwin(await loadFloatModel(trained.dir), int8) };
  };
  return obtain(project, pictures, [trained.key, quantized.key], load, context);
}

/** A second model, from a file, on the project's test split: to be compared with the project's own. Throws UserError when it has other labels. */
export async function obtainFileEvaluation(
  project: Project,
  pictures: PictureSet,
  path: string,
  context: StageContext,
): Promise<Evaluated> {
  const { sha256 } = await readModelFile(path);
  const load = async (): Promise<Models> => ({ int8: await comparableModel(project, path) });
  return obtain(project, pictures, [sha256], load, context);
}

async function comparableModel({ config }: Project, path: string): Promise<Int8Model> {
  const { labels, positive } = config;
  const model = await readEvaluatedModel(path, { pictureLabels: [...labels].sort() });
  const { readout } = model;
  const isSame =
    labels.every((label) => readout.labels.includes(label)) && readout.labels[readout.positive] === positive;
  if (model.kind === "int8" && isSame) return model;
  throw new UserError("only an int8 model of the project's labels can be compared with its own", {
    where: path,
    remedy: "Give the model.tflite of another training on the same labels.",
  });
}

async function obtain(
  project: Project,
  { catalogue }: PictureSet,
  models: readonly string[],
  load: () => Promise<Models>,
  context: StageContext,
): Promise<Evaluated> {
  const { labels, positive, decision } = project.config;
  return project.store.obtain({
    stage: "evaluate",
    revision: REVISION,
    options: {
      labels,
      positive,
      burst: decision.burst,
      resampling: defaultResampling,
      degradation: [DEGRADATION_VERSION, CONDITIONS_VERSION],
    },
    inputs: [catalogue.hash, ...models],
    produce: async (dir) => {
      const set = catalogueSet(catalogue, "test", labels);
      const views = testViews(decision.burst);
      context.reporter.stage("evaluate", `${set.count} test pictures, as they are and in ${views.length} other ways`);
      const result = await runEvaluation({ models: await load(), set, views, context });
      await saveScores(dir, result.scored);
      await writeFile(join(dir, MISTAKES_FILE), Buffer.concat(result.mistakes.map(({ grey }) => grey)));
      return { evaluation: result.evaluation, mistakes: result.mistakes.map(({ grey: _, ...mistake }) => mistake) };
    },
  });
}

function testViews(burst: number): View[] {
  return [
    ...CONDITIONS.map((condition): View => ({ kind: "condition", condition })),
    ...LEVELS.map((level): View => ({ kind: "level", level, captures: burst })),
  ];
}

/** The mistakes with their pictures. */
export async function storedMistakes({ dir, meta }: Evaluated): Promise<Mistake[]> {
  const pixels = new Uint8Array(await readFile(join(dir, MISTAKES_FILE)));
  let at = 0;
  return meta.mistakes.map((mistake) => {
    at += mistake.size * mistake.size;
    return { ...mistake, grey: pixels.subarray(at - mistake.size * mistake.size, at) };
  });
}

/** Scores of the main model per view, the pictures as they are first. */
export function storedScores({ dir }: Evaluated): Promise<Scored[]> {
  return loadScores(dir);
}
