/** Cards that are not mounted: FAT32 images of every layout, other file systems, damaged ones; and what recovery finds in them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { HEADER_BYTES } from "#smilec/captures/layout.js";
import { pull } from "#smilec/captures/pull/pull.js";
import { RecoveryReading } from "#smilec/captures/pull/recover.js";
import type { ReadBytes } from "#smilec/captures/read-segment.js";
import { makeCard, makeSegment, smallSlot } from "../../support/card.js";
import {
  copyIn,
  deleteIn,
  type ImageOptions,
  makeImage,
  noFatTools,
  patchImage,
  placesOf,
  segmentPaths,
} from "../../support/card-image.js";
import {
  counts,
  lookInto,
  pullFolder,
  pullImage,
  quietly,
  recoverFolder,
  recoverImage,
} from "../../support/pulling.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

jest.setTimeout(60_000);

const temporary = temporaryFolders();
const missing = noFatTools();
const onFat = missing === undefined ? it : it.skip;
const note = missing === undefined ? "" : ` (${missing})`;

let work: string;
let into: string;
let image: string;
let card: string;
beforeEach(() => {
  work = temporary();
  into = join(work, "captures");
  image = join(work, "card.img");
  card = join(work, "card");
});

function withSegments(options: ImageOptions, ...numbers: number[]): void {
  makeCard(
    card,
    numbers.map((segment) => ({ segment })),
  );
  makeImage(image, options);
  copyIn(image, segmentPaths(card, ...numbers), options.start);
}

const hashOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

describe("pulling from an image", () => {
  const layouts: [string, ImageOptions][] = [
    ["without partitions", {}],
    ["in a partition", { start: 2048 }],
    ["in a partition of another type", { start: 63, partitionType: 0x0b }],
    ["with larger clusters", { sectorsPerCluster: 4, mebibytes: 140 }],
    ["with sectors of 4,096 bytes", { sectorBytes: 4096, mebibytes: 300 }],
  ];
  onFat.each(layouts)(`reads FAT32 %s, and changes nothing${note}`, async (_, options) => {
    withSegments(options, 1, 2, 3);
    const before = hashOf(image);
    expect(counts(await pullImage(image, into))).toEqual({ added: 24 });
    const mounted = join(work, "mounted");
    await pullFolder(card, mounted);
    const pictures = (folder: string) => lookInto(folder).files.map((path) => [path, hashOf(join(folder, path))]);
    expect(pictures(into)).toEqual(pictures(mounted));
    expect(hashOf(image)).toBe(before);
    expect(await pullImage(image, into)).toMatchObject({ segments: 3, unchanged: 3 });
  });

  onFat(`reads a segment that lies in many pieces${note}`, async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2 }]);
    makeImage(image);
    // Every second cluster is taken by small files, which are deleted before the segments come.
    const small = Array.from({ length: 80 }, (_, i) => join(work, `F${i}.DAT`));
    for (const path of small) writeFileSync(path, Buffer.alloc(512, 1));
    copyIn(image, small);
    for (let i = 0; i < small.length; i += 2) deleteIn(image, `F${i}.DAT`);
    // mtools allocates from the start only in a new run.
    copyIn(image, segmentPaths(card, 1, 2));
    expect(counts(await pullImage(image, into))).toEqual({ added: 16 });
  });

  onFat(`uses the second copy of a damaged table, and the backup of a damaged boot sector${note}`, async () => {
    withSegments({}, 1, 2);
    const { table } = placesOf(image);
    patchImage(image, table, Buffer.alloc(4096, 0x11));
    patchImage(image, 0, Buffer.alloc(500));
    // Without its boot sector a volume is only found in a partition.
    await expect(pullImage(image, into)).rejects.toMatchObject({ exitCode: 2, message: /no partition/ });
    const whole = Buffer.concat([Buffer.alloc(1 << 20), readFileSync(image)]);
    whole[446 + 4] = 0x0c;
    whole.writeUInt32LE(2048, 446 + 8);
    whole.writeUInt16LE(0xaa55, 510);
    writeFileSync(image, whole);
    expect(counts(await pullImage(image, into))).toEqual({ added: 16 });
  });

  onFat(
    `lists a segment whose chain is damaged, ends early or goes in a circle, and takes the others${note}`,
    async () => {
      withSegments({}, 1, 2, 3, 4);
      const { table, tableBytes, root } = placesOf(image);
      // Four segments in a row behind the top folder's cluster.
      const length = readFileSync(join(card, "SEG00001.TAR")).length / 512;
      const set = (segment: number, index: number, value: number) => {
        const entry = Buffer.alloc(4);
        entry.writeUInt32LE(value);
        const cluster = root + 1 + (segment - 1) * length + index;
        for (const copy of [0, 1]) patchImage(image, table + copy * tableBytes + 4 * cluster, entry);
      };
      set(1, 3, 0x0ffffff0);
      set(2, 3, 0x0fffffff);
      set(3, 3, root + 1 + 2 * length);
      const result = await pullImage(image, into);
      expect(counts(result)).toMatchObject({ unreadable: 2 });
      expect(
        result.tally.problems
          .filter(({ reason }) => reason === "unreadable")
          .map(({ file, message }) => [file, message]),
      ).toEqual([
        ["SEG00002.TAR", "its chain of clusters ends before the file does"],
        ["SEG00001.TAR", "its chain of clusters leads nowhere"],
      ]);
      expect(lookInto(into).captures.filter(({ metadata }) => metadata.segment === 4)).toHaveLength(8);
      expect(lookInto(into).captures.filter(({ metadata }) => metadata.segment < 3)).toHaveLength(0);
    },
  );

  onFat(`names another file system${note}`, async () => {
    makeImage(image, { bits: 16, mebibytes: 20, sectorsPerCluster: 4 });
    await expect(pullImage(image, into)).rejects.toMatchObject({ exitCode: 2, message: "this is FAT16, not FAT32" });
    makeImage(image, { bits: 12, mebibytes: 4, sectorsPerCluster: 8 });
    await expect(pullImage(image, into)).rejects.toMatchObject({ message: "this is FAT12, not FAT32" });
    makeImage(image, { start: 2048, partitionType: 0x07 });
    await expect(pullImage(image, into)).rejects.toMatchObject({
      message: /no FAT32 partition on it, but exFAT or NTFS/,
    });
  });

  it.each([
    ["EXFAT   ", "this is exFAT, not FAT32"],
    ["NTFS    ", "this is NTFS, not FAT32"],
    ["random  ", "there is no partition on it"],
  ])("says what %s is", async (name, message) => {
    const sector = Buffer.alloc(4096);
    sector.write(name, 3, "latin1");
    sector.writeUInt16LE(0xaa55, 510);
    writeFileSync(image, sector);
    await expect(pullImage(image, into)).rejects.toMatchObject({ exitCode: 2, message, remedy: /--recover/ });
  });

  it("says that a file is empty, missing, a folder or a pipe", async () => {
    writeFileSync(image, "");
    await expect(pullImage(image, into)).rejects.toThrow(/neither a file system nor a card/);
    await expect(pullImage(join(work, "none"), into)).rejects.toThrow("there is no such image or device");
    await expect(pullImage(work, into)).rejects.toThrow("this is no image and no device");
    const sector = Buffer.alloc(512);
    sector.writeUInt16LE(0xaa55, 510);
    writeFileSync(image, sector);
    await expect(pullFolder(image, into)).rejects.toMatchObject({
      exitCode: 2,
      remedy: `Read it with --image ${image}`,
    });
    execFileSync("mkfifo", [join(work, "pipe")]);
    await expect(pullImage(join(work, "pipe"), into)).rejects.toThrow("this is no image and no device");
  });
});

describe("recovery", () => {
  onFat(`finds everything on a card whose file system is gone, a deleted segment too${note}`, async () => {
    withSegments({}, 1, 2, 3);
    deleteIn(image, "SEG00002.TAR");
    const { data } = placesOf(image);
    patchImage(image, 0, Buffer.alloc(data + 512, 0xe5));
    const result = await recoverImage(image, into);
    expect(counts(result)).toEqual({ added: 24 });
    expect([...result.tally.segments.values()].map(({ segment, captures }) => [segment, captures])).toEqual([
      [1, 8],
      [2, 8],
      [3, 8],
    ]);
    const mounted = join(work, "mounted");
    await pullFolder(card, mounted);
    const pictures = (folder: string) => lookInto(folder).files.map((path) => [path, hashOf(join(folder, path))]);
    expect(pictures(into)).toEqual(pictures(mounted));
    expect(lookInto(into).captures.every(({ recovered }) => recovered)).toBe(true);
  });

  onFat(`adds only what is not there yet, and leaves what was withdrawn${note}`, async () => {
    withSegments({}, 1, 2);
    await pullImage(image, into);
    deleteIn(image, "SEG00001.TAR");
    const more = makeSegment({ segment: 3, captures: 5 });
    more[smallSlot(2) + HEADER_BYTES + 34] = 0x31;
    more[smallSlot(4) + 2000] ^= 1;
    writeFileSync(join(card, "SEG00003.TAR"), more);
    copyIn(image, [join(card, "SEG00003.TAR")]);
    expect(counts(await recoverImage(image, into))).toEqual({ added: 3, known: 16, withdrawn: 1, "bad-crc": 1 });
  });

  it("finds the captures of a segment whose head is damaged, and of files that a repair has made", async () => {
    makeCard(card, [{ segment: 1 }, { segment: 2 }]);
    const damaged = readFileSync(join(card, "SEG00001.TAR"));
    damaged.fill(0, 0, 1024);
    writeFileSync(join(card, "SEG00001.TAR"), damaged);
    writeFileSync(join(card, "FSCK0000.REC"), makeSegment({ segment: 7 }).subarray(1024));
    writeFileSync(join(card, "HOLIDAY.JPG"), makeSegment({ segment: 9 }));
    expect(counts(await pullFolder(card, into))).toEqual({ added: 8, foreign: 1 });
    expect(counts(await recoverFolder(card, into))).toEqual({ added: 16, known: 8 });
  });

  it("counts what was searched of a device that does not say how large it is, as macOS's do", async () => {
    const bytes = Buffer.concat([makeSegment({ segment: 1 }), Buffer.alloc(5_000_000)]);
    const read: ReadBytes = async (offset, length) => bytes.subarray(offset, offset + length);
    const card = { name: "rdisk2", size: undefined, open: async () => ({ read, close: async () => undefined }) };
    const reading = new RecoveryReading("image", "/dev/rdisk2", [card]);
    expect(counts(await pull(reading, { into, context: quietly }))).toEqual({ added: 8 });
    expect(reading.searched).toBe(bytes.length);
  });

  it("reads around blocks that cannot be read", async () => {
    const bytes = Buffer.concat([makeSegment({ segment: 1 }), makeSegment({ segment: 2 })]);
    const bad = smallSlot(3) + 1000;
    const read: ReadBytes = async (offset, length) => {
      if (offset <= bad && bad < offset + length) throw Object.assign(new Error("EIO"), { code: "EIO" });
      return bytes.subarray(offset, offset + length);
    };
    const card = { name: "sdb", size: bytes.length, open: async () => ({ read, close: async () => undefined }) };
    const reading = new RecoveryReading("image", "/dev/sdb", [card]);
    const result = await pull(reading, { into, context: quietly });
    // What is unreadable is 4,096 bytes, which is more than a slot of these.
    expect(result.tally.added).toBeGreaterThanOrEqual(13);
    expect(result.tally.added).toBeLessThan(16);
    expect(reading.unreadable).toBe(4096);
  });

  it("goes through an image in pieces, whatever lies on their edges", async () => {
    const parts = [
      Buffer.alloc(4 * 2 ** 20 - 1024),
      makeSegment({ segment: 1 }),
      Buffer.alloc(3 * 2 ** 20 + 512),
      makeSegment({ segment: 2 }),
    ];
    writeFileSync(image, Buffer.concat(parts));
    expect(counts(await recoverImage(image, into))).toEqual({ added: 16 });
    const all = Buffer.concat(parts).length;
    // The last capture is cut.
    truncateSync(image, all - 1024 - 100);
    expect(counts(await recoverImage(image, join(work, "cut")))).toEqual({ added: 15, truncated: 1 });
  });
});
