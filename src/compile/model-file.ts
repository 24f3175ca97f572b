/** A .tflite file from anywhere, read once: its bytes, identity and graph, and smilec's description where there is one. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { readTflite } from "../emit/tflite/read.js";
import { asEnvironmentError, UserError } from "../errors.js";
import { DESCRIPTION_KEY, describedBundle, type ModelDescription } from "../graph/bundle.js";
import type { Int8Graph } from "../graph/types.js";

export interface ModelFile {
  /** As given. */
  readonly path: string;
  /** Last part of the path: what generated files say they are from. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** SHA-256, 64 hex digits. */
  readonly sha256: string;
  readonly graph: Int8Graph;
  /** Undefined for a model that smilec did not make. */
  readonly description: ModelDescription | undefined;
}

/** The reader refuses more; a file this big is not even read. */
const MAX_FILE_BYTES = 2 ** 28;

/** Throws UserError for what is no readable int8 model, EnvironmentError when the machine is in the way. */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await contents(path);
  const graph = readTflite(bytes, path);
  return {
    path,
    fileName: basename(path),
    bytes,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    graph,
    description: describe(graph, path),
  };
}

function describe(graph: Int8Graph, path: string): ModelDescription | undefined {
  if (graph.metadata?.[DESCRIPTION_KEY] === undefined) return undefined;
  return describedBundle(graph, path).description;
}

async function contents(path: string): Promise<Uint8Array> {
  const remedy = "Give the path of a .tflite file.";
  try {
    const found = await stat(path);
    if (!found.isFile()) {
      throw new UserError(found.isDirectory() ? "this is a folder" : "this is not a file", { where: path, remedy });
    }
    if (found.size > MAX_FILE_BYTES) {
      throw new UserError(`the file has more than ${MAX_FILE_BYTES} bytes`, { where: path, remedy });
    }
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new UserError("there is no such file", { where: path, remedy });
    throw asEnvironmentError(error, path);
  }
}
