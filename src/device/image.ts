/**
 * Firmware images as the ESP32's boot loaders read them, and the partition table. Sources: esp-idf components/bootloader_support/include/esp_app_format.h
 * and esp_flash_partitions.h; Espressif's "Firmware Image Format" (esptool documentation).
 */
import { createHash } from "node:crypto";
import { UserError } from "../errors.js";

export type Chip = "esp32" | "esp32s3";

/** esp_chip_id_t of the chips there is firmware for; others are named to say what a wrong image or board is. */
export const CHIP_NAMES: Readonly<Record<number, string>> = {
  0: "ESP32",
  2: "ESP32-S2",
  5: "ESP32-C3",
  9: "ESP32-S3",
  12: "ESP32-C2",
  13: "ESP32-C6",
  16: "ESP32-H2",
  18: "ESP32-P4",
  20: "ESP32-C61",
  23: "ESP32-C5",
};

export interface FirmwareImage {
  /** esp_chip_id_t. */
  readonly chipId: number;
  /** Size of the flash chip that the image was made for, bytes. */
  readonly flashBytes: number;
  /** Lowest chip revision that it runs on, major * 100 + minor. */
  readonly minRevision: number;
  /** Highest one; absent when the image names none. */
  readonly maxRevision?: number;
  /** Bytes of the image itself: header, segments, checksum, hash. A file may be longer (signatures). */
  readonly length: number;
  /** Name and version of an application; boot loaders have none. */
  readonly app?: { readonly name: string; readonly version: string };
}

const IMAGE_MAGIC = 0xe9;
const HEADER_BYTES = 24;
/** max_chip_rev_full of images that any later revision runs; older tools leave 0. */
const NO_MAXIMUM = 0xffff;
const SEGMENT_HEADER_BYTES = 8;
const CHECKSUM_SEED = 0xef;
const SHA256_BYTES = 32;
/** esp_app_desc_t begins the first segment of an application. */
const APP_MAGIC = 0xabcd5432;
/** ESP_IMAGE_MAX_SEGMENTS */
const MAX_SEGMENTS = 16;

/** Reads and verifies an image: magic, segments, checksum, SHA-256. Throws UserError naming `where` for what is no whole image. */
export function readImage(bytes: Uint8Array, where: string): FirmwareImage {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < HEADER_BYTES) throw damaged(where, `it has ${file.length} bytes only`);
  if (file[0] !== IMAGE_MAGIC) throw notAnImage(where, file[0]);
  const end = verifySegments(file, where);
  const hashed = file[23] === 1;
  if (hashed) verifyHash(file, end, where);
  const app = appDescription(file);
  const maxRevision = file.readUInt16LE(17);
  return {
    chipId: file.readUInt16LE(12),
    flashBytes: 0x100000 << (file[3] >> 4),
    minRevision: file.readUInt16LE(15),
    length: end + (hashed ? SHA256_BYTES : 0),
    ...(maxRevision === 0 || maxRevision === NO_MAXIMUM ? {} : { maxRevision }),
    ...(app === undefined ? {} : { app }),
  };
}

/** Returns the offset after the checksum, which is the last byte of a block of 16. */
function verifySegments(file: Buffer, where: string): number {
  const count = file[1];
  if (count === 0 || count > MAX_SEGMENTS) throw damaged(where, `it claims ${count} segments`);
  let offset = HEADER_BYTES;
  let checksum = CHECKSUM_SEED;
  for (let segment = 0; segment < count; segment++) {
    if (offset + SEGMENT_HEADER_BYTES > file.length) throw truncated(where, file.length);
    const length = file.readUInt32LE(offset + 4);
    offset += SEGMENT_HEADER_BYTES;
    if (offset + length > file.length) throw truncated(where, file.length);
    for (let i = offset; i < offset + length; i++) checksum ^= file[i];
    offset += length;
  }
  const end = (Math.floor(offset / 16) + 1) * 16;
  if (end > file.length) throw truncated(where, file.length);
  if (file[end - 1] !== checksum) throw damaged(where, "its checksum is wrong");
  return end;
}

function verifyHash(file: Buffer, end: number, where: string): void {
  if (end + SHA256_BYTES > file.length) throw truncated(where, file.length);
  const actual = createHash("sha256").update(file.subarray(0, end)).digest();
  if (!actual.equals(file.subarray(end, end + SHA256_BYTES))) throw damaged(where, "its SHA-256 is wrong");
}

function appDescription(file: Buffer): FirmwareImage["app"] {
  const start = HEADER_BYTES + SEGMENT_HEADER_BYTES;
  if (file.length < start + 80 || file.readUInt32LE(start) !== APP_MAGIC) return undefined;
  const text = (offset: number) => file.toString("latin1", start + offset, start + offset + 32).replace(/\0.*$/s, "");
  return { version: text(16), name: text(48) };
}

function notAnImage(where: string, first: number): UserError {
  return new UserError(`this is no firmware image: it begins with 0x${first.toString(16)}, not 0xe9`, {
    where,
    remedy: "Give the .bin files that the build made (firmware.bin, not firmware.elf).",
  });
}

function truncated(where: string, length: number): UserError {
  return damaged(where, `it ends too early, after ${length} bytes`);
}

function damaged(where: string, why: string): UserError {
  return new UserError(`the firmware image is damaged: ${why}`, { where, remedy: "Build it again, or copy it again." });
}

export interface Partition {
  readonly label: string;
  readonly type: "app" | "data" | "other";
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const PARTITION_BYTES = 32;
const PARTITION_MAGIC = 0x50aa;
const PARTITION_MD5_MAGIC = 0xebeb;
const PARTITION_END = 0xffff;

/** Reads a binary partition table. Throws UserError naming `where` for a damaged one, or one without an application. */
export function readPartitions(bytes: Uint8Array, where: string): readonly Partition[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const partitions: Partition[] = [];
  const refuse = (why: string) =>
    new UserError(`the partition table is damaged: ${why}`, { where, remedy: "Build it again, or copy it again." });
  for (let at = 0; at + PARTITION_BYTES <= file.length; at += PARTITION_BYTES) {
    const magic = file.readUInt16LE(at);
    if (magic === PARTITION_END) break;
    if (magic === PARTITION_MD5_MAGIC) {
      const actual = createHash("md5").update(file.subarray(0, at)).digest();
      if (!actual.equals(file.subarray(at + 16, at + 32))) throw refuse("its MD5 is wrong");
      continue;
    }
    if (magic !== PARTITION_MAGIC) throw refuse(`entry ${at / PARTITION_BYTES} begins with 0x${magic.toString(16)}`);
    partitions.push(partition(file.subarray(at, at + PARTITION_BYTES)));
  }
  if (!partitions.some(({ type }) => type === "app")) throw refuse("it holds no application");
  return partitions;
}

function partition(entry: Buffer): Partition {
  const type = entry[2] === 0 ? "app" : entry[2] === 1 ? "data" : "other";
  const label = entry.toString("latin1", 12, 28).replace(/\0.*$/s, "");
  return { label, type, offset: entry.readUInt32LE(4), size: entry.readUInt32LE(8) };
}
