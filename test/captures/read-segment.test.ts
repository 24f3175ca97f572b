/** Segments as cards return them: damaged, truncated, mixed up, hostile. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { formatHead, formatHeader, type SegmentHead, segmentBytes } from "#smilec/captures/format.js";
import { HEAD_BYTES } from "#smilec/captures/layout.js";
import { readSegment, type SegmentRecord } from "#smilec/captures/read-segment.js";
import { UserError } from "#smilec/errors.js";
import { OPTIMIZED } from "../support/compile.js";
import { HostBot, randomPictures } from "../support/host-bot.js";
import { Random } from "../support/random.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const SLOT = 3072;
const slotAt = (slot: number) => HEAD_BYTES + slot * SLOT;

jest.setTimeout(30_000);

const temporary = temporaryFolders();
let good: Buffer;
beforeAll(async () => {
  const bot = await HostBot.build({ flags: OPTIMIZED });
  try {
    const card = bot.makeCard();
    await bot.press(bot.writePictures(randomPictures(new Random(1), 2)), card);
    good = readFileSync(join(card, "SEG00001.TAR"));
  } finally {
    await bot.dispose();
  }
}, 60_000);

afterAll(() => expect(good.length).toBe(segmentBytes({ slots: 8, slotBytes: SLOT })));

async function read(bytes: Uint8Array, name = "SEG00001.TAR"): Promise<SegmentRecord[]> {
  const folder = temporary();
  writeFileSync(join(folder, name), bytes);
  const records: SegmentRecord[] = [];
  for await (const record of readSegment(join(folder, name))) records.push(record);
  return records;
}

/** `capture 3`, `withdrawn 2`, `bad-crc 1` by slot. */
const summary = (records: readonly SegmentRecord[]) =>
  records.map((record) => {
    if (record.kind === "capture") return `capture ${record.capture.slot}`;
    return record.kind === "withdrawn" ? `withdrawn ${record.slot}` : `${record.reason} ${record.slot ?? "file"}`;
  });

const ALL = [0, 1, 2, 3, 4, 5].map((slot) => `capture ${slot}`);
const allBut = (slot: number, instead: string) => ALL.map((line, i) => (i === slot ? instead : line));

describe("reading a segment", () => {
  it("gives every capture in order and nothing for free slots", async () => {
    expect(summary(await read(good))).toEqual(ALL);
  });

  it("gives no picture of what was withdrawn", async () => {
    const bytes = Buffer.from(good);
    bytes[slotAt(2) + 512 + 34] = 0x31;
    const records = await read(bytes);
    expect(summary(records)).toEqual(allBut(2, "withdrawn 2"));
    expect(Object.keys(records[2]).sort()).toEqual(["header", "kind", "slot"]);
  });

  it("takes a picture of zeros for withdrawn: so it comes over the serial line", async () => {
    const bytes = Buffer.from(good).fill(0, slotAt(2) + 512, slotAt(3));
    expect(summary(await read(bytes))).toEqual(allBut(2, "withdrawn 2"));
    bytes[slotAt(3) - 1] = 1;
    expect(summary(await read(bytes))).toEqual(allBut(2, "bad-crc 2"));
  });

  it("takes a damaged mark for withdrawn", async () => {
    const bytes = Buffer.from(good);
    bytes[slotAt(2) + 512 + 34] = 0xff;
    expect(summary(await read(bytes))).toEqual(allBut(2, "withdrawn 2"));
  });

  it("finds a changed bit anywhere in a slot, and keeps the other captures", async () => {
    const random = new Random(5);
    let found = 0;
    for (let i = 0; i < 250; i++) {
      const bytes = Buffer.from(good);
      const at = slotAt(3) + random.integer(0, SLOT - 1);
      bytes[at] ^= 1 << random.integer(0, 7);
      const lines = summary(await read(bytes));
      expect(lines.filter((_, slot) => slot !== 3)).toEqual(ALL.filter((_, slot) => slot !== 3));
      // The byte behind the checksum's digits says nothing; the mark may say withdrawn.
      if (lines[3] !== "capture 3") found++;
      expect(["capture 3", "bad-crc 3", "torn 3", "withdrawn 3"]).toContain(lines[3]);
    }
    expect(found).toBeGreaterThanOrEqual(248);
  });

  it("says that a header in line is torn, and goes on behind it", async () => {
    const bytes = Buffer.from(good);
    bytes.fill(0xa5, slotAt(1), slotAt(1) + 256);
    expect(summary(await read(bytes))).toEqual(allBut(1, "torn 1"));
  });

  it("goes on behind a header that was lost", async () => {
    const bytes = Buffer.from(good);
    bytes.fill(0, slotAt(1), slotAt(1) + 512);
    expect(summary(await read(bytes))).toEqual(ALL.filter((_, slot) => slot !== 1));
  });

  it("knows what another segment left on the same blocks", async () => {
    const bytes = Buffer.from(good);
    good.copy(bytes, slotAt(6), slotAt(0), slotAt(1));
    const header = { ...captureHeader(await read(good)), epoch: 7 };
    bytes.set(formatHeader(header), slotAt(6));
    expect(summary(await read(bytes))).toEqual([...ALL, "stale 6"]);
  });

  it("does not take a capture for another slot's", async () => {
    const bytes = Buffer.from(good);
    good.copy(bytes, slotAt(6), slotAt(2), slotAt(3));
    expect(summary(await read(bytes))).toEqual([...ALL, "bad-metadata 6"]);
  });

  it("does not believe a file that has another segment's contents under its name", async () => {
    expect(summary(await read(good, "SEG00002.TAR"))).toEqual(["stale file"]);
    expect(summary(await read(good, "copy of a segment.tar"))).toEqual(ALL);
  });

  it("of any length gives what is whole", async () => {
    const random = new Random(6);
    for (const length of [
      0,
      1,
      511,
      512,
      1023,
      1024,
      1025,
      ...Array.from({ length: 60 }, () => random.integer(0, good.length)),
    ]) {
      const lines = summary(await read(good.subarray(0, length)));
      const whole = Math.max(0, Math.min(6, Math.floor((length - HEAD_BYTES) / SLOT)));
      expect(lines.filter((line) => line.startsWith("capture"))).toEqual(ALL.slice(0, whole));
      if (length < HEAD_BYTES) expect(lines).toEqual(["foreign file"]);
      else if (length < slotAt(7)) expect(lines.at(-1)).toMatch(/^truncated/);
    }
  });

  it("of noise, zeros or another tar file is foreign", async () => {
    const random = new Random(7);
    const noise = Uint8Array.from({ length: 20_000 }, () => random.integer(0, 255));
    expect(summary(await read(noise))).toEqual(["foreign file"]);
    expect(summary(await read(new Uint8Array(20_000)))).toEqual(["foreign file"]);
    expect(summary(await read(good.subarray(slotAt(0))))).toEqual(["foreign file"]);
  });

  it("with a valid head that lies about its geometry ends where the file does", async () => {
    const { header } = headOf(good);
    for (const geometry of [
      { slots: 4096, slotBytes: SLOT },
      { slots: 1, slotBytes: 1048576 },
      { slots: 8, slotBytes: 2048 },
    ]) {
      const bytes = Buffer.from(good);
      bytes.set(formatHead({ header, ...geometry }));
      expect(summary(await read(bytes)).filter((line) => line.startsWith("capture")).length).toBeLessThanOrEqual(6);
    }
    for (const geometry of [
      { slots: 0, slotBytes: SLOT },
      { slots: 4097, slotBytes: SLOT },
      { slots: 4, slotBytes: 1 << 30 },
      { slots: 4, slotBytes: 3000 },
    ]) {
      const bytes = Buffer.from(good);
      bytes.set(formatHead({ header, ...geometry }));
      expect(summary(await read(bytes))).toEqual(["foreign file"]);
    }
  });

  it("survives random damage of every kind without throwing, and never shows a picture that is not the one written", async () => {
    const random = new Random(8);
    const pictures = new Map(
      (await read(good)).flatMap((record) =>
        record.kind === "capture" ? [[record.capture.header.sequence, record.capture.payload] as const] : [],
      ),
    );
    let shown = 0;
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.from(good.subarray(0, random.chance(0.2) ? random.integer(0, good.length) : good.length));
      for (let k = random.integer(1, 6); k > 0 && bytes.length > 2048; k--) {
        const at = random.integer(0, bytes.length - 1024);
        const length = random.integer(1, 1024);
        if (random.chance(0.5)) bytes.copy(bytes, at, random.integer(0, bytes.length - length), bytes.length);
        else bytes.fill(random.integer(0, 255), at, at + length);
      }
      for (const record of await read(bytes)) {
        if (record.kind !== "capture") continue;
        shown++;
        expect(Buffer.from(record.capture.payload).equals(pictures.get(record.capture.header.sequence)!)).toBe(true);
      }
    }
    expect(shown).toBeGreaterThan(200);
  });

  it("that does not exist is the user's error", async () => {
    const records = readSegment(join(temporary(), "missing.tar"));
    await expect(records.next()).rejects.toThrow(UserError);
  });
});

function captureHeader(records: readonly SegmentRecord[]) {
  const [first] = records;
  if (first.kind !== "capture") throw new Error("no capture");
  return first.capture.header;
}

function headOf(bytes: Buffer): Pick<SegmentHead, "header"> {
  const epoch = Number.parseInt(bytes.toString("latin1", 265 + 17, 265 + 25), 16);
  const device = Number.parseInt(bytes.toString("latin1", 265 + 8, 265 + 16), 16);
  return {
    header: { kind: "head", device, epoch, segment: 1, sequence: 1, boot: 1, payloadBytes: 512, payloadCrc: 0 },
  };
}
