/** The C compiler that host builds use: $CC, else cc. */
import { realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { ToolError } from "../errors.js";
import { run, toolError } from "../process/run.js";

export interface HostCompiler {
  readonly command: string;
  /** First line of `--version`. */
  readonly version: string;
}

const INSTALL =
  "Install a C compiler (Debian, Ubuntu: `apt install build-essential`; macOS: `xcode-select --install`) or name one in CC.";

function compilerCommand(): string {
  const chosen = process.env.CC;
  return chosen === undefined || chosen === "" ? "cc" : chosen;
}

/** Starts the compiler once. Throws ToolError when it is missing or does not run. */
export async function findCompiler(): Promise<HostCompiler> {
  const command = compilerCommand();
  const result = await run(command, ["--version"], { timeoutMs: 20_000 });
  if (result.notFound) throw new ToolError(`there is no C compiler: ${command} was not found`, { remedy: INSTALL });
  if (result.exitCode !== 0) throw toolError(result, command, "the C compiler does not run", INSTALL);
  return { command, version: result.stdout.split("\n")[0] };
}

/** Changes when the compiler is replaced by another one; costs no process. Undefined when there is none on PATH. */
export async function compilerIdentity(): Promise<string | undefined> {
  const command = compilerCommand();
  const folders = isAbsolute(command) ? [""] : (process.env.PATH ?? "").split(delimiter);
  for (const folder of folders) {
    const path = await realpath(join(folder, command)).catch(() => undefined);
    if (path === undefined) continue;
    const { size, mtimeMs } = await stat(path);
    return `${path} ${size} ${mtimeMs}`;
  }
  return undefined;
}
