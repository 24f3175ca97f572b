/** Firmware images as a build makes them, small enough for a test: boot loader, partition table, application. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "./random.js";

export interface ImageOptions {
  readonly chipId?: number;
  /** 0: 1 MB, 1: 2 MB, 2: 4 MB, ... */
  readonly flashSize?: number;
  readonly minRevision?: number;
  /** Default: none named. */
  readonly maxRevision?: number;
  readonly app?: { readonly name: string; readonly version: string };
  readonly bytes?: number;
}

/** An image with two segments of random bytes, its checksum and hash. */
export function firmwareImage(options: ImageOptions = {}): Buffer {
  const header = Buffer.alloc(24);
  header.set([0xe9, 2, 2, ((options.flashSize ?? 2) << 4) | 0xf]);
  header.writeUInt32LE(0x40080000, 4);
  header.writeUInt16LE(options.chipId ?? 0, 12);
  header.writeUInt16LE(options.minRevision ?? 0, 15);
  header.writeUInt16LE(options.maxRevision ?? 0, 17);
  header[23] = 1;
  const first = noise((options.bytes ?? 4096) & ~3, 1);
  if (options.app !== undefined) {
    first.fill(0, 0, 256);
    first.writeUInt32LE(0xabcd5432, 0);
    first.write(options.app.version, 16, "latin1");
    first.write(options.app.name, 48, "latin1");
  }
  const segments = [first, noise(512, 2)];
  const body = segments.flatMap((data, index) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(0x3f400020 + index * 0x100000, 0);
    head.writeUInt32LE(data.length, 4);
    return [head, data];
  });
  const unpadded = Buffer.concat([header, ...body]);
  const padded = Buffer.concat([unpadded, Buffer.alloc(16 - (unpadded.length % 16))]);
  padded[padded.length - 1] = segments.flatMap((data) => [...data]).reduce((sum, byte) => sum ^ byte, 0xef);
  return Buffer.concat([padded, createHash("sha256").update(padded).digest()]);
}

function noise(length: number, seed: number): Buffer {
  const random = new Random(seed);
  return Buffer.from(Array.from({ length }, () => random.integer(0, 255)));
}

/** The table of a rendered project: nvs, phy_init, factory. */
export function partitionTable(appBytes = 0x3f0000): Buffer {
  const entries = [
    [1, 2, 0x9000, 0x6000, "nvs"],
    [1, 1, 0xf000, 0x1000, "phy_init"],
    [0, 0, 0x10000, appBytes, "factory"],
  ] as const;
  const rows = entries.map(([type, subtype, offset, size, label]) => {
    const row = Buffer.alloc(32);
    row.set([0xaa, 0x50, type, subtype]);
    row.writeUInt32LE(offset, 4);
    row.writeUInt32LE(size, 8);
    row.write(label, 12, "latin1");
    return row;
  });
  const table = Buffer.concat(rows);
  const md5 = Buffer.alloc(32, 0xff);
  md5.set([0xeb, 0xeb]);
  createHash("md5").update(table).digest().copy(md5, 16);
  return Buffer.concat([table, md5, Buffer.alloc(0xc00 - table.length - 32, 0xff)]);
}

/** Writes the three files under PlatformIO's names; returns what each place of the flash must hold. */
export function writeBuild(dir: string, options: ImageOptions = {}): [offset: number, bytes: Buffer][] {
  const bootloader = firmwareImage({ ...options, bytes: 2048 });
  const app = firmwareImage({ app: { name: "smile-bot", version: "0.1.0" }, bytes: 150_000, ...options });
  const table = partitionTable();
  writeFileSync(join(dir, "bootloader.bin"), bootloader);
  writeFileSync(join(dir, "partitions.bin"), table);
  writeFileSync(join(dir, "firmware.bin"), app);
  return [
    [options.chipId === 9 ? 0 : 0x1000, bootloader],
    [0x8000, table],
    [0x10000, app],
  ];
}
