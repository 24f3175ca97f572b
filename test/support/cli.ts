/** The installed command, as a user runs it. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "#smilec/files/package-root.js";
import { type RunResult, run } from "#smilec/process/run.js";
import { testSmilecHome } from "./smilec-home.js";

const MAIN = join(packageRoot, "dist", "main.js");

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `smilec ...args` to its end. */
export function smilec(args: readonly string[], { cwd, env = {} }: CliOptions): Promise<RunResult> {
  return run(process.execPath, [MAIN, ...args], { cwd, env: { SMILEC_HOME: testSmilecHome, ...env } });
}

/** Starts `smilec ...args` in a process group of its own and kills the group without warning after `ms`. Returns whether it had ended by itself. */
export function smilecKilledAfter(
  ms: number,
  args: readonly string[],
  { cwd, env = {} }: CliOptions,
): Promise<boolean> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...process.env, SMILEC_HOME: testSmilecHome, ...env },
    stdio: "ignore",
    detached: true,
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    }, ms);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}
