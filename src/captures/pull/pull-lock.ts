/**
 * One pull at a time in a captures' folder. The lock is SQLite's on a file of its own: the system drops it with the process that held it, however that
 * ended.
 */
import { join } from "node:path";
import Database from "libsql";
import { EnvironmentError } from "../../errors.js";
import { guarded } from "../catalogue/database.js";

const LOCK_FILE = ".pull-lock.sqlite";

/** Runs `work` while no other process pulls into `dir`. Throws EnvironmentError at once when one does. */
export async function withPullLock<Result>(dir: string, work: () => Promise<Result>): Promise<Result> {
  const path = join(dir, LOCK_FILE);
  const database = guarded(path, () => new Database(path, { timeout: 0 }));
  try {
    try {
      database.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY")) guarded(path, () => raise(error));
      throw new EnvironmentError("another pull into these captures is under way", {
        where: dir,
        remedy: "Wait until it has ended and run the command again.",
        cause: error,
      });
    }
    return await work();
  } finally {
    database.close();
  }
}

function raise(error: unknown): never {
  throw error;
}
