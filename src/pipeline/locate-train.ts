/** `smilec locate train`: a face detector of the project's own people and captures; into service only what is better. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { listImports } from "../data/catalogue.js";
import { UserError } from "../errors.js";
import { packageRoot } from "../files/package-root.js";
import { type MadeDetector, makeDetector } from "../locate/neural/train/make.js";
import { type DetectorRecipe, parseRecipe } from "../locate/neural/train/recipe.js";
import {
  addCaptures,
  type CapturedScene,
  type CapturedScenes,
  capturedScenes,
  type Shows,
} from "../locate/train/captured.js";
import type { CapturedFrames } from "../locate/train/obtain-scenes.js";
import { RECIPE_FILE } from "../locate/train/recipe-file.js";
import { openCaptures } from "./captures.js";
import { detectorPath, type FaceDetector, presentDetector, readDetector } from "./detector.js";
import { compareDetectors, type DetectorComparison, leaveAside, putDetectorInService } from "./locate-gate.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { peopleOf, type ScenePeople } from "./scenes.js";

export interface LocateTrainRequest {
  /** File; default: how the detector that comes with smilec was made. */
  readonly recipe?: string | undefined;
  /** Into service although it is not better. */
  readonly force?: boolean | undefined;
}

export interface LocateTrainResult extends TrainedFacts {
  /**
   * `shipped`: in service from now on; `forced`: so too, although it may not by the rule; `refused`: left aside, the project is as it was; `same`: it
   * is the one in service already.
   */
  readonly outcome: "shipped" | "forced" | "refused" | "same";
  /** Hash of the detector that was in service. */
  readonly before: string;
  /** Where the detector is now; absent when it is the one in service. */
  readonly file?: string;
  /** Absent when it is the one in service. */
  readonly comparison?: DetectorComparison;
}

/** How the detector came to be. */
interface TrainedFacts {
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

/** Trains, compares with the detector in service, and takes its place if it may (docs/locate.md, "From captures"). */
export async function trainLocator(
  project: Project,
  { recipe: recipeFile, force = false }: LocateTrainRequest,
  context: StageContext,
): Promise<LocateTrainResult> {
  const recipe = await readRecipe(recipeFile ?? join(packageRoot, "models", "face-neural", RECIPE_FILE));
  const before = await neuralInService(project);
  const catalogue = openCaptures(project);
  try {
    const material = await materialOf(project, catalogue, recipe);
    const made = await train(project, catalogue, material, recipe, context);
    return await conclude(project, { before, made, catalogue, material, recipe, force, context });
  } finally {
    catalogue?.close();
  }
}

async function neuralInService({ dir }: Project): Promise<FaceDetector> {
  const found = await presentDetector(dir, "neural");
  if (found !== undefined) return found;
  throw new UserError("there is no neural face detector to compare with", {
    where: detectorPath(packageRoot, "neural"),
    remedy: "Install smilec again: its own detectors are missing.",
  });
}

/** Who and what is trained and compared on. */
interface Material {
  readonly people: Readonly<Record<"train" | "val", ScenePeople>>;
  /** Content hashes of their pictures. */
  readonly inputs: readonly string[];
  readonly captured: CapturedScenes;
}

async function materialOf(
  project: Project,
  catalogue: Catalogue | undefined,
  recipe: DetectorRecipe,
): Promise<Material> {
  const people = { train: await peopleOf(project.dir, "train"), val: await peopleOf(project.dir, "val") };
  const imports = await listImports(project.dataDir);
  const all = catalogue === undefined ? NO_CAPTURES : capturedScenes(catalogue, project.config);
  const captured = { ...all, scenes: newest(all.scenes, recipe.scenes.train) };
  return { people, inputs: imports.map(({ summary }) => summary.hash), captured };
}

const NO_CAPTURES: CapturedScenes = { scenes: [], heldOut: [], key: "" };

async function train(
  project: Project,
  catalogue: Catalogue | undefined,
  { people, inputs, captured }: Material,
  recipe: DetectorRecipe,
  context: StageContext,
): Promise<MadeDetector> {
  const { scenes, heldOut, key } = captured;
  const known = `${scenes.length} captures with known faces, ${heldOut.length} more held out`;
  context.reporter.stage("locate", `${people.train.name}; ${known}`);
  return makeDetector({
    recipe,
    store: project.store,
    people: (split) => people[split].spec,
    inputs,
    threads: project.config.train.threads,
    context,
    ...(catalogue !== undefined && scenes.length > 0
      ? { captures: frames(catalogue, scenes, key, recipe, context) }
      : {}),
  });
}

interface Conclusion {
  readonly before: FaceDetector;
  readonly made: MadeDetector;
  readonly catalogue: Catalogue | undefined;
  readonly material: Material;
  readonly recipe: DetectorRecipe;
  readonly force: boolean;
  readonly context: StageContext;
}

async function conclude(
  project: Project,
  { before, made, catalogue, material, recipe, force, context }: Conclusion,
): Promise<LocateTrainResult> {
  const { people, inputs, captured } = material;
  const after = readDetector("neural", made.bytes, "the new detector");
  const facts = {
    hash: after.hash,
    people: people.train.name,
    scenes: made.scenes,
    captures: count(captured.scenes),
    multiplyAccumulates: made.macs,
    validation: made.validation,
  };
  const result = { ...facts, before: before.hash };
  if (after.hash === before.hash) return { ...result, outcome: "same" };
  const { heldOut } = captured;
  const scenes = recipe.scenes.validation;
  const request = { project, before, after, catalogue, heldOut, people: people.val, inputs, scenes, context };
  const comparison = await compareDetectors(request);
  const outcome = comparison.ships ? "shipped" : force ? "forced" : "refused";
  const card = { ...result, outcome, comparison, recipe };
  const file =
    outcome === "refused" ? await leaveAside(project, after, card) : await putDetectorInService(project, request, card);
  return { ...result, outcome, file, comparison };
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
