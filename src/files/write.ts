/** The one writer of files: temporary file + fsync + rename, and only when the contents differ. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { asEnvironmentError } from "../errors.js";

/** Makes a folder and its parents; one that is there is fine. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw asEnvironmentError(await plainError(error, path), path);
  }
}

/** Node's recursive mkdir reports a read-only file system as ENOENT; a plain one, at the first folder that is missing, tells the truth. */
async function plainError(error: unknown, path: string): Promise<unknown> {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  try {
    await mkdir(path);
    return error;
  } catch (plain) {
    const isRoot = dirname(path) === path;
    return (plain as NodeJS.ErrnoException).code === "ENOENT" && !isRoot ? plainError(error, dirname(path)) : plain;
  }
}

/** Writes `data` to `path` so that a reader sees the old or the new contents, never a part. Creates parent folders. */
export async function writeFile(path: string, data: string | Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeFileAtomic(
      path,
      typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    );
  } catch (error) {
    throw asEnvironmentError(error, path);
  }
}

/** As {@link writeFile}, but leaves an equal file (and its mtime) untouched. Returns whether it wrote. */
export async function writeFileIfChanged(path: string, data: string | Uint8Array): Promise<boolean> {
  const wanted =
    typeof data === "string" ? Buffer.from(data, "utf8") : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(wanted)) return false;
  await writeFile(path, data);
  return true;
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Removes a file or folder if it is there. */
export async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw asEnvironmentError(error, path);
  }
}
