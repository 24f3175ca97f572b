/** `smilec doctor`: what this machine has, what it lacks, and what to do about it. */
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { boards } from "../board/boards.js";
import type { Board } from "../board/types.js";
import { findCompiler } from "../build/compiler.js";
import { preflight } from "../build/preflight.js";
import { findPython } from "../build/python.js";
import { ensurePythonEnv, findPythonEnv, PLATFORMIO_VERSION, smilecHome } from "../build/python-env.js";
import { SmilecError } from "../errors.js";
import { writeFile } from "../files/write.js";
import type { StageContext } from "../pipeline/reporter.js";
import { run } from "../process/run.js";
import { ESPRESSIF_PLATFORM_VERSION } from "../template/context.js";
import { serialCheck } from "./serial.js";

export interface Check {
  readonly name: string;
  /** fail: `npm start` can't work; warn: something else can't (boards, flashing). */
  readonly status: "ok" | "warn" | "fail";
  readonly found: string;
  /** What to do; empty when all is well. */
  readonly remedy: string;
}

export interface TrainingBackendInfo {
  readonly name: string;
  /** Why this one. */
  readonly reason: string;
  readonly picturesPerSecond?: number | undefined;
}

export interface DoctorOptions {
  /** Describes the backend that training would use. */
  readonly describeBackend?: () => Promise<TrainingBackendInfo>;
  /** Folder whose disk is looked at besides smilec's own; default: the current one. */
  readonly projectDir?: string;
  /** Whose packages are looked for; default: the ESP32-CAM's. */
  readonly board?: Board;
}

const OLDEST_NODE = [20, 10] as const;
const GIGABYTE = 1024 ** 3;

/** Runs every check, one after the other; a check that throws is a failed check, never an end. */
export async function* runChecks(options: DoctorOptions = {}): AsyncIterable<Check> {
  yield nodeCheck(process.versions.node);
  yield await guarded("Python", pythonCheck);
  yield await guarded("C compiler", compilerCheck);
  yield await guarded("PlatformIO", platformioCheck);
  yield await guarded("ESP32 packages", () => packagesCheck(options.board ?? boards.esp32cam));
  yield await guarded("serial port", () => serialCheck());
  const { describeBackend } = options;
  if (describeBackend !== undefined) yield await guarded("training", () => trainingCheck(describeBackend));
  yield await guarded("disk", () => diskCheck([smilecHome(), options.projectDir ?? process.cwd()]));
}

/** Sets up what smilec can set up by itself: PlatformIO in its private environment. */
export async function fix(context: StageContext): Promise<void> {
  await ensurePythonEnv(context);
}

async function guarded(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const remedy = error instanceof SmilecError ? (error.remedy ?? "") : "Please report this.";
    return { name, status: "fail", found, remedy };
  }
}

/** `version` as process.versions.node gives it. */
export function nodeCheck(version: string): Check {
  const [major, minor] = version.split(".").map(Number);
  const good = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const remedy = good ? "" : `Install Node.js ${OLDEST_NODE.join(".")} or newer.`;
  return { name: "Node.js", status: good ? "ok" : "fail", found: version, remedy };
}

async function pythonCheck(): Promise<Check> {
  const python = await findPython();
  const found = `${python.version.join(".")} (${python.path})`;
  const modules = await run(python.command, ["-I", "-c", "import venv, ensurepip"], { timeoutMs: 10_000 });
  if (modules.exitCode === 0) return { name: "Python", status: "ok", found, remedy: "" };
  // An environment that is there already needs no venv module.
  const status = (await findPythonEnv()) === undefined ? "fail" : "warn";
  const remedy = "Install Python's venv module (Debian, Ubuntu: `apt install python3-venv`).";
  return { name: "Python", status, found: `${found} without venv`, remedy };
}

async function compilerCheck(): Promise<Check> {
  const { command, version } = await findCompiler();
  return { name: "C compiler", status: "ok", found: `${version} (${command})`, remedy: "" };
}

async function platformioCheck(): Promise<Check> {
  const name = "PlatformIO";
  const env = await findPythonEnv();
  if (env === undefined) {
    const remedy = "Run `smilec doctor --fix`; the first build does it too (a download of about 20 MB).";
    return { name, status: "warn", found: "not set up yet", remedy };
  }
  const result = await run(env.python, ["-m", "platformio", "--version"], { timeoutMs: 30_000 });
  if (result.exitCode === 0 && result.stdout.includes(PLATFORMIO_VERSION)) {
    return { name, status: "ok", found: `${PLATFORMIO_VERSION} (${env.dir})`, remedy: "" };
  }
  const remedy = `Remove ${env.dir} and run \`smilec doctor --fix\`.`;
  return { name, status: "fail", found: "its environment is damaged", remedy };
}

async function packagesCheck({ id, platformioBoard, chip }: Board): Promise<Check> {
  const name = "ESP32 packages";
  const env = await findPythonEnv();
  if (env === undefined) {
    return { name, status: "warn", found: "not known without PlatformIO", remedy: "Run `smilec doctor --fix` first." };
  }
  const dir = await mkdtemp(join(tmpdir(), "smilec-doctor-"));
  try {
    const platform = `platform = espressif32@${ESPRESSIF_PLATFORM_VERSION}`;
    await writeFile(
      join(dir, "platformio.ini"),
      `[env:${id}]\n${platform}\nboard = ${platformioBoard}\nframework = espidf\n`,
    );
    const { missing, registryReachable } = await preflight(env, { dir, environment: id }, chip);
    if (missing.length === 0)
      return { name, status: "ok", found: `espressif32 ${ESPRESSIF_PLATFORM_VERSION}, for ${id}`, remedy: "" };
    const found = `missing for ${id}: ${missing.map((one) => one.name).join(", ")}`;
    const remedy =
      registryReachable === true
        ? `Nothing to do: \`smilec build --target ${id}\` downloads them (about 2 GB).`
        : `Connect to the internet before \`smilec build --target ${id}\`: PlatformIO's registry does not answer. Only boards need this.`;
    return { name, status: "warn", found, remedy };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function trainingCheck(describe: () => Promise<TrainingBackendInfo>): Promise<Check> {
  const { name: backend, reason, picturesPerSecond } = await describe();
  const speed = picturesPerSecond === undefined ? "" : `, about ${Math.round(picturesPerSecond)} pictures/s`;
  return { name: "training", status: "ok", found: `${backend}${speed} (${reason})`, remedy: "" };
}

async function diskCheck(folders: readonly string[]): Promise<Check> {
  const free = await Promise.all(folders.map(async (folder) => ({ folder, bytes: await freeBytes(folder) })));
  const { folder, bytes } = free.reduce((least, one) => (one.bytes < least.bytes ? one : least));
  const found = `${(bytes / GIGABYTE).toFixed(1)} GB free (${folder})`;
  if (bytes < 0.5 * GIGABYTE) return { name: "disk", status: "fail", found, remedy: "Free at least 0.5 GB." };
  if (bytes < 4 * GIGABYTE) {
    return { name: "disk", status: "warn", found, remedy: "Building for a board takes about 4 GB; free some." };
  }
  return { name: "disk", status: "ok", found, remedy: "" };
}

/** Of the nearest folder that exists. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if (parent === folder || folder === homedir()) throw error;
    return freeBytes(parent);
  }
}
