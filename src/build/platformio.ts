/** Runs PlatformIO without touching the user's own: private Python, private folders, and its SCons package made of the environment's SCons. */
import { access, cp, readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { asEnvironmentError } from "../errors.js";
import { remove, writeFile, writeFileIfChanged } from "../files/write.js";
import { type RunOptions, type RunResult, run, runOrThrow } from "../process/run.js";
import { ESPRESSIF_PLATFORM_VERSION } from "../template/context.js";
import { templatesDir } from "../template/render.js";
import { PLATFORMIO_VERSION, type PythonEnv, smilecHome } from "./python-env.js";

/** One rendered project and how PlatformIO sees it. */
export interface PlatformioProject {
  readonly dir: string;
  /** Name of the `[env:...]` section; "host" or a board id. */
  readonly environment: string;
}

/**
 * The version that PlatformIO 6.2.0 asks of its tool-scons package (platformio.dependencies.get_core_dependencies()) for SCons 4.11.1, which
 * requirements.txt holds.
 */
const TOOL_SCONS_VERSION = "4.41101.0";

const SCONS_PACKAGE = {
  "package.json": {
    name: "tool-scons",
    version: TOOL_SCONS_VERSION,
    description: "SCons of smilec's Python environment",
  },
  ".piopm": {
    type: "tool",
    name: "tool-scons",
    version: TOOL_SCONS_VERSION,
    spec: { owner: "platformio", id: null, name: "tool-scons", requirements: null, uri: null },
  },
} as const;

/**
 * PlatformIO's core folder for a project. A host project has its own, since links to local platforms in a shared one can lead to another
 * project's. Boards share $PLATFORMIO_CORE_DIR, the user's own ~/.platformio if it has the platform already, else smilec's: toolchains take 2 GB.
 */
export async function coreDir(project: PlatformioProject): Promise<string> {
  if (project.environment === "host") return join(project.dir, ".pio", "core");
  const chosen = process.env.PLATFORMIO_CORE_DIR;
  if (chosen !== undefined && chosen !== "") return chosen;
  const own = join(process.env.HOME ?? homedir(), ".platformio");
  return (await hasEspressifPlatform(own)) ? own : join(smilecHome(), "platformio-core");
}

async function hasEspressifPlatform(core: string): Promise<boolean> {
  const platforms = join(core, "platforms");
  for (const name of await readdir(platforms).catch(() => [])) {
    if (!name.startsWith("espressif32")) continue;
    const text = await readFile(join(platforms, name, "platform.json"), "utf8").catch(() => "{}");
    if (text.includes(`"version": "${ESPRESSIF_PLATFORM_VERSION}"`)) return true;
  }
  return false;
}

/** Environment for PlatformIO: the user's PLATFORMIO_* settings would change what is built and where, so they are taken out. */
export async function platformioEnvironment(project: PlatformioProject): Promise<Record<string, string | undefined>> {
  const inherited = Object.keys(process.env).filter(
    (name) => name.startsWith("PLATFORMIO_") && name !== "PLATFORMIO_AUTH_TOKEN",
  );
  return {
    ...Object.fromEntries(inherited.map((name) => [name, undefined])),
    PYTHONHOME: undefined,
    PYTHONPATH: undefined,
    PLATFORMIO_CORE_DIR: await coreDir(project),
    PLATFORMIO_SETTING_ENABLE_TELEMETRY: "No",
    PLATFORMIO_DISABLE_UPGRADE_CHECK: "true",
    PLATFORMIO_NO_ANSI: "true",
    PLATFORMIO_DISABLE_PROGRESSBAR: "true",
    LC_ALL: "C.UTF-8",
  };
}

/** Makes the core folder usable without PlatformIO's registry. */
export async function prepareCore(env: PythonEnv, project: PlatformioProject): Promise<void> {
  const core = await coreDir(project);
  const packages = join(core, "packages");
  if (project.environment === "host") {
    await writeSconsPackage(join(packages, "tool-scons"));
    await forgetMovedPlatform(core, project.dir);
  } else if (!(await hasScons(packages))) {
    await copySconsPackage(env, join(packages, SHARED_SCONS));
  }
  const state = join(core, "appstate.json");
  // Without it every first run prints a banner and looks for upgrades.
  if (!(await exists(state))) await writeFile(state, `${JSON.stringify({ last_version: PLATFORMIO_VERSION })}\n`);
}

const SHARED_SCONS = "tool-scons-smilec";

/** Whether the folder has a tool-scons of the right version, PlatformIO's or ours. */
async function hasScons(packages: string): Promise<boolean> {
  for (const name of await readdir(packages).catch(() => [])) {
    if (!name.startsWith("tool-scons") || !(await exists(join(packages, name, "scons.py")))) continue;
    const manifest = await readFile(join(packages, name, "package.json"), "utf8").catch(() => "");
    if (/"version":\s*"4\.41101\./.test(manifest)) return true;
  }
  return false;
}

async function writeSconsPackage(dir: string): Promise<void> {
  for (const [name, contents] of Object.entries(SCONS_PACKAGE)) {
    await writeFileIfChanged(join(dir, name), `${JSON.stringify(contents)}\n`);
  }
  await writeFileIfChanged(join(dir, "scons.py"), await readFile(join(templatesDir, "platformio", "scons.py")));
}

/** In a folder that other PlatformIOs use too, the package must stand alone: it gets a copy of SCons, and its launcher last. */
async function copySconsPackage(env: PythonEnv, dir: string): Promise<void> {
  const where = await runOrThrow(
    env.python,
    ["-I", "-c", "import SCons; print(SCons.__path__[0])"],
    "SCons is not in smilec's Python environment",
    { remedy: `Remove ${env.dir} and run \`smilec doctor --fix\`.` },
  );
  try {
    await cp(where.stdout.trim(), join(dir, "SCons"), { recursive: true });
  } catch (error) {
    throw asEnvironmentError(error, dir);
  }
  await writeSconsPackage(dir);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A copied or renamed project would still be linked to the platform of the folder it came from. */
async function forgetMovedPlatform(core: string, projectDir: string): Promise<void> {
  const platforms = join(core, "platforms");
  for (const name of await readdir(platforms).catch(() => [])) {
    const link = await readFile(join(platforms, name), "utf8").catch(() => "");
    if (!link.includes(JSON.stringify(`symlink://${join(projectDir, "platform")}`)))
      await remove(join(platforms, name));
  }
}

/** `platformio <args>` in the project's folder. */
export async function runPlatformio(
  env: PythonEnv,
  project: PlatformioProject,
  args: readonly string[],
  options: Omit<RunOptions, "cwd" | "env"> = {},
): Promise<RunResult> {
  await prepareCore(env, project);
  return run(env.python, ["-m", "platformio", ...args], {
    ...options,
    cwd: project.dir,
    env: await platformioEnvironment(project),
  });
}
