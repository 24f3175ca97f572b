/**
 * What the bots run, kept by hash in `deployed/` of the project: a capture names its model and its configuration by hash, and is explained by them long after
 * the project has moved on. Nothing there is ever replaced by something else.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board } from "../board/types.js";
import { hex32 } from "../captures/format.js";
import { packageRoot } from "../files/package-root.js";
import { writeFile, writeJson } from "../files/write.js";
import { configHash, type FirmwareSettings, firmwareSettings, modelHash } from "../template/context.js";
import { DETECTOR_FILES, type DetectorKind, detectorPath, type FaceDetector, readDetector } from "./detector.js";
import { type Model, readModel } from "./model.js";
import type { Project } from "./project.js";

export const DEPLOYED_FOLDER = "deployed";
const MODEL_FILE = "model.tflite";

type ProjectFolder = Pick<Project, "dir" | "modelFile">;

/** Keeps what firmware is about to be rendered from. Model absent: engine coin. */
export async function keepDeployed(
  project: Project,
  board: Board,
  model: Model | undefined,
  detector: FaceDetector | undefined,
): Promise<void> {
  const settings = firmwareSettings(project.config, board, model, detector);
  const hash = configHash(settings);
  const file = join(project.dir, DEPLOYED_FOLDER, `config-${hex32(hash)}.json`);
  if (!(await isKept(file, hash))) await writeJson(file, settings);
  if (detector !== undefined) await keepDetector(project, detector);
  if (model === undefined) return;
  const dir = join(project.dir, DEPLOYED_FOLDER, modelHash(model));
  await keepBytes(join(dir, MODEL_FILE), model.bytes);
  await writeJson(join(dir, "description.json"), {
    name: model.graph.name,
    sha256: model.sha256,
    ...model.description,
  });
}

/** Keeps a detector that firmware may have, or that another takes the place of. */
export function keepDetector(project: Pick<Project, "dir">, detector: FaceDetector): Promise<void> {
  return keepBytes(keptDetectorFile(project, detector), detector.bytes);
}

/**
 * The model whose SHA-256 begins with these 16 hex digits: as it was deployed, or the project's own, or one that comes with smilec. Undefined when it is nowhere.
 */
export async function keptModel(project: ProjectFolder, hash: string): Promise<Model | undefined> {
  for (const file of await modelFiles(project, hash)) {
    if ((await fileHash(file))?.slice(0, 16) === hash) return readModel(file, "file");
  }
  return undefined;
}

/** A file that lost its bytes is none any more; the same bytes take its place. */
async function keepBytes(file: string, bytes: Uint8Array): Promise<void> {
  if ((await fileHash(file)) !== sha256(bytes)) await writeFile(file, bytes);
}

function keptDetectorFile({ dir }: Pick<Project, "dir">, { kind, hash }: Pick<FaceDetector, "kind" | "hash">): string {
  return join(dir, DEPLOYED_FOLDER, hash, DETECTOR_FILES[kind]);
}

/** The detector whose SHA-256 begins with these 16 hex digits: as it was deployed, the project's own, or the one that comes with smilec. Undefined when it is nowhere. */
export async function keptDetector(
  { dir }: Pick<Project, "dir">,
  kind: DetectorKind,
  hash: string,
): Promise<FaceDetector | undefined> {
  const files = [keptDetectorFile({ dir }, { kind, hash }), detectorPath(dir, kind), detectorPath(packageRoot, kind)];
  for (const file of files) {
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes !== undefined && sha256(bytes).startsWith(hash)) return readDetector(kind, bytes, file);
  }
  return undefined;
}

async function modelFiles({ dir, modelFile }: ProjectFolder, hash: string): Promise<string[]> {
  const shipped = join(packageRoot, "models");
  const folders = (await readdir(shipped, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return [
    join(dir, DEPLOYED_FOLDER, hash, MODEL_FILE),
    modelFile,
    ...folders.map(({ name }) => join(shipped, name, MODEL_FILE)),
  ];
}

/** Whether a file holds the settings of this hash whole. They are for people: what replay needs of them is in every capture. */
async function isKept(file: string, hash: number): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => "");
  try {
    return configHash(JSON.parse(text) as FirmwareSettings) === hash;
  } catch {
    return false;
  }
}

async function fileHash(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes === undefined ? undefined : sha256(bytes);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
