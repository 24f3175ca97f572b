/** smilec's private Python environment with PlatformIO and SCons at exact versions. Made once; nothing of the user's Python is changed. */
import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import envPaths from "env-paths";
import { InterruptedError, ToolError } from "../errors.js";
import { remove, writeJson } from "../files/write.js";
import type { StageContext } from "../pipeline/reporter.js";
import { run, toolError } from "../process/run.js";
import { templatesDir } from "../template/render.js";
import { withLock } from "./lock.js";
import { CLEAN_ENV, fileSystemError, runPip } from "./pip.js";
import { findPython, type Python } from "./python.js";

/** In templates/platformio/requirements.txt. */
export const PLATFORMIO_VERSION = "6.2.0";

export interface PythonEnv {
  readonly dir: string;
  /** The environment's interpreter. */
  readonly python: string;
}

/** Written last: an environment with it is whole. */
const MARKER = "smilec-ready.json";

/** Where smilec keeps what is shared by all projects: $SMILEC_HOME, else the user's data folder. */
export function smilecHome(): string {
  const chosen = process.env.SMILEC_HOME;
  return chosen === undefined || chosen === "" ? envPaths("smilec", { suffix: "" }).data : chosen;
}

/** The environment if it is there and whole. */
export async function findPythonEnv(): Promise<PythonEnv | undefined> {
  const env = await expectedEnv();
  try {
    await access(join(env.dir, MARKER));
    // A link into a Python that an upgrade has removed is not accessible.
    await access(env.python);
    return env;
  } catch {
    return undefined;
  }
}

/**
 * The environment, made if need be (about 20 s and 60 MB, from the Python package index that pip is set up for). Throws ToolError: no Python, too old,
 * no venv module, pip failed.
 */
export async function ensurePythonEnv(context: StageContext): Promise<PythonEnv> {
  const found = await findPythonEnv();
  if (found !== undefined) return found;
  const python = await findPython();
  const { reporter, signal } = context;
  const lock = join(smilecHome(), "python-env.lock");
  const onWait = () => reporter.info("waiting for another smilec that sets up PlatformIO");
  return withLock(lock, async () => (await findPythonEnv()) ?? (await createPythonEnv(python, context)), {
    signal,
    onWait,
  });
}

async function expectedEnv(): Promise<PythonEnv> {
  const files = ["requirements.txt", "constraints.txt"].map((name) => readFile(join(templatesDir, "platformio", name)));
  const hash = createHash("sha256");
  for (const contents of await Promise.all(files)) hash.update(contents);
  const dir = join(smilecHome(), `platformio-${PLATFORMIO_VERSION}-${hash.digest("hex").slice(0, 8)}`);
  return { dir, python: join(dir, "bin", "python") };
}

async function createPythonEnv(base: Python, context: StageContext): Promise<PythonEnv> {
  const env = await expectedEnv();
  context.reporter.stage("setup", `PlatformIO ${PLATFORMIO_VERSION} in ${env.dir}`);
  await remove(env.dir);
  try {
    await createVenv(base, env, context);
    await installPackages(env, context);
    await writeJson(join(env.dir, MARKER), { python: base.path, version: base.version.join(".") });
    return env;
  } catch (error) {
    await remove(env.dir);
    throw error;
  }
}

async function createVenv(base: Python, env: PythonEnv, { signal }: StageContext): Promise<void> {
  const result = await run(base.command, ["-m", "venv", env.dir], { env: CLEAN_ENV, signal, timeoutMs: 180_000 });
  if (result.exitCode === 0) return;
  if (signal.aborted) throw new InterruptedError();
  if (/No module named '?(venv|ensurepip)|ensurepip is not available/.test(result.all)) {
    throw new ToolError("this Python has no venv module", {
      where: base.path,
      remedy: `Install it (Debian, Ubuntu: \`apt install python3-venv\`) or name another Python in SMILEC_PYTHON.`,
      detail: result.all,
    });
  }
  throw fileSystemError(result, smilecHome()) ?? toolError(result, base.command, "could not make a Python environment");
}

async function installPackages(env: PythonEnv, context: StageContext): Promise<void> {
  const lists = join(templatesDir, "platformio");
  const requirements = ["-r", join(lists, "requirements.txt"), "-c", join(lists, "constraints.txt")];
  await runPip(env.python, ["install", ...requirements], { what: "PlatformIO", place: smilecHome(), context });
}
