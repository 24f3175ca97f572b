/** A lock between processes: a file that names its holder. A holder that died is noticed and its lock taken over. */
import { open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { asEnvironmentError, EnvironmentError, InterruptedError } from "../errors.js";
import { makeFolder } from "../files/write.js";

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: (holder: string) => void;
  /** Gives up after this long; default 15 minutes. */
  readonly timeoutMs?: number;
}

const POLL_MS = 200;

/** Runs `work` while holding the lock file at `path`. Throws EnvironmentError when it can't be had in time. */
export async function withLock<Result>(
  path: string,
  work: () => Promise<Result>,
  options: LockOptions = {},
): Promise<Result> {
  await acquire(path, options);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, options: LockOptions): Promise<void> {
  const attempts = Math.ceil((options.timeoutMs ?? 900_000) / POLL_MS);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (options.signal?.aborted) throw new InterruptedError();
    if (await tryCreate(path)) return;
    const holder = (await readFile(path, "utf8").catch(() => "")).trim();
    // An empty file may be about to be filled; after a second nobody will.
    if (isDead(holder) || (holder === "" && attempt > 5)) {
      await rm(path, { force: true });
      continue;
    }
    if (attempt === 0) options.onWait?.(holder);
    await delay(POLL_MS);
  }
  throw new EnvironmentError("another smilec is at work here and does not end", {
    where: path,
    remedy: "Wait for it, or end it; if there is none, remove this file.",
  });
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    await makeFolder(dirname(path));
    const file = await open(path, "wx");
    await file.writeFile(`${process.pid} ${hostname()}\n`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw asEnvironmentError(error, path);
  }
}

/** A process of another machine (a shared home folder) counts as alive. */
function isDead(holder: string): boolean {
  const [pid, host] = holder.split(" ");
  if (host !== hostname() || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
