/** What tests take from Python's package index, made once per requirements file under .cache/ and shared by all test processes: the oracles' environment. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "#smilec/process/run.js";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const REQUIREMENTS = join(REPOSITORY, "test", "oracles", "requirements.txt");
const POLL_MS = 200;
const REMEDY =
  "Install Python 3.10 or newer with its venv module (Debian: apt install python3-venv) and make sure pip can reach its index.";

/** Why the oracles cannot run on this kind of machine; undefined where they must. */
export const noOracleHere: string | undefined =
  process.platform === "linux" && process.arch === "x64"
    ? undefined
    : `tflite-micro has wheels for Linux x86_64 only, this is ${process.platform} ${process.arch}`;

/** Path of the environment's python. Makes the environment if it is missing; throws ToolError when that fails. */
export async function oraclePython(requirements = REQUIREMENTS): Promise<string> {
  const folder = await madeOnce("oracles", requirements, (folder) => createEnvironment(folder, requirements));
  return pythonIn(folder);
}

/** The folder .cache/<name>-<hash of the requirements>, filled by `make` if it is missing. */
async function madeOnce(name: string, requirements: string, make: (folder: string) => Promise<void>): Promise<string> {
  const hash = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  const folder = join(REPOSITORY, ".cache", `${name}-${hash.slice(0, 12)}`);
  const ready = join(folder, "ready");
  if (await exists(ready)) return folder;
  await mkdir(join(REPOSITORY, ".cache"), { recursive: true });
  const lock = `${folder}.lock`;
  while (!(await takeLock(lock))) await sleep(POLL_MS);
  try {
    if (!(await exists(ready))) {
      await rm(folder, { recursive: true, force: true });
      await make(folder);
      await writeFile(ready, "");
    }
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
  return folder;
}

const pythonIn = (folder: string) => join(folder, "bin", "python");
const PIP = ["--disable-pip-version-check", "--no-input", "--quiet"];

async function createEnvironment(folder: string, requirements: string): Promise<void> {
  const what = "setting up the test oracle";
  await runOrThrow("python3", ["-m", "venv", folder], what, { remedy: REMEDY });
  await runOrThrow(pythonIn(folder), ["-m", "pip", "install", ...PIP, "-r", requirements], what, { remedy: REMEDY });
}

/** A folder is the lock, as making one is atomic; the holder's process id inside tells whether it was left behind. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeFile(join(lock, "pid"), `${process.pid}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = Number(await readFile(join(lock, "pid"), "utf8").catch(() => ""));
  if (holder > 0 && !isAlive(holder)) await rm(lock, { recursive: true, force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
