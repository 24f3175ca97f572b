/** Runs pip in an environment of smilec's own, from the Python package index that the user's pip is set up for. */
import { InterruptedError, type SmilecError, ToolError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { type RunResult, run } from "../process/run.js";

/** What must not leak from the user's shell into the environment's Python and pip. */
export const CLEAN_ENV = {
  PYTHONHOME: undefined,
  PYTHONPATH: undefined,
  PYTHONSTARTUP: undefined,
  VIRTUAL_ENV: undefined,
  PIP_USER: undefined,
  PIP_TARGET: undefined,
  PIP_PREFIX: undefined,
  PIP_REQUIRE_VIRTUALENV: undefined,
} as const;

const OPTIONS = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--retries", "2"];

export interface PipRequest {
  /** What is fetched, for messages. */
  readonly what: string;
  /** Folder that it goes into, for messages. */
  readonly place: string;
  readonly context: StageContext;
}

/** `pip <args>`, whose first is the verb. Throws ToolError: the index does not answer, refused, a hash that is not right, no room. */
export async function runPip(
  python: string,
  [verb, ...args]: readonly string[],
  { what, place, context }: PipRequest,
): Promise<void> {
  const { reporter, signal } = context;
  const onLine = (line: string) => {
    const package_ = /^Collecting ([^\s;<>=!~(]+)/.exec(line)?.[1];
    if (package_ !== undefined) reporter.info(`downloading ${package_}`);
    if (line.startsWith("Installing collected")) reporter.info("installing");
  };
  const result = await run(python, ["-m", "pip", verb, ...OPTIONS, ...args], {
    env: CLEAN_ENV,
    signal,
    onLine,
    timeoutMs: 900_000,
  });
  if (result.exitCode === 0) return;
  if (signal.aborted) throw new InterruptedError();
  throw fileSystemError(result, place) ?? pipError(result, what);
}

function pipError(result: RunResult, what: string): SmilecError {
  const offline =
    /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError|Max retries exceeded|Name or service not known|Temporary failure in name resolution/.test(
      result.all,
    );
  const tail = result.all.split("\n").slice(-15).join("\n");
  if (offline || result.timedOut) {
    return new ToolError(`${what} could not be downloaded: the Python package index does not answer`, {
      remedy:
        "Connect to the internet, or set up pip for your mirror (pip.conf or PIP_INDEX_URL), and run the command again.",
      detail: tail,
    });
  }
  if (/DO NOT MATCH THE HASHES/.test(result.all)) {
    return new ToolError(`${what} is not what smilec was tested with: the download has another hash`, {
      remedy: "Use another index or mirror: this one gives a changed file under the same version.",
      detail: tail,
    });
  }
  return new ToolError(`${what} could not be installed`, {
    remedy: "See pip's message above; the same command tries again.",
    detail: tail,
  });
}

/** A full disk or a read-only folder, seen by a subprocess. */
export function fileSystemError(result: RunResult, place: string): SmilecError | undefined {
  const known = /No space left on device|Read-only file system|Permission denied|Disk quota exceeded/.exec(result.all);
  if (known === null) return undefined;
  return new ToolError(`smilec's own folder can't be written: ${known[0].toLowerCase()}`, {
    where: place,
    remedy: "Make room or permission there, or choose another folder with SMILEC_HOME.",
  });
}
