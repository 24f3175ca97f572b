/** What goes wrong with a card, each with its outcome (docs/faults.md): the board's card code over the real FatFs, on images with faults, under sanitizers. */
import { randomFillSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readSegment, type SegmentRecord } from "#smilec/captures/read-segment.js";
import { capturesOf, ofKind, problemsOf } from "../support/bot.js";
import { SANITIZED } from "../support/compile.js";
import { type FatBot, type FatBotEvent, FatBotProgram, readLog } from "../support/fat-bot.js";
import { FatImage, fillImage, judge, makeFatImage, withoutFatTools } from "../support/fat-image.js";
import { SEGMENT_CLUSTERS } from "../support/power-cuts.js";

const FAULT = { noCard: 4, cardFull: 8, cardFails: 16, cardFormat: 32 };
/** Longer than the longest wait between two attempts to use the card. */
const LATER = "wait 130000";
const PRESSES = ["press 100", "press 100", "press 100"];

/** Otherwise every third byte of what is flipped on the card. */
const EVERYTHING = process.env.SMILEC_POWER_CUTS === "all";
const STEP = EVERYTHING ? 1 : 7;

const reason = await withoutFatTools();
const checked = reason === undefined ? it : it.skip;
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;
const say = (text: string) => process.stderr.write(`    ${text}\n`);

let program: FatBotProgram;
let bot: FatBot;
let images = 0;
beforeAll(async () => {
  if (reason === undefined) program = await FatBotProgram.build({ flags: SANITIZED });
  bot = program?.start();
}, 180_000);
afterAll(async () => {
  await bot?.stop();
  await program?.dispose();
});

async function makeCard(options: Parameters<typeof makeFatImage>[1] = {}): Promise<string> {
  const path = join(program.folder, `card${images++}.img`);
  await makeFatImage(path, options);
  return path;
}

const logOn = (image: string, start = 0): Promise<SegmentRecord[]> =>
  readLog(new FatImage(image, start), program.folder);
const numbers = (records: readonly SegmentRecord[]) => capturesOf(records).map(({ header }) => header.sequence);
const acknowledged = (events: readonly FatBotEvent[]) =>
  ofKind(events, "done").flatMap(({ sequences }) => sequences ?? []);
const logged = (events: readonly FatBotEvent[]) => ofKind(events, "done").map(({ sequences }) => sequences!.length);

/** A new bot on a new card, whose contents `restore` brings back. */
const fresh = (image: string) => [`insert ${image}`, "keep"];
const START = ["restore", "forget 5"];

/** Block reads, writes and questions of a life. */
async function countOperations(...life: string[]): Promise<number> {
  const events = await bot.play(...START, "state", ...life, "state");
  const [from, to] = events.flatMap(({ operations }) => operations ?? []);
  return to - from;
}

/** Everything acknowledged is there, once, and the file system is in order. */
async function expectWhole(image: string, events: readonly FatBotEvent[]): Promise<void> {
  const found = numbers(await logOn(image));
  expect(acknowledged(events).filter((sequence) => !found.includes(sequence))).toEqual([]);
  expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
  expectEachFrameOnce(await logOn(image));
  expect((await judge(image)).damage).toEqual([]);
}

/** No frame of a press is there twice, and those of one press are in one segment. */
function expectEachFrameOnce(records: readonly SegmentRecord[]): void {
  const frames = capturesOf(records).map(({ header, metadata }) => {
    const press = `${header.boot}.${metadata.press}`;
    return { press, segment: header.segment, frame: `${press}.${metadata.burstIndex}` };
  });
  expect(frames).toHaveLength(new Set(frames.map(({ frame }) => frame)).size);
  const places = new Set(frames.map(({ press, segment }) => `${press} in ${segment}`));
  expect(places.size).toBe(new Set(frames.map(({ press }) => press)).size);
}

describe("a card", () => {
  checked(
    `pulled out at any operation and put back loses no acknowledged capture, and the log goes on${suffix}`,
    async () => {
      const image = await makeCard();
      await bot.play(...fresh(image));
      const life = ["boot 1", ...PRESSES];
      const operations = await countOperations(...life);
      for (let n = 0; n < operations; n++) {
        const before = await bot.play(...START, `pull ${n}`, ...life);
        expect(ofKind(before, "scored")).toHaveLength(3);
        // Whether the bot had noticed or not: the very next press is logged.
        const after = await bot.play("push", "press 100", LATER, "press 100", "press 100", "state");
        expect(logged(after)).toEqual([3, 3, 3]);
        expect(ofKind(after, "state")).toMatchObject([{ faults: 0 }]);
        await expectWhole(image, [...before, ...after]);
      }
      say(`${operations} operations at which the card was pulled out`);
      expect(operations).toBeGreaterThan(100);
    },
    240_000,
  );

  checked(
    `exchanged for another one at any operation or while idle keeps what it had, and the other one is used${suffix}`,
    async () => {
      const [image, other] = [await makeCard(), await makeCard()];
      await bot.play(`insert ${other}`, "forget 7", "boot 1", "press 100");
      const life = ["boot 1", ...PRESSES];
      await bot.play(...fresh(image));
      const operations = await countOperations(...life);
      let there = 3;
      for (let n = 0; n < operations + STEP; n += STEP) {
        await makeFatImage(image);
        const before = await bot.play(...fresh(image), `pull ${n}`, ...life);
        const after = await bot.play(`insert ${other}`, "press 100", LATER, "press 100");
        expect(logged(after)).toEqual([3, 3]);
        await expectWhole(image, before);
        await expectWhole(other, after);
        there += acknowledged(after).length;
        expect(numbers(await logOn(other))).toHaveLength(there);
      }
      say(`${Math.ceil(operations / STEP) + 1} operations at which the card was exchanged`);
    },
    240_000,
  );

  checked.each([
    ["writes", 1],
    ["reads", 1],
    ["both", 3],
  ] as const)(
    `whose %s fail %i times in a row at any operation loses no acknowledged capture, and the log goes on${suffix}`,
    async (which, count) => {
      const image = await makeCard();
      await bot.play(...fresh(image));
      const life = ["boot 1", ...PRESSES];
      const operations = await countOperations(...life);
      for (let n = 0; n < operations; n++) {
        const before = await bot.play(...START, `fail ${n} ${count} ${which}`, ...life);
        expect(ofKind(before, "scored")).toHaveLength(3);
        if (count === 1) expect(logged(before)).toEqual([3, 3, 3]);
        const after = await bot.play("repair", LATER, ...PRESSES, "state");
        expect(logged(after)).toEqual([3, 3, 3]);
        expect(ofKind(after, "state")).toMatchObject([{ faults: 0 }]);
        await expectWhole(image, [...before, ...after]);
      }
      say(`${operations} operations at which ${which} failed ${count} times`);
    },
    240_000,
  );

  checked(
    `that does not read something while it is mounted gets no number twice${suffix}`,
    async () => {
      const image = await makeCard();
      await bot.play(...fresh(image));
      const life = [...START, "boot 1", ...PRESSES];
      const [from, to] = (await bot.play(...life, "state", "boot 1", "state")).flatMap(
        ({ operations }) => operations ?? [],
      );
      for (let n = 0; n < to - from; n++) {
        for (const count of [1, 2, 4]) {
          const fault = `fail ${n} ${count} reads`;
          const events = await bot.play(...life, fault, "boot 1", "repair", LATER, "press 100", "press 100");
          expect(logged(events)).toEqual([3, 3, 3, 3, 3]);
          await expectWhole(image, events);
        }
      }
      say(`${3 * (to - from)} mounts with reads that failed`);
    },
    120_000,
  );

  /** The first write of the log fails, and takes so long that the button is down again when the card is to be mounted. */
  const SLOW_FAILURE = ["fail 0 1 writes", "stall 0 3 100"];

  checked(
    `that fails while somebody presses again is mounted when the button is up, and both presses are logged${suffix}`,
    async () => {
      const image = await makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", ...SLOW_FAILURE);
      const events = await bot.play("wave 0 300000 340000 700000", "wait 5000", "state");
      expect(ofKind(events, "done").map(({ press, sequences }) => [press, sequences?.length])).toEqual([
        [2, 3],
        [3, 3],
      ]);
      expect(ofKind(events, "state")).toMatchObject([{ faults: 0 }]);
      await expectWhole(image, [...before, ...events]);
    },
    60_000,
  );

  checked(
    `that fails while somebody holds the button to withdraw the press: it is not logged, on no card and never${suffix}`,
    async () => {
      const image = await makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", ...SLOW_FAILURE);
      const events = await bot.play("wave 0 300000 340000 4000000", "wait 10000", "press 100");
      expect(ofKind(events, "done").map(({ press, sequences }) => [press, sequences?.length])).toEqual([
        [2, 0],
        [3, 3],
      ]);
      expect(ofKind(events, "withdrawn")).toHaveLength(1);
      const presses = capturesOf(await logOn(image)).map(({ metadata }) => metadata.press);
      expect(presses).toEqual([1, 1, 1, 3, 3, 3]);
      await expectWhole(image, [...before, ...events]);
    },
    60_000,
  );

  checked.each([
    ["that no longer reads or writes", "fail 0 1000000 both"],
    ["that no longer writes", "fail 0 1000000 writes"],
    ["that refuses writes", "readonly"],
    ["that says it is write-protected", "protect"],
  ])(
    `%s keeps no press from its answer, is shown as failing, and is used again when it is well${suffix}`,
    async (_, fault) => {
      const image = await makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, fault);
      const contents = readFileSync(image);
      const during = await bot.play(...PRESSES, LATER, ...PRESSES, "state");
      expect(ofKind(during, "scored")).toHaveLength(6);
      expect(acknowledged(during)).toEqual([]);
      expect(ofKind(during, "state")).toMatchObject([{ faults: FAULT.cardFails }]);
      expect(readFileSync(image).equals(contents)).toBe(true);
      const after = await bot.play("repair", LATER, ...PRESSES);
      expect(logged(after)).toEqual([3, 3, 3]);
      await expectWhole(image, [...before, ...after]);
    },
    60_000,
  );

  checked(
    `that takes writes and forgets them is shown as failing; nothing is acknowledged${suffix}`,
    async () => {
      const image = await makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "pretend");
      const during = await bot.play(...PRESSES, LATER, "press 100", "state");
      expect(ofKind(during, "scored")).toHaveLength(4);
      expect(acknowledged(during)).toEqual([]);
      expect(ofKind(during, "state")).toMatchObject([{ faults: FAULT.cardFails }]);
      await expectWhole(image, before);
    },
    60_000,
  );

  checked(
    `with room for any small number of clusters takes what fits, then is shown as full; nothing is deleted${suffix}`,
    async () => {
      const image = await makeCard();
      const most = 2 * SEGMENT_CLUSTERS + 4;
      const presses = Array.from({ length: 6 }, () => "press 100");
      await bot.play(...fresh(image));
      for (let free = 0; free <= most; free++) {
        await bot.play("restore");
        fillImage(image, (cluster, clusters) => cluster > clusters - free + 1);
        const events = await bot.play(...START, "boot 1", ...presses, "state");
        const segments = Math.floor(free / SEGMENT_CLUSTERS);
        expect(ofKind(events, "scored")).toHaveLength(6);
        expect(numbers(await logOn(image))).toEqual(Array.from({ length: segments * 6 }, (_, i) => i + 1));
        expect(ofKind(events, "state")).toMatchObject([{ faults: FAULT.cardFull }]);
        const again = await bot.play("boot 1", "press 100");
        expect(acknowledged(again)).toEqual([]);
        expect(new FatImage(image).files.map(({ name }) => name)).toContain("FILL.BIN");
        expect((await judge(image)).damage).toEqual([]);
      }
      say(`${most + 1} fills of the card`);
    },
    240_000,
  );

  checked(
    `that has room only in pieces is full; with a piece large enough it is not${suffix}`,
    async () => {
      const image = await makeCard();
      fillImage(image, (cluster) => cluster % 2 === 0);
      const full = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", "state");
      expect(ofKind(full, "state")).toMatchObject([{ faults: FAULT.cardFull }]);
      const roomy = await makeCard();
      fillImage(roomy, (cluster) => cluster % 2 === 0 || (cluster >= 5000 && cluster < 5000 + SEGMENT_CLUSTERS));
      const events = await bot.play(`insert ${roomy}`, "forget 5", "boot 1", "press 100");
      expect(logged(events)).toEqual([3]);
      await expectWhole(roomy, events);
    },
    60_000,
  );

  checked(
    `that stalls for two seconds at any operation keeps no lights waiting, and everything is logged${suffix}`,
    async () => {
      const image = await makeCard();
      await bot.play(...fresh(image));
      const operations = await countOperations("boot 1", ...PRESSES);
      for (let n = 0; n < operations; n++) {
        const events = await bot.play(...START, `stall ${n} 1 2000`, "boot 1", ...PRESSES);
        expect(logged(events)).toEqual([3, 3, 3]);
        for (const { latencyUs } of ofKind(events, "scored") as FatBotEvent[]) expect(latencyUs).toBeLessThan(200_000);
      }
      const slow = await bot.play(...START, "stall 0 1000000 200", "boot 1", LATER, "press 100", LATER, "press 100");
      expect(logged(slow)).toEqual([3, 3]);
      for (const { latencyUs } of ofKind(slow, "scored") as FatBotEvent[]) expect(latencyUs).toBeLessThan(200_000);
      await expectWhole(image, slow);
      say(`${operations} operations at which the card stalled, and a life in which every one took 0.2 s`);
    },
    120_000,
  );
});

describe("a card with another file system", () => {
  const signature = (jump: string, name: string) => {
    const image = Buffer.alloc(8 << 20);
    image.write(`${jump}${name}`, "latin1");
    image.writeUInt16LE(512, 11);
    image[13] = 8;
    image.writeUInt16LE(0xaa55, 510);
    return image;
  };
  const exFat = signature("\xeb\x76\x90", "EXFAT   ");
  exFat.fill(0, 11, 64);
  checked.each([
    ["exFAT", exFat],
    ["NTFS", signature("\xeb\x52\x90", "NTFS    ")],
    ["nothing but zeros", Buffer.alloc(8 << 20)],
    ["nothing but ones", Buffer.alloc(8 << 20, 0xff)],
    ["noise", randomFillSync(Buffer.alloc(1 << 20))],
    ["a partition table whose partition is not FAT", partitioned(Buffer.alloc(8 << 20), 0x83)],
  ])(
    `%s: is left as it is and shown; presses are answered${suffix}`,
    async (name, contents) => {
      const image = join(program.folder, `${name.split(" ")[0]}.img`);
      writeFileSync(image, contents);
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", LATER, "press 100", "state");
      expect(ofKind(events, "scored")).toHaveLength(2);
      expect(acknowledged(events)).toEqual([]);
      expect(ofKind(events, "state")).toMatchObject([{ faults: FAULT.cardFormat }]);
      expect(readFileSync(image).equals(contents)).toBe(true);
    },
    60_000,
  );

  checked(
    `FAT16: is used like any other${suffix}`,
    async () => {
      const image = await makeCard({ options: ["-F", "16", "-s", "2"] });
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "boot 1", "press 100");
      expect(logged(events)).toEqual([3, 3, 3, 3]);
      expect(ofKind(events, "mounted").at(-1)).toMatchObject({ segment: 2, slot: 3, sequence: 10 });
      expect((await judge(image)).damage).toEqual([]);
    },
    60_000,
  );

  checked(
    `FAT16 with room for a part of a segment at its end and for another at its beginning: is full, and nothing is harmed${suffix}`,
    async () => {
      const image = await makeCard({ options: ["-F", "16", "-s", "2"] });
      const contents = readFileSync(image);
      const tables = contents.readUInt16LE(14) * 512;
      const tableBytes = contents.readUInt16LE(22) * 512;
      // Clusters of two blocks, a segment takes 26: 20 free at the beginning, 46 at the end, all others bad.
      const before = (tables + 2 * tableBytes + contents.readUInt16LE(17) * 32) / 512;
      const clusters = Math.floor(((contents.readUInt16LE(19) || contents.readUInt32LE(32)) - before) / 2);
      for (let copy = 0; copy < 2; copy++) {
        for (let at = 22; at < clusters + 2 - 46; at++)
          contents.writeUInt16LE(0xfff7, tables + copy * tableBytes + at * 2);
      }
      writeFileSync(image, contents);
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "state");
      expect(logged(events)).toEqual([3, 3, 0]);
      const verdict = await judge(image);
      expect({ state: ofKind(events, "state")[0].faults, verdict }).toMatchObject({
        state: FAULT.cardFull,
        verdict: { damage: [], lostClusters: 0 },
      });
    },
    60_000,
  );

  checked(
    `FAT32 in a partition, as cards are sold: is used${suffix}`,
    async () => {
      const image = await makeCard({ kib: 36_000, options: ["-F", "32", "-s", "1", "--offset=2048"] });
      writeFileSync(image, partitioned(readFileSync(image), 0x0c));
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES);
      expect(logged(events)).toEqual([3, 3, 3]);
      expect(numbers(await logOn(image, 2048))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
    60_000,
  );
});

/** With a partition from sector 2048 on. */
function partitioned(image: Buffer, type: number): Buffer {
  image[446 + 4] = type;
  image.writeUInt32LE(2048, 446 + 8);
  image.writeUInt32LE(image.length / 512 - 2048, 446 + 12);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

describe("files that are not as they were", () => {
  checked(
    `a segment cut short, one without its end, one marked read-only and an empty one are left alone; nothing stops the log${suffix}`,
    async () => {
      for (const change of ["short", "headless", "read-only", "empty", "endless"]) {
        const image = await makeCard();
        await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", "press 100", "press 100");
        damageEntry(image, "SEG00002TAR", change);
        const events = await bot.play("boot 1", ...PRESSES, "state");
        expect({ change, logged: logged(events) }).toEqual({ change, logged: [3, 3, 3] });
        expect(ofKind(events, "state")).toMatchObject([{ faults: 0 }]);
      }
    },
    60_000,
  );

  checked(
    `a bit that flips in any byte of a head or header never makes the bot write over a capture that is whole${suffix}`,
    async () => {
      const image = await makeCard();
      await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "keep");
      const contents = new FatImage(image);
      const places = [...Array(1024).keys(), ...[0, 2, 5].flatMap((slot) => headerBytes(slot))];
      let torn = 0;
      for (let i = 0; i < places.length; i += EVERYTHING ? 1 : 3) {
        const at = places[i];
        const flip = `flip ${contents.offsetOf("SEG00001.TAR", at)} ${1 << (i % 8)}`;
        const events = await bot.play("restore", flip, "boot 1", "press 100");
        expect(logged(events)).toEqual([3]);
        const records = await logOn(image);
        const lost = numbers(records).length;
        // A damaged head hides its segment's captures from the reader, as it says; a damaged header its own capture.
        expect(lost).toBeGreaterThanOrEqual(at < 1024 ? 6 : 11);
        torn += problemsOf(records).length > 0 ? 1 : 0;
      }
      say(
        `${EVERYTHING ? places.length : Math.ceil(places.length / 3)} bytes flipped on the card; ${torn} recognised by the reader`,
      );
    },
    240_000,
  );
});

describe("a stored segment", () => {
  checked(
    `with a bit flipped in any byte never gives a capture that is not as it was written${suffix}`,
    async () => {
      const image = await makeCard();
      await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES);
      const file = new FatImage(image).files.find(({ name }) => name === "SEG00001.TAR")!.contents();
      const path = join(program.folder, "SEG00001.TAR");
      const read = async (): Promise<SegmentRecord[]> => {
        const records: SegmentRecord[] = [];
        for await (const record of readSegment(path)) records.push(record);
        return records;
      };
      writeFileSync(path, file);
      const written = capturesOf(await read()).map(({ payload }) => Buffer.from(payload));
      const found = new Map<string, number>();
      const places = 1024 + 3072;
      for (let at = 0; at < places; at++) {
        file[at] ^= 1 << (at % 8);
        writeFileSync(path, file);
        const records = await read();
        file[at] ^= 1 << (at % 8);
        for (const { header, payload } of capturesOf(records)) {
          expect(written[header.sequence - 1].equals(payload)).toBe(true);
        }
        const other = records.filter(({ kind }) => kind !== "capture");
        const what = other.map((record) => (record.kind === "problem" ? record.reason : record.kind)).join();
        found.set(what, (found.get(what) ?? 0) + 1);
      }
      say(
        `${places} bytes flipped: ${[...found].map(([what, count]) => `${count} ${what || "in filler"}`).join(", ")}`,
      );
      // Two bytes behind each checksum say nothing.
      expect(found.get("")).toBe(2 * 2);
    },
    120_000,
  );
});

const headerBytes = (slot: number) => Array.from({ length: 512 }, (_, i) => 1024 + slot * 3072 + i);

/** Changes a file's directory entry in the volume's first folder cluster. */
function damageEntry(image: string, name: string, change: string): void {
  const contents = readFileSync(image);
  const at = contents.indexOf(name, 0, "latin1");
  if (at < 0) throw new Error(`no ${name}`);
  if (change === "short") contents.writeUInt32LE(1024 + 3072 * 2 + 700, at + 28);
  if (change === "headless") contents.writeUInt32LE(700, at + 28);
  if (change === "empty") contents.writeUInt32LE(0, at + 28);
  if (change === "endless") contents.writeUInt32LE(0x7fffffff, at + 28);
  if (change === "read-only") contents[at + 11] |= 1;
  writeFileSync(image, contents);
}
