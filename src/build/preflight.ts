/** Finds out in a few seconds what PlatformIO lacks for a board, instead of after its minute of retries. */
import { join } from "node:path";
import type { Board } from "../board/types.js";
import { ToolError } from "../errors.js";
import { run, toolError } from "../process/run.js";
import { ESPRESSIF_PLATFORM_VERSION } from "../template/context.js";
import { templatesDir } from "../template/render.js";
import { coreDir, type PlatformioProject, platformioEnvironment } from "./platformio.js";
import type { PythonEnv } from "./python-env.js";

export interface MissingPackage {
  readonly name: string;
  /** Version requirement as PlatformIO writes it. */
  readonly requirements: string;
}

export interface PreflightResult {
  /** In the order PlatformIO would install them; empty: it can build offline. */
  readonly missing: readonly MissingPackage[];
  /** Whether PlatformIO's registry answers; undefined when nothing is missing. */
  readonly registryReachable: boolean | undefined;
}

interface Answer {
  readonly platform: { readonly spec: string; readonly installed: boolean };
  readonly packages: readonly (MissingPackage & { readonly installed: boolean })[];
  readonly registry: boolean | null;
}

/** What espressif32 6.13.0 needs for espidf on every chip with Xtensa cores (its platform.py); only the platform itself can say it, and this is for when it is missing. */
const ESPIDF_PACKAGES: readonly MissingPackage[] = [
  { name: "framework-espidf", requirements: "~3.50503.0" },
  { name: "tool-cmake", requirements: "~3.30.0" },
  { name: "tool-esp-rom-elfs", requirements: "0.0.1+20241011" },
  { name: "tool-esptoolpy", requirements: "~2.41100.0" },
  { name: "tool-ninja", requirements: "^1.7.0" },
  { name: "tool-riscv32-esp-elf-gdb", requirements: "~12.1.0" },
  { name: "tool-xtensa-esp-elf-gdb", requirements: "~12.1.0" },
  { name: "toolchain-esp32ulp", requirements: "~1.23800.0" },
  { name: "toolchain-xtensa-esp-elf", requirements: "14.2.0+20251107" },
];

const PROBE_SECONDS = 2;

/** The ESP32-S3's low-power core can be a RISC-V: its compiler comes with every build. */
const S3_PACKAGES: readonly MissingPackage[] = [{ name: "toolchain-riscv32-esp", requirements: "14.2.0+20251107" }];

/** Asks PlatformIO which packages it lacks, and whether it could get them. */
export async function preflight(
  env: PythonEnv,
  project: PlatformioProject,
  chip: Board["chip"],
  signal?: AbortSignal,
): Promise<PreflightResult> {
  const script = join(templatesDir, "platformio", "preflight.py");
  const result = await run(env.python, [script, project.environment, String(PROBE_SECONDS)], {
    cwd: project.dir,
    env: await platformioEnvironment(project),
    timeoutMs: 30_000,
    ...(signal === undefined ? {} : { signal }),
  });
  const line = result.stdout.split("\n").findLast((candidate) => candidate.startsWith("{"));
  if (result.exitCode !== 0 || line === undefined) {
    throw toolError(
      result,
      env.python,
      "PlatformIO's packages could not be listed",
      `Remove ${env.dir} and run \`smilec doctor --fix\`.`,
    );
  }
  return missingPackages(JSON.parse(line) as Answer, chip);
}

function missingPackages({ platform, packages, registry }: Answer, chip: Board["chip"]): PreflightResult {
  const registryReachable = registry ?? undefined;
  if (platform.installed) {
    const missing = packages.filter(({ installed }) => !installed);
    return { missing: missing.map(({ name, requirements }) => ({ name, requirements })), registryReachable };
  }
  const itself = { name: "espressif32", requirements: ESPRESSIF_PLATFORM_VERSION };
  const own = chip === "esp32s3" ? S3_PACKAGES : [];
  return { missing: [itself, ...ESPIDF_PACKAGES, ...own], registryReachable };
}

/** Throws ToolError with the list when packages are missing and can't be downloaded. */
export async function requirePackages(
  env: PythonEnv,
  project: PlatformioProject,
  chip: Board["chip"],
  signal?: AbortSignal,
): Promise<PreflightResult> {
  const result = await preflight(env, project, chip, signal);
  if (result.missing.length === 0 || result.registryReachable === true) return result;
  throw new ToolError(
    `PlatformIO lacks ${result.missing.length} packages for ${project.environment} and its registry can't be reached`,
    {
      where: await coreDir(project),
      detail: result.missing.map(({ name, requirements }) => `${name} ${requirements}`).join("\n"),
      remedy:
        "Connect to the internet and run the command again (about 2 GB), or copy the folders platforms and packages from a machine that " +
        "has them into the folder named above (another one: PLATFORMIO_CORE_DIR). `--target host` needs none of this.",
    },
  );
}
