/** Compiles a .tflite file to a C library in a folder of its own. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { EmittedC } from "../emit/c/model.js";
import { asEnvironmentError, UserError } from "../errors.js";
import { type FolderChange, updateOwnedFolder } from "../files/owned-folder.js";
import { remove } from "../files/write.js";
import { type LibraryTarget, libraryFiles } from "./library.js";
import { type ModelFile, readModelFile } from "./model-file.js";
import { checkedName, suggestedName } from "./name.js";

export interface CompileRequest {
  readonly modelPath: string;
  /** Absolute; made if needed. */
  readonly outDir: string;
  /** Default: made from the file's name. */
  readonly name: string | undefined;
  readonly target: LibraryTarget;
}

export interface Compiled extends FolderChange {
  readonly name: string;
  readonly model: ModelFile;
  readonly emitted: EmittedC;
}

/** Not the firmware projects' list: one command never takes the other's folder for its own. */
export const LIBRARY_MANIFEST = ".smilec-library.json";

/** All is computed before anything is written; a folder that was new is left as it was found when writing fails. */
export async function compileModel(request: CompileRequest): Promise<Compiled> {
  const { modelPath, outDir, target } = request;
  const asked = request.name === undefined ? undefined : checkedName(request.name);
  const found = await folderState(outDir);
  const model = await readModelFile(modelPath);
  const name = asked ?? suggestedName(model.fileName);
  const { files, emitted } = await libraryFiles(model, name, target);
  const change = await write(outDir, files, found);
  return { name, model, emitted, ...change };
}

type FolderState = "missing" | "empty" | "own";

async function folderState(dir: string): Promise<FolderState> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    if (error.code === "ENOTDIR") {
      throw new UserError("this is not a folder", { where: dir, remedy: "Give another folder with --out." });
    }
    throw asEnvironmentError(error, dir);
  });
  if (names === undefined) return "missing";
  if (names.length === 0) return "empty";
  if (names.includes(LIBRARY_MANIFEST)) return "own";
  throw new UserError("the folder holds files that smilec compile did not make", {
    where: dir,
    remedy: "Give a new or empty folder with --out.",
  });
}

async function write(dir: string, files: Readonly<Record<string, string>>, found: FolderState): Promise<FolderChange> {
  const folder = { dir, manifest: LIBRARY_MANIFEST, remedy: "Move it away; the library's folder is smilec's own." };
  try {
    return await updateOwnedFolder(folder, files);
  } catch (error) {
    if (found !== "own") await takeBack(dir, found).catch(() => undefined);
    throw error;
  }
}

/** What is left behind must not hide why writing failed. */
async function takeBack(dir: string, found: "missing" | "empty"): Promise<void> {
  if (found === "missing") return remove(dir);
  for (const name of await readdir(dir)) await remove(join(dir, name));
}
