/** Which model the firmware gets: the project's own once it has been trained, until then the one that comes with smilec. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { readTflite } from "../emit/tflite/read.js";
import { asEnvironmentError, UserError } from "../errors.js";
import { packageRoot } from "../files/package-root.js";
import { describedBundle, type ModelBundle } from "../graph/bundle.js";
import type { Project } from "./project.js";

export interface Model extends ModelBundle {
  /** The .tflite file's bytes, the model's identity. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, 64 hex digits. */
  readonly sha256: string;
  readonly origin: "trained" | "shipped" | "file";
  readonly file: string;
}

/** The model that projects use until they train their own. */
export const SHIPPED_MODEL = join(packageRoot, "models", "smile-48", "model.tflite");

/** Whether the project has a model of its own. */
export async function isTrained(project: Project): Promise<boolean> {
  return (await stat(project.modelFile).catch(() => undefined)) !== undefined;
}

/** Reads a model that smilec made. Throws UserError when it is missing, damaged or made by something else. */
export async function readModel(file: string, origin: Model["origin"]): Promise<Model> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw asEnvironmentError(error, file);
    throw new UserError("there is no such model", { where: file, remedy: "Run `smilec train` and `smilec quantize`." });
  }
  const bundle = describedBundle(readTflite(bytes, file), file);
  return { ...bundle, bytes, sha256: createHash("sha256").update(bytes).digest("hex"), origin, file };
}

/** Throws UserError when the model was made for other labels than the project's. */
export function checkLabels(project: Project, model: Model): void {
  const { labels, positive } = project.config;
  const same = JSON.stringify(labels) === JSON.stringify(model.description.labels);
  if (same && model.description.labels[model.description.positive] === positive) return;
  const theirs = model.description.labels.map((label) => JSON.stringify(label)).join(", ");
  throw new UserError(`the model knows other labels (${theirs}) than the project`, {
    where: model.file,
    remedy:
      "Import pictures with the project's labels and run `smilec train`, or set labels and positive to the model's.",
  });
}
