/**
 * `smilec pull-captures` against `cp -r`, both from the same card of captures of 320 x 240 pixels (77 KB), in turns: rate with and without waiting
 * for the disk, memory, and how long it
 * takes to see that nothing has changed. The pull checks every CRC, makes its files durable and catalogues them; cp does not.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/pull.ts [captures, default 50000] [rounds, default 3] [folder, default the system's
 * temporary one]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../src/files/package-root.js";
import { makeCard } from "../test/support/card.js";

const SLOTS = 128;
const CAPTURE_BYTES = 78_336;
const COPIES = 4;

interface Timing {
  readonly seconds: number;
  readonly mebibytes: number;
}

/** Runs a command to its end; its time and peak memory. */
function timed(command: string, args: readonly string[]): Timing {
  // Peak memory of ended children; a process of its own per command, because it is the largest of all of them.
  const probe = `import resource, subprocess, sys, time, json
begin = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(json.dumps({"seconds": time.monotonic() - begin, "mebibytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}))`;
  const { stdout, status, stderr } = spawnSync("python3", ["-c", probe, command, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Timing;
}

function main(captures: number, rounds: number, parent: string): void {
  const folder = mkdtempSync(join(parent, "smilec-bench-pull-"));
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < COPIES * captures * CAPTURE_BYTES)
    throw new Error("not enough room on this disk: give a smaller number of captures");
  try {
    measure(folder, captures, rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder: string, captures: number, rounds: number): void {
  const card = join(folder, "card");
  const segments = Math.ceil(captures / SLOTS);
  for (let segment = 1; segment <= segments; segment++)
    makeCard(card, [
      { segment, slots: SLOTS, width: 320, height: 240, captures: Math.min(SLOTS, captures - (segment - 1) * SLOTS) },
    ]);
  execFileSync("sync", ["-f", folder]);
  const megabytes = (captures * CAPTURE_BYTES) / 1e6;
  const best: Record<string, number> = {};
  let memory = 0;
  const note = (name: string, seconds: number) => {
    best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, seconds);
  };
  for (let round = 0; round < rounds; round++) {
    const project = join(folder, `project${round}`);
    mkdirSync(project);
    writeFileSync(join(project, "smilec.config.json"), "{}");
    const smilec = [join(packageRoot, "dist/main.js"), "pull-captures", "--quiet", "-C", project, "--from", card];
    const pulled = timed(process.execPath, smilec);
    memory = Math.max(memory, pulled.mebibytes);
    note("pull", pulled.seconds);
    note("unchanged", timed(process.execPath, smilec).seconds);
    execFileSync("sync", ["-f", folder]);
    copy("cp -r of the pictures", join(project, "captures"), join(folder, "pictures"), folder, note);
    copy("cp -r of the card", card, join(folder, "segments"), folder, note);
    rmSync(project, { recursive: true });
  }
  print(best, { captures, megabytes, memory });
}

function copy(
  name: string,
  from: string,
  to: string,
  folder: string,
  note: (name: string, seconds: number) => void,
): void {
  const { seconds } = timed("cp", ["-r", from, to]);
  const synced = timed("sync", ["-f", folder]);
  note(name, seconds);
  note(`${name}, then sync`, seconds + synced.seconds);
  rmSync(to, { recursive: true });
  execFileSync("sync", ["-f", folder]);
}

function print(
  best: Readonly<Record<string, number>>,
  { captures, megabytes, memory }: { captures: number; megabytes: number; memory: number },
): void {
  console.log(`${captures} captures, ${megabytes.toFixed(0)} MB; best of the rounds`);
  for (const [name, seconds] of Object.entries(best)) {
    const ratio = name === "pull" || name === "unchanged" ? "" : `   pull / cp ${(seconds / best.pull).toFixed(2)}`;
    const rate = name === "unchanged" ? "" : `${(megabytes / seconds).toFixed(0).padStart(6)} MB/s`;
    console.log(`  ${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s ${rate}${ratio}`);
  }
  console.log(`  memory of the pull: ${memory.toFixed(0)} MiB (bar 300)`);
}

const [captures = 50_000, rounds = 3] = process.argv.slice(2, 4).map(Number);
main(captures, rounds, process.argv[4] ?? tmpdir());
