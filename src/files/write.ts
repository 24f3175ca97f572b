/** The one writer of files: temporary file + fsync + rename, and only when the contents differ. */
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { asEnvironmentError, EnvironmentError } from "../errors.js";

/** Makes a folder and its parents; one that is there is fine. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(path);
  } catch (error) {
    throw asEnvironmentError(error, path);
  }
}

/** Not Node's recursive mkdir: it reports a read-only file system as ENOENT, and never ends where the system makes no folders (/proc). */
async function makeWithParents(path: string): Promise<void> {
  const error = await madeOne(path);
  if (error === undefined || (await isFolder(path))) return;
  const parent = dirname(path);
  if (error.code !== "ENOENT" || parent === path) throw error;
  await makeWithParents(parent);
  const again = await madeOne(path);
  if (again === undefined || (await isFolder(path))) return;
  if (again.code !== "ENOENT") throw again;
  throw new EnvironmentError("no folder can be made here", { where: path, remedy: "Choose another folder." });
}

async function madeOne(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return mkdir(path).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
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
