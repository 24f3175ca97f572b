/** The neural face detector that comes with smilec: made by models/face-neural/smilec.locator.json. */
import { join } from "node:path";
import { writeFile, writeJson } from "#smilec/files/write.js";
import { type MadeDetector, makeDetector } from "#smilec/locate/neural/train/make.js";
import { type DetectorRecipe, parseRecipe } from "#smilec/locate/neural/train/recipe.js";
import type { DataFacts } from "./data.js";
import { type LocatorRequest, locatorData, madeFacts, shippedRecipe } from "./locator.js";

export const NEURAL_LOCATOR = "face-neural";

const LIMITS = [
  "Made for frontal and half-turned faces of people, upright, from 24 pixels in a 320x240 frame up, in rooms.",
  "Trained on composed scenes: cut-out people of press photographs of about 2000 to 2007 in drawn rooms. People whose like is rare among them are found less well.",
  "A face on a poster or a screen is a face to it.",
  "It finds faces; it does not tell whose they are. Do not use it to watch people.",
];

/** Writes model.tflite and card.json. Returns the rows of the summary. */
export async function makeNeuralLocator(request: LocatorRequest): Promise<string[][]> {
  const started = performance.now();
  const recipe = await shippedRecipe(NEURAL_LOCATOR, parseRecipe);
  const { facts, training } = await locatorData(recipe.imports, request);
  const made = await makeDetector({ recipe, ...training });
  const dir = join(request.out, NEURAL_LOCATOR);
  await writeFile(join(dir, "model.tflite"), made.bytes);
  await writeCard(join(dir, "card.json"), recipe, made, facts, started);
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
    made: await madeFacts(NEURAL_LOCATOR, recipe.seed, path, started, made.cached),
    network: { multiplyAccumulates: made.macs, parameters: made.parameters, hash: made.model.hash },
    recipe,
    scenes: made.scenes,
    validation: made.validation,
    data,
  });
}
