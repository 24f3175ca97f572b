/** What `smilec simulate --card` takes and refuses, before anything is built. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { ExitCode, InterruptedError } from "#smilec/errors.js";
import { chooseCard, isUsed, parseCardSize, prepareCard } from "#smilec/simulate/card.js";
import { makeCard } from "../support/card.js";
import { copyIn, type ImageOptions, makeImage, noFatTools } from "../support/card-image.js";
import { smilec } from "../support/cli.js";
import { errorOf, fillPath } from "../support/environment.js";
import { faultyDiskLibrary, noFaultyDisks } from "../support/faulty-disk.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const missing = noFatTools();
const withImages = missing === undefined ? it : it.skip;
const suffix = missing === undefined ? "" : ` (skipped: ${missing})`;
const onFaultyDisks = noFaultyDisks === undefined ? it : it.skip;

describe("the size of a new card", () => {
  it.each([
    ["64M", 64],
    ["64MiB", 64],
    ["2g", 2048],
    ["34mb", 34],
    ["32G", 32_768],
  ])("may be said as %s", (text, mebibytes) => {
    expect(parseCardSize(text)).toBe(mebibytes);
  });

  it.each([
    ["33M", "too small for FAT32"],
    ["33G", "no size of a card"],
    ["64", "no size of a card"],
    ["0M", "no size of a card"],
    ["64K", "no size of a card"],
    ["-64M", "no size of a card"],
    ["1e3M", "no size of a card"],
    ["", "no size of a card"],
  ])("is not %s", async (text, why) => {
    const error = await errorOf(async () => parseCardSize(text));
    expect(error).toMatchObject({ exitCode: ExitCode.User, message: `${text} is ${why}`, where: "--card-size" });
  });
});

describe("a card", () => {
  const image = (options: ImageOptions = {}) => makeImage(join(folder(), "card.img"), options);

  it("is a folder, there or not", async () => {
    const path = folder();
    expect(await chooseCard(path, undefined)).toEqual({ kind: "folder", path });
    expect(await chooseCard(join(path, "new"), undefined)).toEqual({ kind: "folder", path: join(path, "new") });
  });

  withImages(`is an image of FAT32, with partitions or without${suffix}`, async () => {
    for (const start of [0, 2048]) {
      const path = image({ start });
      expect(await chooseCard(path, undefined)).toEqual({ kind: "image", path });
    }
  });

  it("is a new image of a size", async () => {
    const path = join(folder(), "new.img");
    expect(await chooseCard(path, "64M")).toEqual({ kind: "image", path, newMebibytes: 64 });
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  const make = (contents: Buffer) => {
    const path = join(folder(), "card.img");
    writeFileSync(path, contents);
    return path;
  };
  const exFat = () => {
    const sector = Buffer.alloc(4096);
    sector.write("EXFAT   ", 3, "latin1");
    sector.writeUInt16LE(0xaa55, 510);
    return make(sector);
  };
  const short = () => {
    const path = image();
    truncateSync(path, 39 * 2 ** 20);
    return path;
  };

  const refusals: readonly (readonly [what: string, path: () => string, message: RegExp])[] = [
    ["exFAT", exFat, /this is exFAT, not FAT32/],
    ["garbage", () => make(Buffer.alloc(100_000, 0xa5)), /neither a file system nor a card/],
    ["empty", () => make(Buffer.alloc(0)), /neither a file system nor a card/],
    ["a device", () => "/dev/null", /neither a folder nor an image file/],
    ["an image that is not there", () => join(folder(), "card.img"), /no such image/],
    ["behind a file", () => join(make(Buffer.alloc(1)), "card"), /a part of the path is no folder/],
  ];
  const ofImages: typeof refusals = [
    ["FAT16", () => image({ bits: 16, mebibytes: 20 }), /this is FAT16, not FAT32/],
    ["FAT12", () => image({ bits: 12, mebibytes: 2 }), /this is FAT12, not FAT32/],
    [
      "NTFS in a partition",
      () => image({ start: 2048, partitionType: 7 }),
      /no FAT32 partition on it, but exFAT or NTFS/,
    ],
    ["cut short", short, /the image is cut short: 40894464 bytes, but its volume ends at 41943040/],
  ];
  const refuses = async (path: string, message: RegExp) => {
    expect(await errorOf(chooseCard(path, undefined))).toMatchObject({
      exitCode: ExitCode.User,
      message: expect.stringMatching(message),
      where: path,
      remedy: expect.stringMatching(/\w/),
    });
  };
  it.each(refusals)("is not %s", (_, path, message) => refuses(path(), message));
  withImages.each(ofImages)(`is not %s${suffix}`, (_, path, message) => refuses(path(), message));

  it("that is there is not made again", async () => {
    for (const [path, what] of [
      [folder(), "folder"],
      [make(Buffer.alloc(10)), "file"],
    ]) {
      expect(await errorOf(chooseCard(path, "64M"))).toMatchObject({
        message: `there is a ${what} already`,
        where: path,
      });
    }
  });

  onFaultyDisks(`must be one that can be written (${noFaultyDisks ?? missing ?? "Linux"})`, async () => {
    if (missing !== undefined) return;
    const path = image();
    const env = { LD_PRELOAD: await faultyDiskLibrary(folder()), FAULT_FOLDER: path, FAULT_READONLY: "1" };
    const { exitCode, stderr } = await smilec(["simulate", "--images", ".", "--card", path], { cwd: folder(), env });
    expect(exitCode).toBe(ExitCode.Environment);
    expect(stderr).toContain("the image of the card can't be written");
  });

  withImages(`knows whether it was used${suffix}`, async () => {
    const path = image();
    expect(await isUsed({ kind: "image", path })).toBe(false);
    const used = makeCard(folder(), [{ segment: 1 }]);
    copyIn(path, [join(used, "SEG00001.TAR")]);
    expect(await isUsed({ kind: "image", path })).toBe(true);
    expect(await isUsed({ kind: "folder", path: used })).toBe(true);
    expect(await isUsed({ kind: "folder", path: join(used, "none") })).toBe(false);
    expect(await isUsed({ kind: "image", path: join(used, "none"), newMebibytes: 64 })).toBe(false);
  });
});

describe("making a card", () => {
  /** Stands for the host program, which is tested in test/firmware/image-card.test.ts. */
  const program = async (script: string) => join(await fillPath(folder(), { scripts: { program: script } }), "program");
  const MAKES = 'echo card > "$4"';
  const card = (path: string) => ({ kind: "image", path, newMebibytes: 64 }) as const;

  it("puts it in place when it is whole", async () => {
    const path = join(folder(), "deep", "card.img");
    await prepareCard(card(path), await program(MAKES), recordingContext());
    expect(readFileSync(path, "utf8")).toBe("card\n");
    expect(readdirSync(join(path, ".."))).toEqual(["card.img"]);
  });

  it("leaves nothing where the program fails, and says what it said", async () => {
    const path = join(folder(), "card.img");
    const fails = await program(`${MAKES}; echo "$4: cannot be the card: No space left on device" >&2; exit 2`);
    const error = await errorOf(prepareCard(card(path), fails, recordingContext()));
    expect(error).toMatchObject({ exitCode: ExitCode.Environment, message: expect.stringContaining("No space left") });
    const crashes = await program(`${MAKES}; kill -9 $$`);
    expect(await errorOf(prepareCard(card(path), crashes, recordingContext()))).toMatchObject({
      exitCode: ExitCode.Tool,
    });
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("leaves nothing when it is stopped", async () => {
    const path = join(folder(), "card.img");
    const controller = new AbortController();
    const slow = await program(`${MAKES}; sleep 60`);
    const work = errorOf(prepareCard(card(path), slow, recordingContext(controller.signal)));
    setTimeout(() => controller.abort(), 300);
    expect(await work).toBeInstanceOf(InterruptedError);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("never takes the place of a file that came meanwhile", async () => {
    const path = join(folder(), "card.img");
    const races = await program(`${MAKES}; echo mine > ${path}`);
    expect(await errorOf(prepareCard(card(path), races, recordingContext()))).toMatchObject({
      exitCode: ExitCode.User,
    });
    expect(readFileSync(path, "utf8")).toBe("mine\n");
    expect(readdirSync(join(path, ".."))).toEqual(["card.img"]);
  });
});

describe("the command line", () => {
  it("wants a name for a new card", async () => {
    const { exitCode, stderr } = await smilec(["simulate", "--images", ".", "--card-size", "64M"], { cwd: folder() });
    expect(exitCode).toBe(ExitCode.User);
    expect(stderr).toContain("a new card wants a name");
  });
});
