/** Programs timed from outside, each in a process of its own. */
import { spawnSync } from "node:child_process";

export interface Timing {
  readonly seconds: number;
  /** Peak memory. */
  readonly mebibytes: number;
  /** Of the processor, in the program and in the system for it. */
  readonly cpuSeconds: number;
}

/** Peak memory of ended children; a process of its own per command, because it is the largest of all of them. */
const PROBE = `import resource, subprocess, sys, time, json
begin = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.monotonic() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": seconds, "mebibytes": used.ru_maxrss / 1024, "cpuSeconds": used.ru_utime + used.ru_stime}))`;

/** Runs a command to its end; its time and peak memory. */
export function timed(command: string, args: readonly string[]): Timing {
  const { stdout, status, stderr } = spawnSync("python3", ["-c", PROBE, command, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Timing;
}
