/** Which scores can be read as probabilities: those of models that are here, by the hash that captures carry. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SmilecError } from "../errors.js";
import { packageRoot } from "../files/package-root.js";
import { marginScale } from "../graph/bundle.js";
import { readModel } from "../pipeline/model.js";
import type { Project } from "../pipeline/project.js";

/** Log-odds of one margin step, by the first 16 hex digits of a model's SHA-256. */
export type ModelScales = ReadonlyMap<string, number>;

/** Of the project's own model and of those that come with smilec. One that cannot be read has no probabilities; other commands tell why. */
export async function modelScales({ modelFile }: Pick<Project, "modelFile">): Promise<ModelScales> {
  const shipped = join(packageRoot, "models");
  const folders = (await readdir(shipped, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const files = [modelFile, ...folders.map(({ name }) => join(shipped, name, "model.tflite"))];
  const scales = new Map<string, number>();
  for (const file of files) {
    const model = await readModel(file, "file").catch((error: unknown) => {
      if (error instanceof SmilecError) return undefined;
      throw error;
    });
    if (model !== undefined) scales.set(model.sha256.slice(0, 16), marginScale(model));
  }
  return scales;
}
