/** `smilec locate train`: a face detector of the project's own people and captures, put where the firmware takes it from. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { listImports } from "../data/catalogue.js";
import { UserError } from "../errors.js";
import { packageRoot } from "../files/package-root.js";
import { writeFile, writeJson } from "../files/write.js";
import { type MadeDetector, makeDetector } from "../locate/neural/train/make.js";
import { type DetectorRecipe, parseRecipe } from "../locate/neural/train/recipe.js";
import { addCaptures, type CapturedScene, capturedScenes, type Shows } from "../locate/train/captured.js";
import type { CapturedFrames } from "../locate/train/obtain-scenes.js";
import { RECIPE_FILE } from "../locate/train/recipe-file.js";
import { openCaptures } from "./captures.js";
import { detectorPath } from "./detector.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { peopleOf } from "./scenes.js";

export interface LocateTrainResult {
  /** Where the detector is now. */
  readonly file: string;
  readonly hash: string;
  readonly people: string;
  /** Scenes trained on: composed, mined and captured. */
  readonly scenes: number;
  /** Captures of the bots among them, by what they show. */
  readonly captures: Readonly<Record<Shows, number>>;
  readonly multiplyAccumulates: number;
  /** On composed scenes of the validation split's people. */
  readonly validation: MadeDetector["validation"];
}

/** Captures make up at most this part of the scenes. */
const CAPTURE_SHARE = 0.25;
/** A capture is trained on at most this often in an epoch. */
const MOST_TIMES = 8;

/** @param recipeFile default: how the detector that comes with smilec was made */
export async function trainLocator(
  project: Project,
  recipeFile: string | undefined,
  context: StageContext,
): Promise<LocateTrainResult> {
  const recipe = await readRecipe(recipeFile ?? join(packageRoot, "models", "face-neural", RECIPE_FILE));
  const catalogue = openCaptures(project);
  try {
    return await trainWith(project, recipe, catalogue, context);
  } finally {
    catalogue?.close();
  }
}

async function trainWith(
  project: Project,
  recipe: DetectorRecipe,
  catalogue: Catalogue | undefined,
  context: StageContext,
): Promise<LocateTrainResult> {
  const people = { train: await peopleOf(project.dir, "train"), val: await peopleOf(project.dir, "val") };
  const imports = await listImports(project.dataDir);
  const captured = catalogue === undefined ? undefined : capturedScenes(catalogue, project.config);
  const scenes = captured === undefined ? [] : newest(captured.scenes, recipe.scenes.train);
  const captures =
    catalogue === undefined || captured === undefined || scenes.length === 0
      ? {}
      : { captures: frames(catalogue, scenes, captured.key, recipe, context) };
  context.reporter.stage("locate", `${people.train.name}; ${scenes.length} captures with known faces`);
  const made = await makeDetector({
    recipe,
    store: project.store,
    people: (split) => people[split].spec,
    inputs: imports.map(({ summary }) => summary.hash),
    threads: project.config.train.threads,
    context,
    ...captures,
  });
  const file = detectorPath(project.dir, "neural");
  await writeFile(file, made.bytes);
  const result = {
    file,
    hash: made.model.hash,
    people: people.train.name,
    scenes: made.scenes,
    captures: count(scenes),
    multiplyAccumulates: made.macs,
    validation: made.validation,
  };
  await writeJson(join(file, "..", "card.json"), { ...result, file: undefined, recipe });
  return result;
}

function frames(
  catalogue: Catalogue,
  scenes: readonly CapturedScene[],
  key: string,
  recipe: DetectorRecipe,
  context: StageContext,
): CapturedFrames {
  const wanted = Math.floor((CAPTURE_SHARE * recipe.scenes.train) / scenes.length);
  const times = Math.max(1, Math.min(MOST_TIMES, wanted));
  return {
    count: times * scenes.length,
    key: `${key} x${times}`,
    add: async (pool) => {
      const { otherShape } = await addCaptures(pool, catalogue, scenes, times, context);
      if (otherShape > 0) {
        const shape = `${recipe.frame.width}:${recipe.frame.height}`;
        context.reporter.warn(`${otherShape} captures are not of shape ${shape}: left out`);
      }
    },
  };
}

/** So many at most, for memory's sake. */
function newest(scenes: readonly CapturedScene[], most: number): readonly CapturedScene[] {
  return scenes.slice(Math.max(0, scenes.length - most));
}

function count(scenes: readonly CapturedScene[]): Record<Shows, number> {
  const counts = { corrected: 0, confirmed: 0, nobody: 0 };
  for (const { shows } of scenes) counts[shows]++;
  return counts;
}

async function readRecipe(file: string): Promise<DetectorRecipe> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !found.isFile()) {
    throw new UserError("there is no such recipe", {
      where: file,
      remedy: "Give a copy of models/face-neural/smilec.locator.json with --recipe, or leave the option out.",
    });
  }
  return parseRecipe(await readFile(file, "utf8"), file);
}
