/** Finds a Python that PlatformIO runs on. */
import { ToolError } from "../errors.js";
import { run } from "../process/run.js";

export interface Python {
  /** As it is started: a name on PATH or a path. */
  readonly command: string;
  /** sys.executable, links resolved. */
  readonly path: string;
  readonly version: readonly [major: number, minor: number, patch: number];
}

const OLDEST_PYTHON = [3, 10] as const;

const DESCRIBE = "import os, sys; print(*sys.version_info[:3], os.path.realpath(sys.executable))";
const NEWEST_MINOR = 14;
const INSTALL =
  "Install Python 3.10 or newer with venv (Debian, Ubuntu: `apt install python3-venv`; macOS: `brew install python`).";

/** What $SMILEC_PYTHON names, else the first of python3, python3.14, ... python3.10, python that is new enough. Throws ToolError. */
export async function findPython(): Promise<Python> {
  const chosen = process.env.SMILEC_PYTHON;
  const found: Python[] = [];
  for (const command of chosen === undefined || chosen === "" ? candidates() : [chosen]) {
    const python = await describePython(command);
    if (python !== undefined && isNewEnough(python)) return python;
    if (python !== undefined) found.push(python);
  }
  const where = chosen === undefined || chosen === "" ? {} : { where: `SMILEC_PYTHON=${chosen}` };
  if (found.length === 0) throw new ToolError("Python is not installed", { ...where, remedy: INSTALL });
  const versions = found.map((python) => `${python.command} is ${python.version.join(".")}`);
  throw new ToolError(`Python is too old: ${versions.join(", ")}`, { ...where, remedy: INSTALL });
}

function candidates(): string[] {
  const versioned: string[] = [];
  for (let minor = NEWEST_MINOR; minor >= OLDEST_PYTHON[1]; minor--) versioned.push(`python3.${minor}`);
  return ["python3", ...versioned, "python"];
}

function isNewEnough({ version: [major, minor] }: Python): boolean {
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}

async function describePython(command: string): Promise<Python | undefined> {
  const result = await run(command, ["-I", "-c", DESCRIBE], { timeoutMs: 10_000 });
  const fields = /^(\d+) (\d+) (\d+) (.+)$/.exec(result.stdout.trim());
  if (result.exitCode !== 0 || fields === null) return undefined;
  return { command, version: [Number(fields[1]), Number(fields[2]), Number(fields[3])], path: fields[4] };
}
