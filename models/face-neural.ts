/** The neural face detector that comes with smilec: made by models/face-neural/smilec.locator.json. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Split } from "#smilec/data/types.js";
import { packageRoot, toolVersion } from "#smilec/files/package-root.js";
import { writeFile, writeJson } from "#smilec/files/write.js";
import { type MadeDetector, makeDetector } from "#smilec/locate/neural/train/make.js";
import { type DetectorRecipe, parseRecipe, RECIPE_FILE } from "#smilec/locate/neural/train/recipe.js";
import type { StageContext } from "#smilec/pipeline/reporter.js";
import type { ArtifactStore } from "#smilec/pipeline/store.js";
import { type DataFacts, importData } from "./data.js";

export const NEURAL_LOCATOR = "face-neural";

const LIMITS = [
  "Made for frontal and half-turned faces of people, upright, from 24 pixels in a 320x240 frame up, in rooms.",
  "Trained on composed scenes: cut-out people of press photographs of about 2000 to 2007 in drawn rooms. People whose like is rare among them are found less well.",
  "A face on a poster or a screen is a face to it.",
  "It finds faces; it does not tell whose they are. Do not use it to watch people.",
];

export interface NeuralLocatorRequest {
  /** Folder with the data sets. */
  readonly data: string;
  /** Folder for the imports. */
  readonly into: string;
  /** Folder of the shipped models; the detector's is made or renewed there. */
  readonly out: string;
  readonly store: ArtifactStore;
  readonly context: StageContext;
}

/** Writes model.tflite and card.json. Returns the rows of the summary. */
export async function makeNeuralLocator(request: NeuralLocatorRequest): Promise<string[][]> {
  const started = performance.now();
  const path = join(packageRoot, "models", NEURAL_LOCATOR, RECIPE_FILE);
  const recipe = parseRecipe(await readFile(path, "utf8"), path);
  const { context, store, into } = request;
  const data = await importData(recipe.imports, request.data, into, context);
  const inputs = data.map(({ hash }) => hash);
  const people = (split: Split) => ({ kind: "imports", into, names: recipe.imports, split }) as const;
  const made = await makeDetector({ recipe, store, people, inputs, threads: 0, context });
  const dir = join(request.out, NEURAL_LOCATOR);
  await writeFile(join(dir, "model.tflite"), made.bytes);
  await writeCard(join(dir, "card.json"), recipe, made, data, started);
  const { threshold, recall, falseFaces } = made.validation;
  const percent = (value: number) => (100 * value).toFixed(2);
  return [[NEURAL_LOCATOR, String(threshold), percent(recall), percent(falseFaces)]];
}

async function writeCard(
  path: string,
  recipe: DetectorRecipe,
  made: MadeDetector,
  data: readonly DataFacts[],
  started: number,
): Promise<void> {
  await writeJson(path, {
    name: NEURAL_LOCATOR,
    licence: "Apache-2.0 (weights)",
    limits: LIMITS,
    made: {
      command: `npm run models:train -- --only ${NEURAL_LOCATOR}`,
      smilec: toolVersion,
      seed: recipe.seed,
      seconds: await secondsOf(path, started, made),
      processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
    },
    network: { multiplyAccumulates: made.macs, parameters: made.parameters, hash: made.model.hash },
    recipe,
    scenes: made.scenes,
    validation: made.validation,
    data,
  });
}

/** Seconds of work, or what an earlier run wrote when all was done before. */
async function secondsOf(path: string, started: number, made: MadeDetector): Promise<number | null> {
  if (!made.cached) return Math.round((performance.now() - started) / 1000);
  const text = await readFile(path, "utf8").catch(() => "{}");
  return (JSON.parse(text) as { made?: { seconds?: number } }).made?.seconds ?? null;
}
