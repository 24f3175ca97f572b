#!/usr/bin/env node
/** Entry and sole exit: runs the command line, shows errors, sets the exit code. */
import { runCli } from "./cli.js";
import { asEnvironmentError, ExitCode, InterruptedError, SmilecError } from "./errors.js";

const stop = new AbortController();
let interrupts = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The first asks every stage to stop cleanly, the second does not wait.
    if (++interrupts > 1) process.exit(ExitCode.Interrupted);
    stop.abort(new InterruptedError());
  });
}
// A reader that goes away (`smilec ... | head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? 0 : ExitCode.Environment),
);

try {
  process.exitCode = await runCli(process.argv.slice(2), stop.signal);
} catch (error) {
  process.exitCode = report(error);
}

function report(thrown: unknown): ExitCode {
  const error = stop.signal.aborted ? interrupted(thrown) : asEnvironmentError(thrown);
  if (error instanceof SmilecError) {
    process.stderr.write(`${describe(error)}\n`);
    return error.exitCode;
  }
  const what = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(
    `smilec: internal error: ${what.message}\n  This is a bug in smilec. Run again with SMILEC_DEBUG=1 for details to report.\n`,
  );
  if (process.env.SMILEC_DEBUG !== undefined) process.stderr.write(`${what.stack}\n`);
  return ExitCode.Internal;
}

/** What a command says of its interruption, when it says more than that there was one. */
function interrupted(thrown: unknown): InterruptedError {
  if (thrown instanceof InterruptedError && thrown.message !== new InterruptedError().message) return thrown;
  return new InterruptedError("stopped; finished work is kept and the next run continues");
}

function describe(error: SmilecError): string {
  const lines = [`smilec: ${error.where === undefined ? "" : `${error.where}: `}${error.message}`];
  if (error.detail !== undefined && error.detail !== "") lines.push(error.detail.replaceAll(/^/gm, "  | "));
  if (error.remedy !== undefined) lines.push(`  ${error.remedy}`);
  return lines.join("\n");
}
