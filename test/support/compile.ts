/** Compiles generated C for this machine in a temporary folder. */
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findCompiler } from "#smilec/build/compiler.js";
import { ToolError } from "#smilec/errors.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";

export const kernelFolder = join(packageRoot, "firmware", "kernels");

/** What every generated file and kernel must pass without a warning. */
export const WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"];
export const OPTIMIZED = ["-std=c11", "-O2", ...WARNINGS];
/** Every access to memory, and nothing else: two and a half times as fast to build as all that is undefined. */
export const ADDRESSES_CHECKED = ["-std=c11", "-O0", ...WARNINGS, "-fsanitize=address", "-fno-sanitize-recover=all"];
/** Not optimized: the sanitizers then check what the source says, and the build is three times as fast. */
export const SANITIZED = [
  "-std=c11",
  "-O0",
  "-g",
  ...WARNINGS,
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
];

/** A folder: programs run under Valgrind instead of with sanitizers, and its reports go there (test/static/valgrind.test.ts). */
const valgrindReports = () => process.env.SMILEC_VALGRIND;

/** Without sanitizers, as Valgrind does their work; not optimized, as they are. */
function valgrindFlags(flags: readonly string[]): string[] {
  return [...flags.filter((flag) => !/^-f(no-)?sanitize|^-O/.test(flag)), "-O0", "-g"];
}

/** Puts Valgrind before the program. The reports' names have that of the source with main() in them. */
async function watch(folder: string, files: Readonly<Record<string, string>>, reports: string): Promise<void> {
  const [main = "program"] = Object.keys(files).filter(
    (name) => name.endsWith(".c") && /^int main\(/m.test(files[name]),
  );
  const log = join(reports, `${main}.%p.txt`);
  const options = `--error-exitcode=99 --leak-check=full --log-file='${log}'`;
  await rename(join(folder, "program"), join(folder, "watched"));
  await writeFile(join(folder, "program"), `#!/bin/sh\nexec valgrind ${options} '${join(folder, "watched")}' "$@"\n`);
  await chmod(join(folder, "program"), 0o755);
}

export interface Program {
  readonly path: string;
  readonly folder: string;
  /** Runs it; a program that fails or is stopped by a sanitizer is a ToolError with its output. */
  run(args: readonly string[]): Promise<string>;
  dispose(): Promise<void>;
}

/**
 * `files` by name; those ending in .c are compiled and linked, firmware/kernels is on the include path. At most two compilers at a time. `compiler`: default
 * that of host builds.
 */
export async function compile(
  files: Readonly<Record<string, string>>,
  flags: readonly string[],
  compiler?: string,
): Promise<Program> {
  const command = compiler ?? (await findCompiler()).command;
  const folder = await mkdtemp(join(tmpdir(), "smilec-compile-"));
  try {
    await Promise.all(Object.entries(files).map(([name, text]) => writeInto(folder, name, text)));
    const sources = Object.keys(files).filter((name) => name.endsWith(".c"));
    const reports = valgrindReports();
    const wanted = reports === undefined ? flags : valgrindFlags(flags);
    const all = [...wanted, `-I${folder}`, `-I${kernelFolder}`];
    await inTwoLanes(sources, (source) =>
      runOrThrow(command, [...all, "-c", source, "-o", `${source}.o`], `compiling ${source}`, { cwd: folder }),
    );
    const objects = sources.map((source) => `${source}.o`);
    await runOrThrow(command, [...all, ...objects, "-o", "program", "-lm"], "linking", { cwd: folder });
    if (reports !== undefined) await watch(folder, files, reports);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const path = join(folder, "program");
  return {
    path,
    folder,
    run: async (args) => {
      const result = await runOrThrow(path, args, "running the compiled program", { cwd: folder }).catch(withDetail);
      return result.stdout;
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A sanitizer's words belong into a failed test's message. */
function withDetail(error: unknown): never {
  if (error instanceof ToolError && error.detail !== undefined) error.message += `\n${error.detail}`;
  throw error;
}

/** `name` may have folders, which are made. */
async function writeInto(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function inTwoLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all([lane(), lane()]);
}
