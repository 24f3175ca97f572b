/** The sole subprocess wrapper. Commands run without a shell; an abort ends the whole process group. */
import { setTimeout as delay } from "node:timers/promises";
import { execa, type Options } from "execa";
import { ToolError } from "../errors.js";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the current environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** The program reads our own standard input; without this and `input` it has none. */
  readonly inheritInput?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called with each line of either stream as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

export interface RunResult {
  readonly command: string;
  readonly cwd: string;
  /** Undefined when the program could not be started or was ended by a signal. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order they came. */
  readonly all: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** The program does not exist. */
  readonly notFound: boolean;
}

const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs a program to its end and reports how it went; never throws for a failing program. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const settings: Options = {
    reject: false,
    all: true,
    stripFinalNewline: true,
    maxBuffer: MAX_OUTPUT,
    stdin: options.input !== undefined ? "pipe" : options.inheritInput === true ? "inherit" : "ignore",
    forceKillAfterDelay: 2000,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal, detached: true }),
  };
  const child = execa(file, args, settings);
  const lines = options.onLine === undefined ? undefined : forwardLines(child, options.onLine);
  const release = options.signal === undefined ? undefined : tieGroup(child.pid, options.signal);
  const result = await child;
  await release?.();
  const failed = (await lines)?.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return {
    command: result.escapedCommand,
    cwd: result.cwd,
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: String(result.stdout ?? ""),
    stderr: String(result.stderr ?? ""),
    all: String(result.all ?? ""),
    durationMs: Math.round(result.durationMs),
    timedOut: result.timedOut,
    notFound: result.code === "ENOENT",
  };
}

/**
 * Runs a program that talks to the terminal itself: it has our standard input and output, and Ctrl-C reaches it as it reaches us. Returns its exit code,
 * undefined when a signal ended it or it could not be started.
 */
export async function runOnTerminal(
  file: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<number | undefined> {
  const result = await execa(file, args, {
    reject: false,
    stdio: "inherit",
    forceKillAfterDelay: KILL_DELAY_MS,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  return result.exitCode;
}

const KILL_DELAY_MS = 2000;
const LINGER_MS = 500;
const POLL_MS = 20;

/**
 * A detached child leads a process group of its own: an abort, or our exit, ends all of it. Otherwise a build's compilers would go on, and keep the
 * output's pipes open, after the build tool is gone. Returns what undoes the tie; after an abort it waits until nothing of the group is left.
 */
function tieGroup(pid: number | undefined, signal: AbortSignal): () => Promise<void> {
  if (pid === undefined) return async () => undefined;
  let killer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    signalGroup(pid, "SIGTERM");
    killer = setTimeout(() => signalGroup(pid, "SIGKILL"), KILL_DELAY_MS);
  };
  const onExit = () => signalGroup(pid, "SIGKILL");
  signal.addEventListener("abort", onAbort, { once: true });
  process.once("exit", onExit);
  return async () => {
    clearTimeout(killer);
    signal.removeEventListener("abort", onAbort);
    if (signal.aborted) await endGroup(pid);
    process.removeListener("exit", onExit);
  };
}

/** Members may have been started while the group was told to end; they get a moment, then they are killed. */
async function endGroup(pid: number): Promise<void> {
  for (let waited = 0; waited < LINGER_MS && signalGroup(pid, 0); waited += POLL_MS) await delay(POLL_MS);
  signalGroup(pid, "SIGKILL");
}

/** Returns whether there is such a group. */
function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

async function forwardLines(
  child: ReturnType<typeof execa>,
  onLine: NonNullable<RunOptions["onLine"]>,
): Promise<PromiseSettledResult<void>[]> {
  const follow = async (from: "stdout" | "stderr") => {
    let failure: { readonly reason: unknown } | undefined;
    const iterable = child.iterable({ from });
    try {
      for await (const line of iterable) {
        // After a failure the stream is still drained: a full pipe would hold the child up.
        if (failure !== undefined) continue;
        try {
          onLine(String(line), from);
        } catch (reason) {
          failure = { reason };
        }
      }
    } catch {
      // The child's own failure; its result tells.
    }
    if (failure !== undefined) throw failure.reason;
  };
  return Promise.allSettled([follow("stdout"), follow("stderr")]);
}

/** As {@link run}, but a program that is missing or fails is a {@link ToolError} that shows the end of its output. */
export async function runOrThrow(
  file: string,
  args: readonly string[],
  what: string,
  options: RunOptions & { readonly remedy?: string } = {},
): Promise<RunResult> {
  const result = await run(file, args, options);
  if (result.exitCode === 0) return result;
  throw toolError(result, file, what, options.remedy);
}

/** Describes a failed run: command, folder, how it ended, and the last lines of its output. */
export function toolError(result: RunResult, file: string, what: string, remedy?: string): ToolError {
  const hint = remedy === undefined ? {} : { remedy };
  if (result.notFound) return new ToolError(`${what}: ${file} is not installed`, { where: result.cwd, ...hint });
  const how = result.timedOut
    ? `timed out after ${result.durationMs} ms`
    : result.signal !== undefined
      ? `was ended by ${result.signal}`
      : `exited with ${result.exitCode}`;
  const tail = result.all.split("\n").slice(-60).join("\n");
  return new ToolError(`${what}: ${result.command} ${how}`, { where: result.cwd, detail: tail, ...hint });
}
