/** The host program with an image file as its card: the board's own card code over the real FatFs, judged by fsck.fat, mtools and smilec's own reader. */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { run } from "#smilec/process/run.js";
import { copyIn, makeImage, noFatTools, patchImage } from "../support/card-image.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { judge, withoutFatTools } from "../support/fat-image.js";
import { faultyDiskLibrary, noFaultyDisks } from "../support/faulty-disk.js";
import { decisionsOf, generatedModel, HostBot, linesOf, randomPictures, smallBundle } from "../support/host-bot.js";
import { LiveBot } from "../support/live-bot.js";
import { pullFolder, pullImage } from "../support/pulling.js";
import { Random } from "../support/random.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const missing = noFatTools() ?? (await withoutFatTools());
const judged = missing === undefined ? it : it.skip;
const suffix = missing === undefined ? "" : ` (skipped: ${missing})`;
const onFaultyDisks = noFaultyDisks === undefined ? it : it.skip;

let bot: HostBot;
let fast: HostBot;
let plain: HostBot;
let library: string;
beforeAll(async () => {
  const model = await generatedModel(smallBundle(39));
  bot = await HostBot.build({ flags: SANITIZED, model, images: true });
  fast = await HostBot.build({ flags: OPTIMIZED, model, images: true });
  plain = await HostBot.build({ flags: OPTIMIZED, model });
  library = noFaultyDisks === undefined ? await faultyDiskLibrary(fast.folder) : "";
}, 240_000);
afterAll(async () => {
  for (const built of [bot, fast, plain]) await built?.dispose();
});

/** A new image of the program's own. */
async function newCard(mebibytes = 34): Promise<string> {
  const image = join(folder(), "card.img");
  expect(await bot.start("--new-card", `${mebibytes}`, "--card", image)).toMatchObject({ exitCode: 0, all: "" });
  return image;
}

/** Byte offset of the only partition. */
const partition = (image: string) => readFileSync(image).readUInt32LE(446 + 8) * 512;

/** What fsck.fat says of the partition. */
async function judgeCard(image: string) {
  const volume = join(folder(), "volume.img");
  writeFileSync(volume, readFileSync(image).subarray(partition(image)));
  return judge(volume);
}

const CLEAN = { lostClusters: 0, wrongSummary: false, tablesDiffer: false, damage: [] };
const pictures = (count: number, seed = 4) => randomPictures(new Random(seed), count, true);

describe("an image file as card", () => {
  judged(`is made as cards are sold: one partition of FAT32, in order${suffix}`, async () => {
    const image = await newCard();
    expect(readFileSync(image)).toHaveLength(34 * 2 ** 20);
    expect(readFileSync(image)[446 + 4]).toBe(0x0c);
    expect(await judgeCard(image)).toEqual(CLEAN);
    const again = await newCard();
    expect(readFileSync(again).equals(readFileSync(image))).toBe(true);
  });

  judged(`gets the very bytes that a folder gets, in a file system without a fault${suffix}`, async () => {
    const [image, card] = [await newCard(), bot.makeCard()];
    const paths = bot.writePictures(pictures(9));
    const inImage = await bot.press(paths, image);
    const inFolder = await bot.press(paths, card);
    expect(inImage).toMatchObject({ exitCode: 0, stderr: "" });
    expect(decisionsOf(inImage)).toEqual(decisionsOf(inFolder));
    expect(await judgeCard(image)).toEqual(CLEAN);
    const out = folder();
    execFileSync("mcopy", ["-i", `${image}@@${partition(image)}`, "::*", out], { stdio: "pipe" });
    expect(readdirSync(out).sort()).toEqual(readdirSync(card).sort());
    expect(readdirSync(out).length).toBeGreaterThan(3);
    for (const name of readdirSync(card)) {
      expect(readFileSync(join(out, name)).equals(readFileSync(join(card, name)))).toBe(true);
    }
  });

  judged(`is continued where the last run stopped, and pulled like any card${suffix}`, async () => {
    const [image, card] = [await newCard(), bot.makeCard()];
    for (const seed of [1, 2, 3]) {
      const paths = bot.writePictures(pictures(3, seed));
      for (const place of [image, card]) expect((await bot.press(paths, place)).exitCode).toBe(0);
    }
    const [fromImage, fromFolder] = [folder(), folder()];
    expect((await pullImage(image, fromImage)).tally.added).toBe(27);
    expect((await pullFolder(card, fromFolder)).tally.added).toBe(27);
    expect((await pullImage(image, fromImage)).tally.added).toBe(0);
    expect(await judgeCard(image)).toEqual(CLEAN);
  });

  judged.each([
    ["in a partition", 2048],
    ["alone", 0],
  ])(`may have been formatted elsewhere, with the volume %s${suffix}`, async (_, start) => {
    const image = makeImage(join(folder(), "other.img"), { start });
    const result = await bot.press(bot.writePictures(pictures(2)), image);
    expect(linesOf(result).at(-1)).toEqual({ event: "end", presses: 2, captures: 6 });
    expect((await pullImage(image, folder())).tally.added).toBe(6);
  });

  judged(`keeps a user's settings and other files${suffix}`, async () => {
    const image = makeImage(join(folder(), "other.img"), {});
    const [settings, note] = ["SMILEC.CFG", "NOTE.TXT"].map((name) => join(folder(), name));
    writeFileSync(settings, "threshold=77\n");
    writeFileSync(note, "mine");
    copyIn(image, [settings, note]);
    const result = await bot.press(bot.writePictures(pictures(1)), image);
    expect(linesOf(result)).toContainEqual(expect.objectContaining({ event: "settings", thresholdMargin: 77 }));
    expect(execFileSync("mtype", ["-i", image, "::NOTE.TXT"], { encoding: "utf8" })).toBe("mine");
  });

  judged(`is full: the bot says so, scores, and does no harm${suffix}`, async () => {
    const image = makeImage(join(folder(), "other.img"), {});
    const filler = join(folder(), "FILLER.BIN");
    writeFileSync(filler, "");
    truncateSync(filler, freeBytes(image) - 40_000);
    copyIn(image, [filler]);
    const result = await bot.press(bot.writePictures(pictures(8)), image);
    const logged = decisionsOf(result).map((decision) => decision.logged);
    expect(logged).toEqual([true, true, ...Array(6).fill(false)]);
    expect(linesOf(result)).toContainEqual(expect.objectContaining({ event: "faults", faults: ["card-full"] }));
    expect(await judge(image)).toEqual(CLEAN);
    expect((await pullImage(image, folder())).tally.added).toBe(6);
  });

  const others: readonly (readonly [name: string, make: (path: string) => void, fault: string])[] = [
    ["garbage", (path) => writeFileSync(path, Buffer.alloc(1 << 20, 0xa5)), "card-format"],
    ["empty", (path) => writeFileSync(path, ""), "card"],
    ["zeros", (path) => writeFileSync(path, Buffer.alloc(1 << 20)), "card-format"],
  ];
  it.each(others)(
    "is what the bot finds it to be when it is %s: it scores and shows the fault",
    async (_, make, fault) => {
      const image = join(folder(), "bad.img");
      make(image);
      const before = readFileSync(image);
      const result = await bot.press(bot.writePictures(pictures(2)), image);
      expect(result.exitCode).toBe(0);
      expect(decisionsOf(result).map(({ logged }) => logged)).toEqual([false, false]);
      const faults = linesOf(result).filter(({ event }) => event === "faults");
      expect(faults.map(({ faults: shown }) => shown)).toEqual([[expect.stringContaining(fault)]]);
      expect(readFileSync(image).equals(before)).toBe(true);
    },
  );

  judged(`cut short reads and writes nothing beyond its end${suffix}`, async () => {
    const image = makeImage(join(folder(), "short.img"), {});
    truncateSync(image, 672_000);
    const result = await bot.press(bot.writePictures(pictures(2)), image);
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(decisionsOf(result).map(({ logged }) => logged)).toEqual([false, false]);
    expect(readFileSync(image)).toHaveLength(672_000);
  });

  judged(`with damage in its tables never makes the program do something undefined${suffix}`, async () => {
    const image = makeImage(join(folder(), "damaged.img"), {});
    await bot.press(bot.writePictures(pictures(3)), image);
    const whole = readFileSync(image);
    const random = new Random(9);
    const paths = bot.writePictures(pictures(1));
    // Boot sector, summary, both tables, the top folder.
    const places = [512, 4096, 16_384 + 4096, 16_384 + 2 * 327_680 + 512];
    for (let round = 0; round < 24; round++) {
      writeFileSync(image, whole);
      for (let i = 0; i < 6; i++) {
        patchImage(image, random.integer(0, places[round % places.length]), Uint8Array.of(random.integer(0, 255)));
      }
      const { exitCode, stderr } = await bot.press(paths, image);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    }
  });

  it("belongs to one program at a time", async () => {
    const image = await newCard();
    const live = await LiveBot.start(bot.path, "--card", image);
    const { exitCode, stderr } = await bot.press(bot.writePictures(pictures(1)), image);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `${image}: cannot be the card: another program has it as its card`,
    });
    await live.end();
    expect((await bot.press(bot.writePictures(pictures(1)), image)).exitCode).toBe(0);
  });

  it("is pressed, pulled out of the serial line's program and read again", async () => {
    const image = await newCard();
    const live = await LiveBot.start(bot.path, "--card", image, "--frames", pictureList());
    expect((await live.event(({ event }) => event === "decision")).logged).toBe(true);
    expect(await live.end()).toBe("");
    expect((await pullImage(image, folder())).tally.added).toBe(3);
  });

  function pictureList(): string {
    const list = join(folder(), "list");
    writeFileSync(list, `${bot.writePictures(pictures(1))[0]}\n`);
    return list;
  }

  it.each([
    ["33", /a card has 34 to 32768 MiB/],
    ["32769", /a card has 34 to 32768 MiB/],
    ["0", /bad argument: --new-card 0/],
    ["many", /bad argument: --new-card many/],
  ])("of %s MiB is refused", async (size, message) => {
    const image = join(folder(), "card.img");
    const { exitCode, stderr } = await bot.start("--new-card", size, "--card", image);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
    expect(existsSync(image)).toBe(false);
  });

  it("never takes the place of a file", async () => {
    const image = join(folder(), "card.img");
    closeSync(openSync(image, "w"));
    const { exitCode, stderr } = await bot.start("--new-card", "64", "--card", image);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: `${image}: cannot be the card: File exists` });
    expect(readFileSync(image)).toHaveLength(0);
  });

  const onFaultyDisk = (faults: Record<string, string>, cwd: string, ...args: string[]) =>
    run(fast.path, args, { env: { LD_PRELOAD: library, FAULT_FOLDER: cwd, ...faults } });

  onFaultyDisks(`that does not fit the disk leaves nothing (${noFaultyDisks ?? "Linux"})`, async () => {
    const cwd = folder();
    const image = join(cwd, "card.img");
    const { exitCode, stderr } = await onFaultyDisk({ FAULT_BYTES: "9000" }, cwd, "--new-card", "34", "--card", image);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `${image}: cannot be the card: No space left on device`,
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  onFaultyDisks(`that must not be written is refused (${noFaultyDisks ?? "Linux"})`, async () => {
    const image = await newCard();
    const list = pictureList();
    const args = ["--frames", list, "--card", image];
    const { exitCode, stderr } = await onFaultyDisk({ FAULT_READONLY: "1" }, image, ...args);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `${image}: cannot be the card: Read-only file system`,
    });
  });

  it("is refused by a program that was built without FatFs", async () => {
    const image = await newCard();
    const refusal = { exitCode: 2, stderr: expect.stringContaining("built without image files as cards") };
    expect(await plain.press(plain.writePictures(pictures(1)), image)).toMatchObject(refusal);
    expect(await plain.start("--new-card", "34", "--card", join(folder(), "card.img"))).toMatchObject(refusal);
  });
});

function freeBytes(image: string): number {
  const listing = execFileSync("mdir", ["-i", image], { encoding: "utf8" });
  return Number(/([\d ]+) bytes free/.exec(listing)![1].replaceAll(" ", ""));
}
