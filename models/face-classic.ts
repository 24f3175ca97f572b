/** The classic face detector that comes with smilec: made by models/face-classic/smilec.locator.json. */
import { join } from "node:path";
import { writeFile, writeJson } from "#smilec/files/write.js";
import { formatCascade, tableCount } from "#smilec/locate/classic/cascade.js";
import { cascadeBytes, workBytes } from "#smilec/locate/classic/emit.js";
import { ClassicLocator } from "#smilec/locate/classic/locate.js";
import { type MadeCascade, makeCascade } from "#smilec/locate/classic/train/make.js";
import { type CascadeRecipe, parseCascadeRecipe } from "#smilec/locate/classic/train/recipe.js";
import type { DataFacts } from "./data.js";
import { type LocatorRequest, locatorData, madeFacts, shippedRecipe } from "./locator.js";

export const CLASSIC_LOCATOR = "face-classic";

const LIMITS = [
  "A baseline: it sees patterns of light and dark, and takes some things that are no faces for faces; docs/locate.md says how often.",
  "Made for frontal faces of people, upright, from 24 pixels in a 320x240 frame up, in rooms.",
  "Trained on composed scenes: cut-out people of press photographs of about 2000 to 2007 in drawn rooms. People whose like is rare among them are found less well.",
  "It finds faces; it does not tell whose they are. Do not use it to watch people.",
];

/** Writes cascade.json and card.json. Returns the rows of the summary. */
export async function makeClassicLocator(request: LocatorRequest): Promise<string[][]> {
  const started = performance.now();
  const recipe = await shippedRecipe(CLASSIC_LOCATOR, parseCascadeRecipe);
  const { facts, training } = await locatorData(recipe.imports, request);
  const made = await makeCascade({ recipe, ...training });
  const dir = join(request.out, CLASSIC_LOCATOR);
  await writeFile(join(dir, "cascade.json"), formatCascade(made.cascade));
  await writeCard(join(dir, "card.json"), recipe, made, facts, started);
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
    made: await madeFacts(CLASSIC_LOCATOR, recipe.seed, path, started, made.cached),
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
