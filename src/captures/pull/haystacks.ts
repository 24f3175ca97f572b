/** What recovery searches: a device or image as a whole, or the files of a folder that may hold captures. */
import { lstat, opendir } from "node:fs/promises";
import { basename, join } from "node:path";
import { openBlockFile } from "../fat/block-file.js";
import { segmentNumber } from "../format.js";
import { openSegmentFile } from "./folder-source.js";
import type { Haystack } from "./recover.js";

/** Folders that Windows' chkdsk makes; it names files FILE0000.CHK there. */
const FOUND_FOLDER = /^FOUND\.\d{3}$/i;
/** fsck.fat (FSCK0000.REC), chkdsk. */
const FOUND_FILE = /\.(rec|chk)$/i;

export async function imageHaystack(path: string): Promise<Haystack> {
  const file = await openBlockFile(path);
  return { name: basename(path), size: file.size, open: async () => file };
}

/** Segments, and what repairing a file system makes of lost ones; a single file as it is. */
export async function folderHaystacks(path: string): Promise<Haystack[]> {
  if ((await lstat(path)).isFile()) return [await fileHaystack(path)];
  const paths: string[] = [];
  for await (const entry of await opendir(path)) {
    const inside = join(path, entry.name);
    if (entry.isFile() && (segmentNumber(entry.name) !== undefined || FOUND_FILE.test(entry.name))) paths.push(inside);
    if (entry.isDirectory() && FOUND_FOLDER.test(entry.name))
      for await (const found of await opendir(inside)) if (found.isFile()) paths.push(join(inside, found.name));
  }
  return Promise.all(paths.sort().map(fileHaystack));
}

async function fileHaystack(path: string): Promise<Haystack> {
  return { name: basename(path), size: (await lstat(path)).size, open: () => openSegmentFile(path) };
}
