/** The classic face detector that comes with smilec: made by models/face-classic/smilec.locator.json. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { packageRoot, toolVersion } from "#smilec/files/package-root.js";
import { writeFile, writeJson } from "#smilec/files/write.js";
import { formatCascade, tableCount } from "#smilec/locate/classic/cascade.js";
import { cascadeBytes, workBytes } from "#smilec/locate/classic/emit.js";
import { ClassicLocator } from "#smilec/locate/classic/locate.js";
import { type MadeCascade, makeCascade } from "#smilec/locate/classic/train/make.js";
import { type CascadeRecipe, parseCascadeRecipe } from "#smilec/locate/classic/train/recipe.js";
import { RECIPE_FILE } from "#smilec/locate/neural/train/recipe.js";
import { type DataFacts, importData } from "./data.js";
import type { NeuralLocatorRequest } from "./face-neural.js";

export const CLASSIC_LOCATOR = "face-classic";

const LIMITS = [
  "A baseline: it sees patterns of light and dark, and takes some things that are no faces for faces; docs/locate.md says how often.",
  "Made for frontal faces of people, upright, from 24 pixels in a 320x240 frame up, in rooms.",
  "Trained on composed scenes: cut-out people of press photographs of about 2000 to 2007 in drawn rooms. People whose like is rare among them are found less well.",
  "It finds faces; it does not tell whose they are. Do not use it to watch people.",
];

/** Writes cascade.json and card.json. Returns the rows of the summary. */
export async function makeClassicLocator(request: NeuralLocatorRequest): Promise<string[][]> {
  const started = performance.now();
  const path = join(packageRoot, "models", CLASSIC_LOCATOR, RECIPE_FILE);
  const recipe = parseCascadeRecipe(await readFile(path, "utf8"), path);
  const { context, store, into } = request;
  const data = await importData(recipe.imports, request.data, into, context);
  const made = await makeCascade({ recipe, store, into, inputs: data.map(({ hash }) => hash), threads: 0, context });
  const dir = join(request.out, CLASSIC_LOCATOR);
  await writeFile(join(dir, "cascade.json"), formatCascade(made.cascade));
  await writeCard(join(dir, "card.json"), recipe, made, data, started);
  const { threshold, recall, falseFaces } = made.validation;
  return [[CLASSIC_LOCATOR, String(threshold), (100 * recall).toFixed(2), (100 * falseFaces).toFixed(2)]];
}

async function writeCard(
  path: string,
  recipe: CascadeRecipe,
  made: MadeCascade,
  data: readonly DataFacts[],
  started: number,
): Promise<void> {
  const { cascade, lookups, validation } = made;
  await writeJson(path, {
    name: CLASSIC_LOCATOR,
    licence: "Apache-2.0 (tables)",
    limits: LIMITS,
    made: {
      command: `npm run models:train -- --only ${CLASSIC_LOCATOR}`,
      smilec: toolVersion,
      seed: recipe.seed,
      seconds: await secondsOf(path, started, made),
      processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
    },
    cascade: {
      hash: new ClassicLocator(formatCascade(cascade), path).hash,
      tables: tableCount(cascade),
      constantBytes: cascadeBytes(cascade),
      workBytes: workBytes(cascade, recipe.frame),
      lookups,
    },
    recipe,
    validation,
    data,
  });
}

/** Seconds of work, or what an earlier run wrote when all was done before. */
async function secondsOf(path: string, started: number, { cached }: MadeCascade): Promise<number | null> {
  if (!cached) return Math.round((performance.now() - started) / 1000);
  const text = await readFile(path, "utf8").catch(() => "{}");
  return (JSON.parse(text) as { made?: { seconds?: number } }).made?.seconds ?? null;
}
