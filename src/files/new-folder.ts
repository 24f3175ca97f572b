/** A folder of results that is made whole or not at all. */
import { mkdir, readdir, rename } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { asEnvironmentError, UserError } from "../errors.js";
import { makeFolder, remove } from "./write.js";

/**
 * Fills a temporary folder beside `out` and puts it in its place when `fill` has succeeded. Throws UserError when `out` holds something or is no
 * folder. Returns its absolute path and what `fill` returned.
 */
export async function inNewFolder<T>(
  out: string,
  fill: (dir: string) => Promise<T>,
): Promise<{ dir: string; made: T }> {
  const dir = resolve(out);
  await refuseContents(dir);
  const temporary = join(dirname(dir), `.${basename(dir)}-${process.pid}`);
  try {
    await makeFolder(dirname(dir));
    await remove(temporary);
    await mkdir(temporary);
    const made = await fill(temporary);
    await rename(temporary, dir);
    return { dir, made };
  } catch (error) {
    await remove(temporary).catch(() => undefined);
    throw asEnvironmentError(error, dir);
  }
}

async function refuseContents(dir: string): Promise<void> {
  const remedy = "Give the path of a new or an empty folder.";
  try {
    const entries = await readdir(dir);
    if (entries.length > 0) throw new UserError("the folder is not empty", { where: dir, remedy });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR") throw new UserError("this is not a folder", { where: dir, remedy });
    if (code !== "ENOENT") throw asEnvironmentError(error, dir);
  }
}
