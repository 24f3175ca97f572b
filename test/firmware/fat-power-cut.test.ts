/**
 * Power is cut at every single block write of a bot's life on a real FAT32 card: the board's card code, the real FatFs, fsck.fat as judge of the file
 * system, a reader of our own for the files and src/captures for the log. SMILEC_POWER_CUTS=all adds every place to tear a block at and every part of what a
 * card had not written yet.
 */
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { checked, suffix } from "../support/card-bot.js";
import { OPTIMIZED } from "../support/compile.js";
import { FatBotProgram } from "../support/fat-bot.js";
import { type Cut, PowerCuts, SEGMENT_CLUSTERS, type Window } from "../support/power-cuts.js";
import { Random } from "../support/random.js";

const EVERYTHING = process.env.SMILEC_POWER_CUTS === "all";
const MINUTES = EVERYTHING ? 300 : 4;

let program: FatBotProgram;
beforeAll(async () => {
  if (suffix === "") program = await FatBotProgram.build({ flags: OPTIMIZED });
}, 180_000);
afterAll(() => program?.dispose());

/** Checks the cuts that `choose` gives for each write, on two cards at a time. */
async function sweep(
  window: Window,
  check: (cuts: PowerCuts, at: number) => Promise<void>,
  crowded = false,
): Promise<{ writes: number; text: string; tallies: PowerCuts["tally"][] }> {
  const lanes = await Promise.all(
    ["a", "b"].map((lane) => PowerCuts.start(program, `${window}-${crowded}-${lane}`, window, crowded)),
  );
  const writes = await lanes[0].countWrites();
  let next = 0;
  const work = async (cuts: PowerCuts): Promise<void> => {
    for (let at = next++; at < writes; at = next++) await check(cuts, at);
  };
  try {
    await Promise.all(lanes.map(work));
  } finally {
    next = writes;
    await Promise.all(lanes.map((cuts) => cuts.stop()));
  }
  const tallies = lanes.map(({ tally }) => tally);
  const sum = (key: keyof PowerCuts["tally"]) => tallies.reduce((total, tally) => total + tally[key], 0);
  const text =
    `${sum("cuts")} cuts at ${writes} block writes; ${sum("captures")} captures found; ${sum("fileSystems")} file systems judged: ` +
    `${sum("withLostClusters")} with lost clusters (at most ${Math.max(...tallies.map((tally) => tally.mostLostClusters))}), ` +
    `${sum("tablesDiffer")} whose second table lags, ${sum("wrongSummary")} with a wrong count of free clusters, ${sum("tornEntries")} with a torn entry`;
  return { writes, text, tallies };
}

const say = (text: string) => process.stderr.write(`    ${text}\n`);
/** Not multiples of a directory entry's size. */
const TORN = Array.from({ length: 8 }, (_, i) => 20 + 64 * i);
const ALL_TORN = Array.from({ length: 127 }, (_, i) => 4 + 4 * i);

describe("a FAT32 card when power is cut", () => {
  checked(
    `loses no acknowledged capture and accepts none that is torn, after and within every block write${suffix}`,
    async () => {
      const { writes, text, tallies } = await sweep("through", async (cuts, at) => {
        await cuts.check({ at, how: "clean", detail: 0 });
        for (const detail of EVERYTHING ? ALL_TORN : TORN) await cuts.check({ at, how: "torn", detail });
      });
      say(text);
      expect(writes).toBeGreaterThan(150);
      for (const { mostLostClusters } of tallies) expect(mostLostClusters).toBeLessThanOrEqual(SEGMENT_CLUSTERS);
    },
    MINUTES * 60_000,
  );

  checked(
    `nor when it had any part of eight blocks still to write${suffix}`,
    async () => {
      const random = new Random(3);
      const { writes, text } = await sweep("back", async (cuts, at) => {
        const waiting = await cuts.check({ at, how: "lost", detail: 0xff });
        for (const detail of parts(waiting, random)) await cuts.check({ at, how: "lost", detail });
      });
      say(text);
      expect(writes).toBeGreaterThan(150);
    },
    MINUTES * 60_000,
  );

  checked(
    `nor when the folder must grow for a segment${suffix}`,
    async () => {
      const { text } = await sweep(
        "through",
        (cuts, at) => cuts.check({ at, how: "clean", detail: 0 }).then(() => {}),
        true,
      );
      say(text);
    },
    MINUTES * 60_000,
  );
});

/** Which of so many waiting blocks are lost: all choices but "all", or some drawn ones. */
function parts(waiting: number, random: Random): Cut["detail"][] {
  const all = Array.from({ length: 2 ** waiting - 1 }, (_, i) => i);
  if (EVERYTHING || all.length <= 5) return all;
  return Array.from({ length: 5 }, () => all[random.integer(0, all.length - 1)]);
}
