/** Reading ahead gives the bytes that are there, however they are asked for, and asks a source for one piece at a time. */
import { beforeEach, describe, expect, it } from "@jest/globals";
import { HEAD_BYTES } from "#smilec/captures/layout.js";
import { type PieceMemory, ReadAhead, TwoPieces } from "#smilec/captures/pull/read-ahead.js";
import type { ReadBytes } from "#smilec/captures/read-segment.js";
import { Random } from "../../support/random.js";

const SLOT = 4096;
const SLOTS = 1500;
const FILE = HEAD_BYTES + SLOTS * SLOT + 1024;
const bytes = Uint8Array.from({ length: FILE }, (_, i) => Math.imul(i, 2654435761) >>> 24);

describe("reading ahead", () => {
  let reads: { readonly offset: number; readonly length: number }[];
  let inFlight: number;
  let badFrom: number;
  beforeEach(() => {
    reads = [];
    inFlight = 0;
    badFrom = Number.POSITIVE_INFINITY;
  });

  /** Fills the space it is lent only after a while, as a disk does. */
  const source: ReadBytes = async (offset, length, space = new Uint8Array(length)) => {
    expect(inFlight++).toBe(0);
    reads.push({ offset, length });
    await new Promise((resolve) => setImmediate(resolve));
    inFlight--;
    if (offset + length > badFrom) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
    const part = bytes.subarray(offset, offset + length);
    space.set(part);
    return space.subarray(0, part.length);
  };

  const expectBytes = async ({ read }: ReadAhead, offset: number, length: number) =>
    expect(Buffer.compare(await read(offset, length), bytes.subarray(offset, offset + length))).toBe(0);

  /** As readSlots does: header, then what follows it. */
  async function readSlot(reader: ReadAhead, slot: number): Promise<void> {
    await expectBytes(reader, HEAD_BYTES + slot * SLOT, 512);
    await expectBytes(reader, HEAD_BYTES + slot * SLOT + 512, SLOT - 512);
  }

  it("reads a segment once, in few pieces that end where slots do", async () => {
    for (const prefetch of [false, true]) {
      reads = [];
      const reader = new ReadAhead(source, FILE, { slotBytes: SLOT, prefetch });
      for (let slot = 0; slot < SLOTS; slot++) await readSlot(reader, slot);
      await reader.end();
      expect(reads.length).toBeLessThan(12);
      reads.reduce((reached, { offset, length }) => {
        expect(offset).toBe(reached);
        return offset + length;
      }, HEAD_BYTES);
    }
  });

  it("gives the same bytes wherever reading jumps", async () => {
    const random = new Random(7);
    const memory = new TwoPieces();
    for (let round = 0; round < 40; round++) {
      const options = { memory, prefetch: round % 2 === 0, ...(round % 3 === 0 ? {} : { slotBytes: SLOT }) };
      const reader = new ReadAhead(source, FILE, options);
      for (let turn = 0, slot = 0; turn < 40; turn++, slot = (slot + 1) % SLOTS) {
        if (random.integer(0, 3) === 0) slot = random.integer(0, SLOTS - 1);
        await readSlot(reader, slot);
        if (random.integer(0, 5) === 0) await expectBytes(reader, random.integer(0, FILE), random.integer(0, 3 * SLOT));
      }
      await reader.end();
    }
    expect(reads.length).toBeGreaterThan(500);
  });

  it("reads exactly what is asked for without slots, and a known slot's first block with its header", async () => {
    const reader = new ReadAhead(source, FILE);
    for (const slot of [0, 1, 2]) {
      await expectBytes(reader, HEAD_BYTES + slot * SLOT, 512);
      await expectBytes(reader, HEAD_BYTES + slot * SLOT + 512, 512);
    }
    expect(reads).toEqual([0, 1, 2].map((slot) => ({ offset: HEAD_BYTES + slot * SLOT, length: 1024 })));
  });

  it("gives everything before a block that cannot be read", async () => {
    for (const prefetch of [false, true]) {
      badFrom = HEAD_BYTES + 700 * SLOT;
      const reader = new ReadAhead(source, FILE, { slotBytes: SLOT, prefetch });
      for (let slot = 0; slot < 700; slot++) await readSlot(reader, slot);
      await expect(reader.read(badFrom, 512)).rejects.toThrow("EIO");
      await reader.end();
    }
  });

  it("gives fewer bytes at the end of the file only, and none behind it", async () => {
    const { read } = new ReadAhead(source, FILE, { slotBytes: SLOT, prefetch: true });
    expect(await read(FILE - 100, 512)).toHaveLength(100);
    expect(await read(FILE + 100, 512)).toHaveLength(0);
  });

  it("gives back each piece of memory once, when nothing in it is needed any more", async () => {
    const random = new Random(8);
    const lent = new Set<Uint8Array>();
    let most = 0;
    const memory: PieceMemory = {
      take: (length) => {
        const space = new Uint8Array(length);
        lent.add(space);
        most = Math.max(most, lent.size);
        return space;
      },
      giveBack: (space) => {
        expect(lent.delete(space)).toBe(true);
        // What still reads there gets other bytes.
        space.fill(0xee);
      },
    };
    for (let round = 0; round < 20; round++) {
      badFrom = round % 4 === 0 ? HEAD_BYTES + 900 * SLOT : Number.POSITIVE_INFINITY;
      const reader = new ReadAhead(source, FILE, { memory, slotBytes: SLOT, prefetch: round % 2 === 0 });
      for (let slot = 0; slot < SLOTS; slot += random.integer(0, 20) === 0 ? random.integer(2, 400) : 1)
        await readSlot(reader, slot).catch((error: Error) => expect(error.message).toContain("EIO"));
      await reader.end();
      expect(lent.size).toBe(0);
    }
    expect(most).toBe(2);
  });

  it("is done with the memory when it has ended", async () => {
    const memory = new TwoPieces();
    const reader = new ReadAhead(source, FILE, { memory, slotBytes: SLOT, prefetch: true });
    await readSlot(reader, 0);
    expect(inFlight).toBe(1);
    await reader.end();
    expect(inFlight).toBe(0);
  });
});
