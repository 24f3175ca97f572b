/** Cards with captures of the real firmware, pulled once, again, after more presses, withdrawn, damaged, mixed up. */
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { HEADER_BYTES } from "#smilec/captures/layout.js";
import { openFolderSource } from "#smilec/captures/pull/folder-source.js";
import { QUARANTINE_BYTES } from "#smilec/captures/pull/quarantine.js";
import type { CardSource, SegmentFile } from "#smilec/captures/pull/source.js";
import { type ReadBytes, readSegment } from "#smilec/captures/read-segment.js";
import { EnvironmentError } from "#smilec/errors.js";
import { makeCard, makeSegment, smallSlot } from "../../support/card.js";
import { OPTIMIZED } from "../../support/compile.js";
import { HostBot, randomPictures } from "../../support/host-bot.js";
import { counts, damageOf, lookInto, pullFolder, pullSource, quietly, recoverFolder } from "../../support/pulling.js";
import { Random } from "../../support/random.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

jest.setTimeout(60_000);

const temporary = temporaryFolders();
let card: string;
let into: string;
beforeEach(() => {
  card = temporary();
  into = temporary();
});

/** Changes bytes of a segment on the card. */
function patch(file: string, offset: number, ...bytes: number[]): void {
  const all = readFileSync(join(card, file));
  all.set(bytes, offset);
  writeFileSync(join(card, file), all);
}
const MARK = HEADER_BYTES + 34;
const withdraw = (slot: number, file = "SEG00001.TAR") => patch(file, smallSlot(slot) + MARK, 0x31);

describe("pulling what the firmware wrote", () => {
  let bot: HostBot;
  beforeAll(async () => {
    bot = await HostBot.build({ flags: OPTIMIZED });
  }, 60_000);
  afterAll(() => bot.dispose());

  it("copies every picture as it is on the card, once, with its metadata", async () => {
    const used = bot.makeCard();
    const random = new Random(3);
    await bot.press(bot.writePictures(randomPictures(random, 4)), used);
    const before = statSync(join(used, "SEG00001.TAR")).mtimeMs;
    expect(counts(await pullFolder(used, into))).toEqual({ added: 12 });
    const { captures, files } = lookInto(into);
    for (const capture of captures) {
      const segment = readSegment(join(used, `SEG0000${capture.metadata.segment}.TAR`));
      for await (const record of segment) {
        if (record.kind !== "capture" || record.capture.header.sequence !== capture.key.sequence) continue;
        expect(readFileSync(join(into, capture.path)).equals(Buffer.from(record.capture.payload))).toBe(true);
        expect(capture.metadata).toEqual(record.capture.metadata);
      }
    }
    expect(files).toEqual(captures.map(({ path }) => path).sort());
    expect(statSync(join(used, "SEG00001.TAR")).mtimeMs).toBe(before);

    await bot.press(bot.writePictures(randomPictures(random, 2)), used);
    const again = await pullFolder(used, into);
    expect(again.tally.added).toBe(6);
    expect(again.total).toBe(18);
    expect(counts(await pullFolder(used, into))).toEqual({});
  });
});

describe("pulling a card", () => {
  it("reads an unchanged segment no further than its ends", async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2 }, { segment: 3, captures: 4 }]);
    await pullFolder(card, into);
    const source = await openFolderSource(card);
    let bytes = 0;
    const segments = async () =>
      (await source.segments()).map((file) => ({
        ...file,
        open: async () => {
          const opened = await file.open();
          const read = (offset: number, length: number) => {
            bytes += length;
            return opened.read(offset, length);
          };
          return { ...opened, read };
        },
      }));
    const result = await pullSource({ ...source, segments }, into);
    expect(result).toMatchObject({ segments: 3, unchanged: 3 });
    // Head and two headers of each, and of the newest also the last captures' marks and what may follow.
    expect(bytes).toBeLessThan(3 * 4096 + 8 * 2048);
  });

  it("keeps two bots, two cards of one bot, and a card that another bot goes on with, apart", async () => {
    makeCard(card, [{ segment: 1 }]);
    const other = makeCard(temporary(), [{ segment: 1, epoch: 0x77, seed: 1 }]);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 8 });
    expect(counts(await pullFolder(other, into))).toEqual({ added: 8 });
    makeCard(card, [{ segment: 2, device: 0xb0b, firstSequence: 1 }]);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 8 });
    expect(counts(await pullFolder(other, into))).toEqual({});
    expect(lookInto(into).captures).toHaveLength(24);
  });

  it("takes a copy of the card for the card", async () => {
    makeCard(card, [{ segment: 1 }]);
    await pullFolder(card, into);
    const copy = temporary();
    cpSync(card, copy, { recursive: true });
    cpSync(join(card, "SEG00001.TAR"), join(copy, "an old copy.tar"));
    expect(counts(await pullFolder(copy, into))).toEqual({});
    expect(counts(await pullFolder(join(copy, "an old copy.tar"), into))).toEqual({});
  });

  it("puts aside a capture of the same name with another picture, and keeps the first", async () => {
    makeCard(card, [{ segment: 1 }]);
    await pullFolder(card, into);
    const before = lookInto(into).captures.map(({ payloadCrc }) => payloadCrc);
    const other = makeCard(temporary(), [{ segment: 1, seed: 9, captures: 3 }]);
    expect(counts(await pullFolder(other, into))).toEqual({ conflict: 3 });
    const { captures, quarantined, files } = lookInto(into);
    expect(captures.map(({ payloadCrc }) => payloadCrc)).toEqual(before);
    expect(quarantined.map(({ reason, key }) => [reason, key?.sequence])).toEqual([
      ["conflict", 1],
      ["conflict", 2],
      ["conflict", 3],
    ]);
    expect(files).toContain(quarantined[0].path);
    const slot = makeSegment({ segment: 1, seed: 9 }).subarray(smallSlot(0), smallSlot(1));
    expect(readFileSync(join(into, quarantined[0].path!)).equals(slot)).toBe(true);
  });

  it("lists and puts aside what is torn, stale, damaged, foreign or cut short, and takes the rest", async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2 }, { segment: 3, captures: 5 }, { segment: 4 }, { segment: 5 }]);
    patch("SEG00001.TAR", smallSlot(2), ...new Array(64).fill(0xa5));
    patch("SEG00002.TAR", smallSlot(3) + 2000, 1, 2, 3);
    patch("SEG00003.TAR", smallSlot(5), ...makeSegment({ segment: 9, epoch: 7 }).subarray(smallSlot(0), smallSlot(1)));
    patch("SEG00004.TAR", 300, 0xff);
    writeFileSync(join(card, "SEG00005.TAR"), readFileSync(join(card, "SEG00005.TAR")).subarray(0, smallSlot(2) + 900));
    const result = await pullFolder(card, into);
    expect(counts(result)).toEqual({
      added: 7 + 7 + 5 + 2,
      torn: 1,
      "bad-crc": 1,
      stale: 1,
      foreign: 1,
      truncated: 2,
    });
    const { quarantined, files } = lookInto(into);
    // Of the slot behind the end there is nothing.
    const put = quarantined.filter(({ path }) => path !== undefined);
    expect(put).toHaveLength(5);
    for (const { path, reason } of put) {
      expect(path).toMatch(new RegExp(`^quarantine/SEG0000[1-5]\\.TAR-\\d+-${reason}-[0-9a-f]{8}\\.bin$`));
      expect(files).toContain(path);
    }
    // The newest segment is looked at again, because its last captures may have been withdrawn.
    expect(counts(await pullFolder(card, into))).toEqual({ foreign: 1, known: 2, truncated: 2 });
    expect(lookInto(into).quarantined).toHaveLength(quarantined.length);
  });

  it("lists a segment with a bad block, takes everything before it and all others, and ends when the card is gone", async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2, slots: 600, firstSequence: 9 }, { segment: 3, firstSequence: 700 }]);
    const failing = async (offsetOfError: number): Promise<CardSource> => {
      const source = await openFolderSource(card);
      const open = (file: SegmentFile) => async () => {
        const opened = await file.open();
        const read: ReadBytes = async (offset, length) => {
          if (file.name === "SEG00002.TAR" && offset + length > offsetOfError)
            throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
          return opened.read(offset, length);
        };
        return { ...opened, read };
      };
      const segments = async () => (await source.segments()).map((file) => ({ ...file, open: open(file) }));
      return { ...source, segments };
    };
    const result = await pullSource(await failing(smallSlot(500)), into);
    expect(counts(result)).toEqual({ added: 16 + 500, unreadable: 1 });
    expect(counts(await pullFolder(card, into))).toMatchObject({ added: 100, known: 500 });

    const gone = await failing(0);
    let looks = 0;
    const segments = async () => {
      if (looks++ > 0) throw new EnvironmentError("the card cannot be read any more");
      return gone.segments();
    };
    await expect(pullSource({ ...gone, segments }, into)).rejects.toThrow("the card cannot be read any more");
  });

  it("follows no links, waits for no pipe and leaves the folder by no name", async () => {
    const secret = join(temporary(), "secret.tar");
    writeFileSync(secret, makeSegment({ segment: 1 }));
    symlinkSync(secret, join(card, "SEG00001.TAR"));
    mkdirSync(join(card, "SEG00002.TAR"));
    const hostile = makeSegment({ segment: 3 });
    hostile.write("../../../../tmp/evil.pgm", smallSlot(0), "latin1");
    hostile.write("/etc/passwd\0", smallSlot(1) + 157, "latin1");
    writeFileSync(join(card, "SEG00003.TAR"), hostile);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 6, unreadable: 2, torn: 1 });
  });

  it("does not write through links in its own folder", async () => {
    makeCard(card, [{ segment: 1 }]);
    const elsewhere = temporary();
    symlinkSync(elsewhere, join(into, "1a2b3c4d"));
    await expect(pullFolder(card, into)).rejects.toThrow(/in the way of the pictures/);
    unlinkSync(join(into, "1a2b3c4d"));
    expect(counts(await pullFolder(card, into))).toEqual({ added: 8 });
    expect(lookInto(elsewhere).files).toEqual([]);
  });

  it("says what to do when there is no card, no segment or another pull", async () => {
    await expect(pullFolder(join(card, "missing"), into)).rejects.toThrow("there is no such folder");
    await expect(pullFolder(card, into)).rejects.toMatchObject({ exitCode: 2, message: /no captures/ });
    makeCard(card, [{ segment: 1 }]);
    const both = await Promise.allSettled([pullFolder(card, into), pullFolder(card, into)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [{ reason }] = both.filter((one) => one.status === "rejected");
    expect(reason).toMatchObject({ exitCode: 4, message: "another pull into these captures is under way" });
  });

  it("stops when asked, and keeps what it has", async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2 }]);
    const stop = new AbortController();
    const progress = () => ({
      update: (_: number, note?: string) => note === "5 new" && stop.abort(),
      end: () => undefined,
    });
    const context = { reporter: { ...quietly.reporter, progress }, signal: stop.signal };
    await expect(pullFolder(card, into, { context })).rejects.toMatchObject({
      exitCode: 130,
      message: /new captures are kept/,
    });
    const kept = lookInto(into).captures.length;
    expect(kept).toBeGreaterThanOrEqual(5);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 16 - kept, known: kept });
    expect(lookInto(into).captures).toHaveLength(16);
  });

  it("commits no row before its picture is durable", async () => {
    makeCard(
      card,
      [1, 2, 3, 4].map((segment) => ({ segment, slots: 600 })),
    );
    const catalogue = Catalogue.open(into);
    let synced = 0;
    const seen: boolean[] = [];
    const sync = async () => {
      const rows = catalogue.count();
      seen.push(rows <= synced);
      synced = lookInto(into).files.length;
      return true;
    };
    const batch = { rows: 500, ms: 60_000 };
    expect((await pullFolder(card, into, { sync, batch })).tally.added).toBe(2400);
    catalogue.close();
    expect(seen).toEqual(seen.map(() => true));
    expect(seen).toHaveLength(5);
  });

  it("goes on copying while what was copied is made durable", async () => {
    makeCard(card, [{ segment: 1, slots: 60, width: 320, height: 240 }]);
    let copied = 0;
    const sync = async () => {
      // The first one takes until half of the others are there: none would come if the pull waited for it.
      while (copied === 0 && lookInto(into).files.length < 30) await new Promise((resolve) => setTimeout(resolve, 20));
      copied = lookInto(into).files.length;
      return true;
    };
    const result = await pullFolder(card, into, { sync, batch: { rows: 1000, ms: 0 } });
    expect(counts(result)).toEqual({ added: 60 });
    expect(copied).toBe(60);
  });

  it("makes files durable one by one where the file system cannot be synced as a whole", async () => {
    makeCard(card, [{ segment: 1 }]);
    expect(counts(await pullFolder(card, into, { sync: async () => false }))).toEqual({ added: 8 });
    const pictures = new Map(
      lookInto(into).captures.map(({ key, path }) => [key.sequence, readFileSync(join(into, path))]),
    );
    expect(damageOf(into, pictures)).toEqual([]);
  });

  it("stops putting aside when the quarantine is full", async () => {
    makeCard(card, [{ segment: 1 }]);
    patch("SEG00001.TAR", smallSlot(3) + 2000, 1, 2, 3);
    mkdirSync(join(into, "quarantine"));
    const filler = join(into, "quarantine", "earlier.bin");
    writeFileSync(filler, "");
    const { truncateSync } = await import("node:fs");
    truncateSync(filler, QUARANTINE_BYTES);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 7, "bad-crc": 1 });
    expect(lookInto(into).quarantined).toMatchObject([{ reason: "bad-crc", path: undefined }]);
  });
});

describe("what was withdrawn on the bot", () => {
  it("is left on the card", async () => {
    makeCard(card, [{ segment: 1 }]);
    withdraw(4);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 7, withdrawn: 1 });
    expect(lookInto(into).files).toHaveLength(7);
  });

  it("is not taken from an older copy of the card later", async () => {
    makeCard(card, [{ segment: 1 }]);
    const copy = temporary();
    cpSync(card, copy, { recursive: true });
    withdraw(4);
    await pullFolder(card, into);
    expect(counts(await pullFolder(copy, into))).toEqual({});
    expect(counts(await recoverFolder(copy, into))).toEqual({ known: 7, skipped: 1 });
    expect(lookInto(into).files).toHaveLength(7);
  });

  it("is removed here when that happened after it was pulled, also while nothing else changed", async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2, captures: 6 }]);
    await pullFolder(card, into);
    for (const slot of [3, 4, 5]) withdraw(slot, "SEG00002.TAR");
    const result = await pullFolder(card, into);
    expect(counts(result)).toEqual({ removed: 3 });
    expect(result.unchanged).toBe(2);
    const { captures, files } = lookInto(into);
    expect(captures.filter(({ state }) => state === "withdrawn").map(({ metadata }) => metadata.slot)).toEqual([
      3, 4, 5,
    ]);
    expect(files).toHaveLength(11);
    expect(counts(await pullFolder(card, into))).toEqual({});
  });

  it("in the last press of a segment is noticed when the next one has begun meanwhile", async () => {
    makeCard(card, [{ segment: 1 }]);
    await pullFolder(card, into);
    withdraw(7);
    makeCard(temporary(), []);
    makeCard(
      card,
      [{ segment: 2, captures: 3 }].map((spec) => spec),
    );
    expect(counts(await pullFolder(card, into))).toEqual({ added: 3, removed: 1 });
  });

  it("is told from a damaged block: then the picture is kept", async () => {
    makeCard(card, [{ segment: 1, captures: 6 }]);
    await pullFolder(card, into);
    patch("SEG00001.TAR", smallSlot(5) + HEADER_BYTES, ...new Array(512).fill(0xff));
    expect(counts(await pullFolder(card, into))).toEqual({ known: 5, "bad-crc": 1 });
    expect(lookInto(into).files).toHaveLength(6);
  });

  it("is not put aside either, and what was put aside of it is removed", async () => {
    makeCard(card, [{ segment: 1, captures: 6 }]);
    patch("SEG00001.TAR", smallSlot(5) + 2000, 1, 2, 3);
    await pullFolder(card, into);
    expect(lookInto(into).files.filter((path) => path.startsWith("quarantine"))).toHaveLength(1);
    const sound = makeSegment({ segment: 1 }).subarray(smallSlot(5), smallSlot(6));
    patch("SEG00001.TAR", smallSlot(5), ...sound);
    withdraw(5);
    expect(counts(await pullFolder(card, into))).toEqual({ known: 5, withdrawn: 1 });
    expect(lookInto(into).files.filter((path) => path.startsWith("quarantine"))).toEqual([]);
    patch("SEG00001.TAR", smallSlot(5) + 2000, 1, 2, 3);
    const fresh = temporary();
    expect(counts(await pullFolder(card, fresh))).toEqual({ added: 5, "bad-crc": 1 });
    expect(lookInto(fresh).quarantined[0].path).toBeUndefined();
  });
});

describe("a capture that a person deleted here", () => {
  it("is not pulled again", async () => {
    makeCard(card, [{ segment: 1 }]);
    await pullFolder(card, into);
    const catalogue = Catalogue.open(into);
    const [{ id, path }] = catalogue.captures();
    catalogue.labels.markDeleted(id);
    catalogue.close();
    rmSync(join(into, path));
    makeCard(card, [{ segment: 2, captures: 1 }]);
    expect(counts(await pullFolder(card, into))).toEqual({ added: 1 });
    rmSync(join(card, "SEG00002.TAR"));
    cpSync(join(card, "SEG00001.TAR"), join(card, "copy.tar"));
    expect(counts(await pullFolder(join(card, "copy.tar"), into))).toEqual({});
    expect(lookInto(into).files).toHaveLength(8);
  });
});
