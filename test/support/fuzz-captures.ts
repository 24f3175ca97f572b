/**
 * Damages segments and FAT images in every way that comes to mind, reads them, and says what was not as it must be. Used by a test and by
 * bench/fuzz-captures.ts.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { carve } from "#smilec/captures/carve.js";
import { crc32 } from "#smilec/captures/crc32.js";
import { readLayout } from "#smilec/captures/fat/boot-sector.js";
import { extentReader, readChain } from "#smilec/captures/fat/cluster-chain.js";
import { findVolume } from "#smilec/captures/fat/partition.js";
import { readTopFolder } from "#smilec/captures/fat/top-folder.js";
import { hex32, payloadCrc, segmentNumber } from "#smilec/captures/format.js";
import { METADATA_BYTES } from "#smilec/captures/layout.js";
import { PICTURE_PATH, pictureFolder, pictureName } from "#smilec/captures/pull/picture-path.js";
import { QUARANTINE_PATH } from "#smilec/captures/pull/quarantine.js";
import { ReadAhead } from "#smilec/captures/pull/read-ahead.js";
import { type ReadBytes, readHead, readSlots, type SegmentRecord } from "#smilec/captures/read-segment.js";
import { UserError } from "#smilec/errors.js";
import { makeSegment, smallSlot } from "./card.js";
import { pullFolder } from "./pulling.js";
import type { Random } from "./random.js";
import { FOLDER_AT, smallFat, TABLE_AT } from "./small-fat.js";

const SLOTS = 4;
/** Bytes that reading one input may ask for, times its size: more means that time is not bounded by it. */
const READ_FACTOR = 64;
/** One input in so many is pulled into a folder on the disk. */
const PULLED = 2000;

export interface FuzzReport {
  inputs: number;
  readonly kinds: Record<string, number>;
  captures: number;
  withdrawn: number;
  problems: number;
  refused: number;
  pulled: number;
  slowestMs: number;
  /** Bytes read per byte of the input, at most. */
  mostRead: number;
  unexpectedCount: number;
  readonly unexpected: string[];
}

type Damage = (bytes: Buffer, random: Random) => void;

const flip: Damage = (bytes, random) => {
  bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
};
const fill: Damage = (bytes, random) => {
  const at = random.integer(0, bytes.length - 1);
  bytes.fill(random.pick([0, 0xff, random.integer(0, 255)]), at, Math.min(bytes.length, at + random.integer(1, 2048)));
};
const move: Damage = (bytes, random) => {
  const block = () => 512 * random.integer(0, Math.floor((bytes.length - 1) / 512));
  const from = block();
  bytes.copy(bytes, block(), from, Math.min(bytes.length, from + 512 * random.integer(1, 8)));
};

const HOSTILE = [
  "../../../../etc/passwd",
  "/etc/passwd",
  "SEG00001/../../x.pgm",
  "C:\\x.pgm",
  "\0\0",
  "SEG99999/segment.txt",
];

/** Puts any text or number into a header's field, and makes the header valid again. */
const field: Damage = (bytes, random) => {
  const at = random.chance(0.2) ? 0 : smallSlot(random.integer(0, SLOTS - 1));
  if (at + 512 > bytes.length) return;
  const digits = () => hex32(random.pick([0, 1, 0xffffffff, 0x7fffffff, random.uint32()]));
  const offset = random.pick([0, 124, 157, 265, 274, 283, 297, 306, 315]);
  const text =
    offset === 0 || offset === 157
      ? random.pick(HOSTILE)
      : offset === 124
        ? random.uint32().toString(8).padStart(11, "0")
        : digits();
  bytes.write(text, at + offset, "latin1");
  reseal(bytes, at);
};

/** Changes metadata or pixels, and makes the payload's CRC and the header valid again. */
const metadata: Damage = (bytes, random) => {
  const at = smallSlot(random.integer(0, SLOTS - 1));
  const end = at + smallSlot(1) - smallSlot(0);
  if (end > bytes.length) return;
  const payload = bytes.subarray(at + 512, end);
  if (random.chance(0.5))
    payload.write(
      random.pick(["-1", "99999999", "../..", "\n", "=", "#"]),
      random.integer(0, METADATA_BYTES - 9),
      "latin1",
    );
  else payload[random.integer(0, METADATA_BYTES - 1)] = random.integer(0, 255);
  bytes.write(hex32(payloadCrc(payload)), at + 297 + 18, "latin1");
  reseal(bytes, at);
};

/** Withdraws a capture, or damages its mark. */
const mark: Damage = (bytes, random) => {
  const at = smallSlot(random.integer(0, SLOTS - 1)) + 512 + 34;
  if (at < bytes.length) bytes[at] = random.pick([0x31, 0, 0xff]);
};

function reseal(bytes: Buffer, at: number): void {
  const block = bytes.subarray(at, at + 512);
  block.write(hex32(crc32(block.subarray(156, 500), crc32(block.subarray(0, 148)))), 500, "latin1");
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

const number: (low: number, high: number, width: 1 | 2 | 4) => Damage = (low, high, width) => (bytes, random) => {
  const at = low + width * random.integer(0, Math.floor((high - low) / width) - 1);
  if (at + width > bytes.length) return;
  const value = random.pick([
    0,
    1,
    2,
    0x0fffffff,
    0x0ffffff8,
    0xffffffff,
    0x80000000,
    random.integer(0, 200),
    random.uint32(),
  ]);
  bytes.writeUIntLE(value % 2 ** (8 * width), at, width);
};

const SEGMENT_DAMAGE: Readonly<Record<string, Damage>> = { flip, fill, move, field, metadata, mark };
const IMAGE_DAMAGE: Readonly<Record<string, Damage>> = {
  flip,
  fill,
  move,
  "boot sector": number(11, 52, 1),
  "boot numbers": number(32, 52, 4),
  table: number(TABLE_AT, TABLE_AT + 700, 4),
  folder: number(FOLDER_AT, FOLDER_AT + 128, 2),
};

export async function fuzzCaptures(random: Random, inputs: number): Promise<FuzzReport> {
  const fuzzer = new Fuzzer();
  for (let i = 0; i < inputs; i++) await fuzzer.one(random, i);
  return fuzzer.report;
}

class Fuzzer {
  readonly report: FuzzReport = {
    inputs: 0,
    kinds: {},
    captures: 0,
    withdrawn: 0,
    problems: 0,
    refused: 0,
    pulled: 0,
    slowestMs: 0,
    mostRead: 0,
    unexpectedCount: 0,
    unexpected: [],
  };
  private readonly segments = [1, 2].map((segment) => makeSegment({ segment, slots: SLOTS, captures: 3 }));
  private readonly image = smallFat(this.segments.map((bytes, i) => ({ name: `SEG0000${i + 1}.TAR`, bytes })));
  private bytesRead = 0;

  async one(random: Random, index: number): Promise<void> {
    const kind = random.pick(["segment", "segment", "image", "carve"]);
    const damages = kind === "image" ? IMAGE_DAMAGE : SEGMENT_DAMAGE;
    const bytes = Buffer.from(kind === "image" ? this.image : this.segments[0]);
    const names = Array.from({ length: random.integer(1, 3) }, () => random.pick(Object.keys(damages)));
    for (const name of names) damages[name](bytes, random);
    const input = random.chance(0.1) ? bytes.subarray(0, random.integer(0, bytes.length)) : bytes;
    await this.watched(`${index}: ${kind} ${names.join()}`, input, () =>
      kind === "image" ? this.readImage(input) : kind === "carve" ? this.carve(input) : this.readSegment(input),
    );
    if (index % PULLED === PULLED - 1) await this.pull(input, index);
    this.report.inputs++;
    for (const name of [kind, ...names]) this.report.kinds[name] = (this.report.kinds[name] ?? 0) + 1;
  }

  private async watched(what: string, input: Buffer, action: () => Promise<void>): Promise<void> {
    this.bytesRead = 0;
    const begin = performance.now();
    try {
      await action();
    } catch (error) {
      if (error instanceof UserError) this.report.refused++;
      else this.unexpected(`${what}: ${error instanceof Error ? error.stack : error}`);
    }
    this.report.slowestMs = Math.max(this.report.slowestMs, performance.now() - begin);
    const factor = this.bytesRead / Math.max(4096, input.length);
    this.report.mostRead = Math.max(this.report.mostRead, factor);
    if (factor > READ_FACTOR) this.unexpected(`${what}: ${this.bytesRead} bytes were read of ${input.length}`);
  }

  private reader(bytes: Buffer): ReadBytes {
    return async (offset, length) => {
      const part = bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length));
      this.bytesRead += part.length;
      if (!Number.isSafeInteger(offset) || offset < 0 || length < 0) throw new Error(`read ${length} at ${offset}`);
      return part;
    };
  }

  private async readSegment(bytes: Buffer, read = this.reader(bytes), size = bytes.length): Promise<void> {
    const head = await readHead(new ReadAhead(read, size).read, "SEG00001.TAR");
    if ("kind" in head) return this.note(head);
    const reading = new ReadAhead(read, size, { slotBytes: head.slotBytes, prefetch: true });
    for await (const record of readSlots(reading.read, head)) this.note(record);
    await reading.end();
  }

  private async carve(bytes: Buffer): Promise<void> {
    for await (const { record } of carve(this.reader(bytes))) this.note(record);
  }

  private async readImage(bytes: Buffer): Promise<void> {
    const read = this.reader(bytes);
    const layout = await readLayout(read, await findVolume(read, "image"), "image");
    const seen = new Set<string>();
    for await (const { name, firstCluster, bytes: size } of readTopFolder(read, layout, "image")) {
      if (segmentNumber(name) === undefined || seen.has(name)) continue;
      seen.add(name);
      const extents = await readChain(read, layout, firstCluster, { bytes: size });
      if (typeof extents === "string") this.report.problems++;
      else await this.readSegment(bytes, extentReader(read, extents, size), size);
    }
  }

  private note(record: SegmentRecord): void {
    if (record.kind === "problem") this.report.problems++;
    else if (record.kind === "withdrawn") this.report.withdrawn++;
    else {
      this.report.captures++;
      const { header } = record.capture;
      const path = `${pictureFolder(header)}/${pictureName(header)}`;
      if (!PICTURE_PATH.test(path)) this.unexpected(`path ${path}`);
    }
  }

  /** As the command does, with everything that is in the folder afterwards. */
  private async pull(bytes: Buffer, index: number): Promise<void> {
    const work = mkdtempSync(join(tmpdir(), "smilec-fuzz-"));
    try {
      const [card, into] = [join(work, "card"), join(work, "captures")];
      mkdirSync(card);
      writeFileSync(join(card, "SEG00001.TAR"), bytes);
      writeFileSync(join(card, "SEG00002.TAR"), this.segments[1]);
      const { tally } = await pullFolder(card, into);
      if (tally.added < 3) this.unexpected(`${index}: of the sound segment ${tally.added} captures were pulled`);
      const files = readdirSync(work, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
      for (const { parentPath, name } of files) {
        const path = join(parentPath, name).slice(into.length + 1);
        const known = PICTURE_PATH.test(path) || QUARANTINE_PATH.test(path) || /^[^/]*\.sqlite[^/]*$/.test(path);
        if (!known && parentPath !== card) this.unexpected(`${index}: file ${path}`);
      }
      this.report.pulled++;
    } catch (error) {
      this.unexpected(`${index}: pull: ${error instanceof Error ? error.stack : error}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  private unexpected(text: string): void {
    this.report.unexpectedCount++;
    if (this.report.unexpected.length < 10) this.report.unexpected.push(text);
  }
}
