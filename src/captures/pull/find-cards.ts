/** Finds mounted cards by what is on them: a top folder with segments. */
import { opendir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { segmentNumber } from "../format.js";

/** Where systems mount cards, and how many folders below (`/media/NAME/CARD`). */
export interface MountRoot {
  readonly path: string;
  readonly depth: number;
}

export function mountRoots(platform: NodeJS.Platform = process.platform): MountRoot[] {
  if (platform === "darwin") return [{ path: "/Volumes", depth: 1 }];
  if (platform === "win32")
    return Array.from({ length: 26 }, (_, i) => ({ path: `${String.fromCharCode(0x41 + i)}:\\`, depth: 0 }));
  return [
    { path: "/media", depth: 2 },
    { path: "/run/media", depth: 2 },
    { path: "/mnt", depth: 1 },
  ];
}

/** Folders that hold segments in their top level, sorted. What cannot be looked into is no card. */
export async function findCards(roots: readonly MountRoot[] = mountRoots()): Promise<string[]> {
  const found = await Promise.all(roots.map(({ path, depth }) => cardsBelow(path, depth)));
  return [...new Set(found.flat())].sort();
}

async function cardsBelow(path: string, depth: number): Promise<string[]> {
  if (await holdsSegments(path)) return [path];
  if (depth === 0) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  return (await Promise.all(folders.map((folder) => cardsBelow(folder, depth - 1)))).flat();
}

async function holdsSegments(folder: string): Promise<boolean> {
  try {
    for await (const { name } of await opendir(folder)) if (segmentNumber(name) !== undefined) return true;
  } catch {
    // Not there, or no right to look.
  }
  return false;
}
