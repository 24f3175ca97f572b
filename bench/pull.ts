/**
 * `smilec pull-captures` against `cp -r`, both from the same card of captures of 320 x 240 pixels (77 KB), in turns: rate with and without waiting for the
 * disk, the processor's time, memory, and how long it takes to see that nothing has changed. The pull checks every CRC, makes its files durable and
 * catalogues them; cp does none of it. What is read is in the page cache, which is the worst for the pull: a real card never is. So the last round measures
 * both again with an empty page cache, where this may be emptied (Linux, root).
 *
 * Nothing is removed before the end: ext4 without a journal looks through the inodes freed in the last minutes whenever it makes a file, which slows
 * whatever comes next up to 5 times; so do not run it within 5 minutes of removing many files, such as those of this bench.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/pull.ts [captures, default 50000] [rounds, default 2] [folder, default the system's
 * temporary one]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../src/files/package-root.js";
import { makeCard } from "../test/support/card.js";
import { type Timing, timed } from "./timed.js";

const SLOTS = 128;
const CAPTURE_BYTES = 78_336;
/** Of all captures, that a round leaves on the disk, and the one with an empty page cache. */
const COPIES = 3;
const COLD_COPIES = 2;
const COLD = ", nothing in the page cache";

function main(captures: number, rounds: number, parent: string): void {
  const folder = mkdtempSync(join(parent, "smilec-bench-pull-"));
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < (1 + COPIES * rounds + COLD_COPIES) * captures * CAPTURE_BYTES)
    throw new Error("not enough room on this disk: give a smaller number of captures or rounds");
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
  const best = new Best();
  let captured = "";
  for (let round = 0; round < rounds; round++) {
    captured = pull("pull", card, join(folder, `project${round}`), best);
    execFileSync("sync", ["-f", folder]);
    copy("cp -r of the pictures", captured, join(folder, `pictures${round}`), folder, best);
    copy("cp -r of the card", card, join(folder, `segments${round}`), folder, best);
  }
  if (emptyPageCache()) {
    pull(`pull${COLD}`, card, join(folder, "project-cold"), best);
    emptyPageCache();
    copy(`cp -r of the pictures${COLD}`, captured, join(folder, "pictures-cold"), folder, best);
  } else console.log("the page cache may not be emptied here: everything is in it");
  best.print(captures);
}

/** Pulls into a new project, twice; returns its captures' folder. */
function pull(name: string, card: string, project: string, best: Best): string {
  mkdirSync(project);
  writeFileSync(join(project, "smilec.config.json"), "{}");
  const smilec = [join(packageRoot, "dist/main.js"), "pull-captures", "--quiet", "-C", project, "--from", card];
  best.note(name, timed(process.execPath, smilec));
  if (name === "pull") best.note("unchanged", timed(process.execPath, smilec));
  return join(project, "captures");
}

/** Drops what is read from the system's memory; false where that is not allowed. */
function emptyPageCache(): boolean {
  execFileSync("sync");
  try {
    writeFileSync("/proc/sys/vm/drop_caches", "1");
    return true;
  } catch {
    return false;
  }
}

function copy(name: string, from: string, to: string, folder: string, best: Best): void {
  const copied = timed("cp", ["-r", from, to]);
  const synced = timed("sync", ["-f", folder]);
  best.note(name, copied);
  best.note(`${name}, then sync`, { ...copied, seconds: copied.seconds + synced.seconds });
}

/** The shortest times of the rounds, and the most memory. */
class Best {
  private readonly timings = new Map<string, Timing>();

  note(name: string, timing: Timing): void {
    const before = this.timings.get(name) ?? timing;
    this.timings.set(name, {
      seconds: Math.min(before.seconds, timing.seconds),
      cpuSeconds: Math.min(before.cpuSeconds, timing.cpuSeconds),
      mebibytes: Math.max(before.mebibytes, timing.mebibytes),
    });
  }

  print(captures: number): void {
    const megabytes = (captures * CAPTURE_BYTES) / 1e6;
    const pullOf = (name: string) => this.timings.get(name.includes(COLD) ? `pull${COLD}` : "pull") as Timing;
    console.log(`${captures} captures, ${megabytes.toFixed(0)} MB; best of the rounds`);
    for (const [name, { seconds, cpuSeconds }] of this.timings) {
      const rate = name === "unchanged" ? "" : `${(megabytes / seconds).toFixed(0).padStart(6)} MB/s`;
      const cpu = `${((1e6 * cpuSeconds) / captures).toFixed(0).padStart(5)} us of processor a capture`;
      const ratio = name.startsWith("cp") ? `   pull / cp ${(seconds / pullOf(name).seconds).toFixed(2)}` : "";
      console.log(`  ${name.padEnd(61)} ${seconds.toFixed(2).padStart(7)} s ${rate.padEnd(11)} ${cpu}${ratio}`);
    }
    console.log(`  memory of the pull: ${pullOf("pull").mebibytes.toFixed(0)} MiB (bar 300)`);
  }
}

const [captures = 50_000, rounds = 2] = process.argv.slice(2, 4).map(Number);
main(captures, rounds, process.argv[4] ?? tmpdir());
