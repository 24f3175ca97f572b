/** A folder of generated files that knows which of them are its own: brings it up to date without ever touching a user's file. */
import { createHash } from "node:crypto";
import { readdir, readFile, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asEnvironmentError, UserError } from "../errors.js";
import { remove, writeFileIfChanged } from "./write.js";

export interface OwnedFolder {
  readonly dir: string;
  /** Name of the file inside that lists what smilec wrote: path -> SHA-256. */
  readonly manifest: string;
  /** What to do when a file of somebody else is in the way, or the list is damaged. */
  readonly remedy: string;
}

/** Paths relative to the folder, sorted. */
export interface FolderChange {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Files of an earlier run that no longer belong to the folder. */
  readonly removed: readonly string[];
  /** As `removed`, but somebody changed them since: they stay. */
  readonly kept: readonly string[];
}

type Manifest = Readonly<Record<string, string>>;

/**
 * Brings the folder up to date. Files that are as they should be keep their time stamps; files that smilec wrote earlier and no longer needs are
 * removed; other files are never touched. Throws UserError when a user's file is in the way, before anything is written. `finish` runs after the
 * files are in place and before the run counts as complete; it gets what was written and which paths were smilec's own before.
 */
export async function updateOwnedFolder(
  folder: OwnedFolder,
  files: Readonly<Record<string, string>>,
  finish: (written: readonly string[], before: ReadonlySet<string>) => Promise<void> = async () => undefined,
): Promise<FolderChange> {
  const { dir } = folder;
  const before = await readManifest(folder);
  const wanted: Manifest = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, sha256(text)]));
  await refuseForeignFiles(folder, wanted, before);
  // The manifest first, with old and new paths: whatever a killed run leaves is known to be smilec's own.
  await writeManifest(folder, { ...wanted, ...before });
  const written: string[] = [];
  const unchanged: string[] = [];
  for (const path of Object.keys(files).sort()) {
    ((await writeFileIfChanged(join(dir, path), files[path])) ? written : unchanged).push(path);
  }
  const stale = await removeStale(folder, before, wanted);
  await finish(written, new Set(Object.keys(before)));
  await writeManifest(folder, wanted);
  return { written, unchanged, ...stale };
}

async function refuseForeignFiles(folder: OwnedFolder, wanted: Manifest, before: Manifest): Promise<void> {
  for (const path of Object.keys(wanted)) {
    if (Object.hasOwn(before, path)) continue;
    const present = await contentsOf(folder, path);
    if (present !== undefined && sha256(present) !== wanted[path]) throw inTheWay(folder, path);
  }
}

function inTheWay({ dir, remedy }: OwnedFolder, path: string): UserError {
  return new UserError("something that smilec did not write is in the way", { where: join(dir, path), remedy });
}

async function removeStale(
  folder: OwnedFolder,
  before: Manifest,
  wanted: Manifest,
): Promise<{ removed: string[]; kept: string[] }> {
  const removed: string[] = [];
  const kept: string[] = [];
  for (const path of Object.keys(before).sort()) {
    if (Object.hasOwn(wanted, path)) continue;
    const present = await contentsOf(folder, path);
    if (present === undefined) continue;
    if (sha256(present) !== before[path]) {
      kept.push(path);
      continue;
    }
    await remove(join(folder.dir, path));
    await removeEmptyFolders(folder.dir, dirname(path));
    removed.push(path);
  }
  return { removed, kept };
}

async function removeEmptyFolders(dir: string, folder: string): Promise<void> {
  if (folder === "." || (await readdir(join(dir, folder))).length > 0) return;
  await rmdir(join(dir, folder));
  await removeEmptyFolders(dir, dirname(folder));
}

async function contentsOf(folder: OwnedFolder, path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(folder.dir, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "EISDIR" || code === "ENOTDIR") throw inTheWay(folder, path);
    throw asEnvironmentError(error, join(folder.dir, path));
  }
}

async function readManifest(folder: OwnedFolder): Promise<Manifest> {
  const text = await contentsOf(folder, folder.manifest);
  if (text === undefined) return {};
  try {
    const entries = Object.entries((JSON.parse(text.toString("utf8")) as { files: Record<string, unknown> }).files);
    return Object.fromEntries(entries.filter(isOwnEntry));
  } catch {
    throw new UserError("the list of generated files is damaged", {
      where: join(folder.dir, folder.manifest),
      remedy: "Remove this folder; it is made again.",
    });
  }
}

/** A manifest is only a file: a path that leads out of the folder is not followed. */
function isOwnEntry(entry: [string, unknown]): entry is [string, string] {
  const [path, hash] = entry;
  return typeof hash === "string" && !path.startsWith("/") && !path.split("/").includes("..");
}

async function writeManifest({ dir, manifest }: OwnedFolder, files: Manifest): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFileIfChanged(join(dir, manifest), `${JSON.stringify({ files: sorted }, null, 2)}\n`);
}

function sha256(contents: string | Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}
