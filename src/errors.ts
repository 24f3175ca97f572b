/**
 * Error classes and the documented exit codes they map to. Only main.ts ends the process.
 *
 * Every error a user can meet says what happened, where, and what to do now.
 */

/** Exit codes, documented in README.md ("Exit codes"). 0 is success. */
export const ExitCode = {
  Success: 0,
  /** A check the user asked for did not hold (`simulate --golden`, `skew`, `doctor`, `retrain`, `locate train`): nothing is broken in smilec itself. */
  CheckFailed: 1,
  /** Bad input: command line, configuration, pictures, model file, card. */
  User: 2,
  /** An external tool is missing or failed: compiler, Python, PlatformIO. */
  Tool: 3,
  /** The machine or the board is in the way: disk full, no permission, read-only output, port busy, no answer. */
  Environment: 4,
  /** A bug in smilec. */
  Internal: 70,
  /** Stopped by Ctrl-C (128 + SIGINT); what was finished is kept. */
  Interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface ErrorDetails {
  /** File, line, key, picture or device the error is about. */
  readonly where?: string;
  /** What the user can do now, as an imperative sentence. */
  readonly remedy?: string;
  /** More lines shown below the message: a compiler's output, a list of problems. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** Base of every error that is shown to the user without a stack trace. */
export class SmilecError extends Error {
  readonly where: string | undefined;
  readonly remedy: string | undefined;
  readonly detail: string | undefined;

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.where = details.where;
    this.remedy = details.remedy;
    this.detail = details.detail;
  }
}

export class UserError extends SmilecError {
  constructor(message: string, details?: ErrorDetails) {
    super(ExitCode.User, message, details);
  }
}

export class ToolError extends SmilecError {
  constructor(message: string, details?: ErrorDetails) {
    super(ExitCode.Tool, message, details);
  }
}

export class EnvironmentError extends SmilecError {
  constructor(message: string, details?: ErrorDetails) {
    super(ExitCode.Environment, message, details);
  }
}

export class CheckFailedError extends SmilecError {
  constructor(message: string, details?: ErrorDetails) {
    super(ExitCode.CheckFailed, message, details);
  }
}

export class InterruptedError extends SmilecError {
  constructor(message = "interrupted", details?: ErrorDetails) {
    super(ExitCode.Interrupted, message, details);
  }
}

const ENVIRONMENT_CODES: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOSPC: ["the disk is full", "Free some space and run the command again; finished stages are kept."],
  EDQUOT: ["the disk quota is used up", "Free some space and run the command again; finished stages are kept."],
  EROFS: ["the file system is read-only", "Choose a folder that can be written."],
  EACCES: ["permission denied", "Change the permissions or choose another folder."],
  EPERM: ["operation not permitted", "Change the permissions or choose another folder."],
  EMFILE: ["too many open files", "Raise the limit (`ulimit -n 4096`) and run the command again."],
  EIO: ["the device reported an input/output error", "Check the disk or card."],
};

/** Turns an operating-system error (`ENOSPC`, `EROFS`, ...) into an {@link EnvironmentError}; other values are returned as they are. */
export function asEnvironmentError(error: unknown, where?: string): unknown {
  if (!(error instanceof Error) || error instanceof SmilecError) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : ENVIRONMENT_CODES[code];
  if (known === undefined) return error;
  const place = where ?? path;
  return new EnvironmentError(known[0], {
    remedy: known[1],
    cause: error,
    ...(place === undefined ? {} : { where: place }),
  });
}
