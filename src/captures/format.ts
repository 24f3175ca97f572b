/**
 * The bytes of the capture log, format 1 (docs/capture-log.md): geometry, ustar headers and segment heads.
 * Twin of firmware/core/sm_log_format.c; test/captures compares both byte for byte.
 */
import { crc32 } from "./crc32.js";

export const FORMAT_VERSION = 1;
/** All offsets and sizes are multiples of it: an SD card's block. */
export const BLOCK_BYTES = 512;
export const HEADER_BYTES = 512;
/** Segment head: header and 512 bytes of text. */
export const HEAD_BYTES = 1024;
/** PGM header of a capture, with its metadata. */
export const METADATA_BYTES = 1024;
/** End of archive: two blocks of zeros. */
export const END_BYTES = 1024;
/** Byte of the payload that says whether a capture was withdrawn; counts as "0" in the CRC. */
export const WITHDRAWN_OFFSET = 34;
export const MAX_SLOTS = 4096;
export const MAX_FRAME_SIDE = 4096;
export const MAX_SEGMENT = 99999;
/** FAT files and 32-bit offsets end here. */
const MAX_FILE_BYTES = 0xffffffff;

/** Who wrote an entry and where it belongs. All numbers are unsigned 32-bit. */
export interface EntryHeader {
  readonly kind: "head" | "capture";
  /** Identifies the bot. */
  readonly device: number;
  /** Random, drawn when the segment was created. */
  readonly epoch: number;
  readonly segment: number;
  /** Of the capture; in a head: of the first capture the segment may hold. */
  readonly sequence: number;
  readonly boot: number;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

export interface Geometry {
  /** Captures per segment, 1 to MAX_SLOTS. */
  readonly slots: number;
  /** Bytes of a slot, header included; a multiple of BLOCK_BYTES. */
  readonly slotBytes: number;
}

export interface SegmentHead extends Geometry {
  readonly header: EntryHeader;
}

/** A block in the place of a header. */
export type ParsedHeader =
  | { readonly state: "valid"; readonly header: EntryHeader }
  | { readonly state: "zero" }
  | { readonly state: "invalid"; readonly reason: string };

/** Bytes of a slot for frames of at most width x height pixels. */
export function slotBytes(width: number, height: number): number {
  return HEADER_BYTES + METADATA_BYTES + Math.ceil((width * height) / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Bytes of a whole segment file. */
export function segmentBytes({ slots, slotBytes }: Geometry): number {
  return HEAD_BYTES + slots * slotBytes + END_BYTES;
}

/** Offset of a slot's header; slot = slots gives the end of archive. */
export function slotOffset({ slotBytes }: Geometry, slot: number): number {
  return HEAD_BYTES + slot * slotBytes;
}

/** `SEG00042.TAR`. */
export function segmentFileName(segment: number): string {
  return `SEG${decimal(segment, 5)}.TAR`;
}

/** The number in a segment's file name, in either case; undefined for any other name. */
export function segmentNumber(fileName: string): number | undefined {
  const digits = /^SEG(\d{5})\.TAR$/i.exec(fileName)?.[1];
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits);
}

export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

function decimal(value: number, digits: number): string {
  return value.toString().padStart(digits, "0");
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** Field offsets of POSIX.1-1988, section 10.1.1; CRC lies in ustar's padding. */
const AT = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  magic: 257,
  user: 265,
  group: 297,
  deviceMajor: 329,
  deviceMinor: 337,
  crc: 500,
} as const;

function put(block: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) block[offset + i] = text.charCodeAt(i);
}

/** A fixed range of bytes as Latin-1 text. */
function take(block: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...block.subarray(offset, offset + length));
}

/** CRC-32 of the header without its checksum and itself. */
function headerCrc(block: Uint8Array): number {
  return crc32(block.subarray(AT.type, AT.crc), crc32(block.subarray(0, AT.checksum)));
}

/** Sum of all bytes, the checksum field counted as spaces. */
function headerChecksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < HEADER_BYTES; i++) if (i < AT.checksum || i >= AT.type) sum += block[i];
  return sum;
}

export function formatHeader(header: EntryHeader): Uint8Array {
  const block = new Uint8Array(HEADER_BYTES);
  const file = header.kind === "head" ? "segment.txt" : `${decimal(header.sequence, 10)}.pgm`;
  put(block, AT.name, `SEG${decimal(header.segment, 5)}/${file}`);
  put(block, AT.mode, octal(0o644, 7));
  put(block, AT.uid, octal(0, 7));
  put(block, AT.gid, octal(0, 7));
  put(block, AT.size, octal(header.payloadBytes, 11));
  put(block, AT.mtime, octal(0, 11));
  put(block, AT.type, "0");
  put(block, AT.magic, "ustar\x0000");
  put(block, AT.user, `smilec${FORMAT_VERSION}.${hex32(header.device)}.${hex32(header.epoch)}`);
  put(block, AT.group, `${hex32(header.sequence)}.${hex32(header.boot)}.${hex32(header.payloadCrc)}`);
  put(block, AT.deviceMajor, octal(0, 7));
  put(block, AT.deviceMinor, octal(0, 7));
  put(block, AT.crc, hex32(headerCrc(block)));
  put(block, AT.checksum, `${octal(headerChecksum(block), 6)}\x00 `);
  return block;
}

/** Reads and verifies a block of HEADER_BYTES that should be a header. */
export function parseHeader(block: Uint8Array): ParsedHeader {
  if (block.length !== HEADER_BYTES) return { state: "invalid", reason: "the header is cut short" };
  if (block.every((byte) => byte === 0)) return { state: "zero" };
  if (take(block, AT.magic, 5) !== "ustar") return { state: "invalid", reason: "not a tar header" };
  if (take(block, AT.checksum, 6) !== octal(headerChecksum(block), 6)) {
    return { state: "invalid", reason: "the tar checksum is wrong" };
  }
  if (take(block, AT.crc, 8) !== hex32(headerCrc(block))) {
    return { state: "invalid", reason: "the header's CRC is wrong, or smilec did not write it" };
  }
  const header = parseIdentity(block);
  return header === undefined
    ? { state: "invalid", reason: "not a header of capture log format 1" }
    : { state: "valid", header };
}

function parseIdentity(block: Uint8Array): EntryHeader | undefined {
  const name = /^SEG(\d{5})\/(.)/.exec(take(block, AT.name, 100));
  const user = /^smilec1\.([0-9a-f]{8})\.([0-9a-f]{8})/.exec(take(block, AT.user, 32));
  const group = /^([0-9a-f]{8})\.([0-9a-f]{8})\.([0-9a-f]{8})/.exec(take(block, AT.group, 32));
  const size = /^[0-7]{11}/.exec(take(block, AT.size, 12));
  if (name === null || user === null || group === null || size === null) return undefined;
  const payloadBytes = Number.parseInt(size[0], 8);
  if (payloadBytes > MAX_FILE_BYTES) return undefined;
  const [device, epoch] = user.slice(1).map((text) => Number.parseInt(text, 16));
  const [sequence, boot, payloadCrc] = group.slice(1).map((text) => Number.parseInt(text, 16));
  const kind = name[2] === "s" ? "head" : "capture";
  return { kind, device, epoch, segment: Number(name[1]), sequence, boot, payloadBytes, payloadCrc };
}

/** The first HEAD_BYTES of a segment; payload size and CRC of the given header are not used. */
export function formatHead({ header, slots, slotBytes }: SegmentHead): Uint8Array {
  const text =
    `smilec capture log\nformat=${FORMAT_VERSION}\nslots=${slots}\nslot-bytes=${slotBytes}\n` +
    `device=${hex32(header.device)}\nepoch=${hex32(header.epoch)}\nsegment=${header.segment}\n` +
    `first-sequence=${header.sequence}\nboot=${header.boot}`;
  const head = new Uint8Array(HEAD_BYTES);
  put(head, HEADER_BYTES, text.padEnd(BLOCK_BYTES, "\n"));
  const payloadCrc = crc32(head.subarray(HEADER_BYTES));
  head.set(formatHeader({ ...header, kind: "head", payloadBytes: BLOCK_BYTES, payloadCrc }));
  return head;
}

/** Reads and verifies the first HEAD_BYTES of a file; a sentence says why it is not a segment's head. */
export function parseHead(bytes: Uint8Array): SegmentHead | string {
  if (bytes.length < HEAD_BYTES) return "the file is shorter than a segment's head";
  const parsed = parseHeader(bytes.subarray(0, HEADER_BYTES));
  if (parsed.state !== "valid") return parsed.state === "zero" ? "the head is empty" : parsed.reason;
  const { header } = parsed;
  const payload = bytes.subarray(HEADER_BYTES, HEAD_BYTES);
  if (header.kind !== "head" || header.payloadBytes !== BLOCK_BYTES) return "the first entry is not a segment's head";
  if (crc32(payload) !== header.payloadCrc) return "the head's CRC is wrong";
  const text = /^smilec capture log\nformat=1\nslots=(\d{1,10})\nslot-bytes=(\d{1,10})\n/.exec(take(payload, 0, 128));
  const geometry = { slots: Number(text?.[1]), slotBytes: Number(text?.[2]) };
  return isPossible(geometry) ? { header, ...geometry } : "the head describes an impossible segment";
}

function isPossible(geometry: Geometry): boolean {
  const { slots, slotBytes: bytes } = geometry;
  return (
    slots >= 1 &&
    slots <= MAX_SLOTS &&
    bytes % BLOCK_BYTES === 0 &&
    bytes > HEADER_BYTES + METADATA_BYTES &&
    bytes <= slotBytes(MAX_FRAME_SIDE, MAX_FRAME_SIDE) &&
    segmentBytes(geometry) <= MAX_FILE_BYTES
  );
}

/** CRC-32 of a capture's payload, whether it was withdrawn or not. */
export function payloadCrc(payload: Uint8Array): number {
  const before = crc32(payload.subarray(0, WITHDRAWN_OFFSET));
  return crc32(payload.subarray(WITHDRAWN_OFFSET + 1), crc32(Uint8Array.of(0x30), before));
}
