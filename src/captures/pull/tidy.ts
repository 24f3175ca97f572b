/** Removes what a pull that was killed left behind: pictures without a row, and pictures of captures that were withdrawn or deleted. */
import { opendir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { asEnvironmentError } from "../../errors.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { PICTURE_PATH, QUARANTINE } from "./picture-path.js";
import { QUARANTINE_PATH } from "./quarantine.js";

/** Returns how many files were removed. Files that smilec does not name so are left alone. */
export async function tidyCaptures(catalogue: Catalogue, nowMs: number): Promise<number> {
  if (!catalogue.pulls.hasUnfinishedPull()) return 0;
  const present = new Set(catalogue.pulls.paths());
  let removed = 0;
  for await (const path of ownFiles(catalogue.dir)) {
    if (present.has(path)) continue;
    await removeFile(join(catalogue.dir, path));
    removed++;
  }
  catalogue.pulls.endUnfinishedPulls(nowMs);
  return removed;
}

/** Removes a file if it is there. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw asEnvironmentError(error, path);
  });
}

async function* ownFiles(dir: string): AsyncGenerator<string> {
  for (const device of await names(dir, "", /^[0-9a-f]{8}$/))
    for (const epoch of await names(dir, device, /^[0-9a-f]{8}$/))
      for (const segment of await names(dir, `${device}/${epoch}`, /^\d{5}$/)) {
        const folder = `${device}/${epoch}/${segment}`;
        for (const name of await names(dir, folder, /\.pgm$/))
          if (PICTURE_PATH.test(`${folder}/${name}`)) yield `${folder}/${name}`;
      }
  for (const name of await names(dir, QUARANTINE, /\.bin$/))
    if (QUARANTINE_PATH.test(`${QUARANTINE}/${name}`)) yield `${QUARANTINE}/${name}`;
}

/** Names in a folder of smilec's; links are not followed. */
async function names(dir: string, folder: string, pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of await opendir(join(dir, folder)))
      if (!entry.isSymbolicLink() && pattern.test(entry.name)) found.push(entry.name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw asEnvironmentError(error, join(dir, folder));
  }
  return found;
}
