/** Builds a rendered project with the real PlatformIO. */
import { access, readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { Board } from "../board/types.js";
import { EnvironmentError, InterruptedError, ToolError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import type { RunResult } from "../process/run.js";
import { compilerIdentity, findCompiler } from "./compiler.js";
import { type Diagnostic, readBuildFailure } from "./compiler-errors.js";
import { withLock } from "./lock.js";
import { type PlatformioProject, runPlatformio } from "./platformio.js";
import { requirePackages } from "./preflight.js";
import { ensurePythonEnv, PLATFORMIO_VERSION, type PythonEnv } from "./python-env.js";
import { enforceLimits, type FirmwareSizes, measureFirmware, type SizeLimits, sizeLimits } from "./size.js";
import { hashInputs, matchingStamp, writeStamp } from "./stamp.js";

export interface BuildRequest {
  /** The rendered project (see template/project.ts). */
  readonly projectDir: string;
  /** "host" or the board's id. */
  readonly target: string;
  readonly board: Board;
  readonly context: StageContext;
  /** Default: the board's limits, and none for the host. */
  readonly limits?: SizeLimits;
}

export interface BuildResult {
  /** The host program, or the firmware's ELF file. */
  readonly programPath: string;
  /** What is flashed; boards only. */
  readonly firmwareBin?: string;
  readonly sizes: FirmwareSizes;
  readonly limits: SizeLimits;
  readonly durationMs: number;
  /** Nothing had changed since the last build, so nothing was started. */
  readonly upToDate: boolean;
}

/**
 * Builds the project; a build whose inputs are those of the last successful one starts no process. Throws ToolError with the compiler's own message when
 * the sources don't compile, when the program does not fit the board, and when a tool or package is missing (before anything is started).
 */
export async function buildFirmware(request: BuildRequest): Promise<BuildResult> {
  checkFolder(request.projectDir);
  const { reporter, signal } = request.context;
  const lock = join(request.projectDir, ".pio", "smilec.lock");
  const onWait = () => reporter.info("waiting for another smilec that builds the same project");
  return withLock(lock, () => buildLocked(request), { signal, onWait });
}

async function buildLocked(request: BuildRequest): Promise<BuildResult> {
  const start = performance.now();
  const { projectDir, target, board } = request;
  const limits = request.limits ?? (target === "host" ? {} : sizeLimits(board));
  const outputs = outputFiles(target);
  const finish = (sizes: FirmwareSizes, upToDate: boolean): BuildResult => {
    enforceLimits(sizes, limits, projectDir);
    return {
      programPath: join(projectDir, outputs[0]),
      ...(outputs[1] === undefined ? {} : { firmwareBin: join(projectDir, outputs[1]) }),
      sizes,
      limits,
      durationMs: Math.round(performance.now() - start),
      upToDate,
    };
  };
  const facts = [`platformio ${PLATFORMIO_VERSION}`, target, process.platform, process.arch];
  if (target === "host") facts.push((await compilerIdentity()) ?? "none");
  const inputs = await hashInputs(projectDir, facts);
  const stamp = await matchingStamp(projectDir, inputs);
  if (stamp !== undefined) return finish(stamp.sizes, true);
  if (target === "host") await findCompiler();
  const env = await ensurePythonEnv(request.context);
  await runBuild(env, request);
  const sizes = await measureFirmware(join(projectDir, outputs[0]), target === "host" ? "host" : board);
  // sdkconfig.<board>, which PlatformIO makes and `menuconfig` changes, counts as an output: when it differs, the build runs again.
  await writeStamp(projectDir, inputs, target === "host" ? outputs : [...outputs, `sdkconfig.${target}`], sizes);
  return finish(sizes, false);
}

function outputFiles(target: string): readonly string[] {
  const folder = `.pio/build/${target}`;
  return target === "host" ? [`${folder}/program`] : [`${folder}/firmware.elf`, `${folder}/firmware.bin`];
}

/** SCons expands `$` in paths, and make-like tools can't quote a line break. */
function checkFolder(projectDir: string): void {
  if (!isAbsolute(projectDir)) throw new Error(`not an absolute path: ${projectDir}`);
  if (!/[$\r\n\0]/.test(projectDir)) return;
  throw new UserError("PlatformIO can't build in a folder whose path holds a dollar sign or a line break", {
    where: JSON.stringify(projectDir),
    remedy: "Move or rename the folder.",
  });
}

async function runBuild(env: PythonEnv, request: BuildRequest): Promise<void> {
  const { projectDir, target, board, context } = request;
  const project: PlatformioProject = { dir: projectDir, environment: target };
  if (target !== "host") {
    const { missing } = await requirePackages(env, project, board.chip, context.signal);
    if (missing.length > 0) context.reporter.info(`PlatformIO downloads ${missing.length} packages (once, about 2 GB)`);
  }
  const progress = await compileProgress(request);
  const result = await runPlatformio(env, project, ["run", "--environment", target], {
    signal: context.signal,
    onLine: progress.line,
  }).finally(progress.end);
  if (context.signal.aborted) throw new InterruptedError();
  if (result.exitCode !== 0) throw await buildError(request, result);
  await access(join(projectDir, outputFiles(target)[0])).catch(() => {
    throw new ToolError("PlatformIO reported success but made no program", { where: projectDir, detail: result.all });
  });
}

/** Turns PlatformIO's lines into progress: it prints one per compiled file. */
async function compileProgress(request: BuildRequest): Promise<{ line: (line: string) => void; end: () => void }> {
  const { target, context, projectDir } = request;
  const { reporter } = context;
  let compiled = 0;
  if (target !== "host") {
    const line = (text: string) => {
      if (text.startsWith("Compiling ")) {
        compiled++;
        if (compiled % 100 === 0) reporter.info(`${compiled} files compiled`);
      } else if (/^(Tool|Platform) Manager: |^Reading CMake|^Linking |^Building /.test(text)) reporter.info(text);
    };
    return { line, end: () => undefined };
  }
  const manifest = await readFile(join(projectDir, ".smilec-files.json"), "utf8").catch(() => "{}");
  const total = (manifest.match(/\.c": /g) ?? []).length;
  const progress = reporter.progress("compiling", total, "files");
  const line = (text: string) => {
    if (text.startsWith("Compiling ")) progress.update(++compiled);
  };
  return { line, end: () => progress.end() };
}

async function buildError({ target, projectDir }: BuildRequest, result: RunResult): Promise<Error> {
  if (/No space left on device/.test(result.all)) {
    return new EnvironmentError("the disk is full", {
      where: projectDir,
      remedy: "Free some space and run the command again; finished stages are kept.",
    });
  }
  const failure = readBuildFailure(result.all);
  if (failure.overflow !== undefined) {
    const { region, bytes } = failure.overflow;
    return new ToolError(`the firmware does not fit: ${bytes} bytes too many in memory region ${region}`, {
      where: projectDir,
      detail: failure.excerpt,
      remedy: "Train a smaller network (train.architecture) or reduce input.size.",
    });
  }
  const first = failure.diagnostics[0];
  if (first === undefined) {
    const how = result.signal === undefined ? `exited with ${result.exitCode}` : `was ended by ${result.signal}`;
    return new ToolError(`PlatformIO ${how}`, { where: projectDir, detail: failure.excerpt });
  }
  return new ToolError(`the firmware for ${target} does not build: ${first.message}`, {
    where: describePlace(first, projectDir),
    detail: failure.excerpt,
    remedy: "If you did not change the firmware, this is a bug in smilec: please report it with the lines above.",
  });
}

function describePlace({ file, line }: Diagnostic, projectDir: string): string {
  if (line === undefined) return projectDir;
  const path = isAbsolute(file) ? relative(projectDir, file) : file;
  return `${path.startsWith("..") ? file : join(projectDir, path)}:${line}`;
}
