/**
 * The bytes of the capture log, format 1 (docs/capture-log.md, from which layout.ts is generated): geometry, ustar headers and segment heads.
 * Twin of firmware/core/sm_log_format.c; test/captures compares both byte for byte.
 */
import { crc32 } from "./crc32.js";
import {
  BLOCK_BYTES,
  END_BYTES,
  FIELDS,
  HEAD_BYTES,
  HEAD_KEYS,
  HEADER_BYTES,
  MAX_FRAME_SIDE,
  MAX_SLOTS,
  METADATA_BYTES,
  NAMES,
  VERSION,
  WITHDRAWN_OFFSET,
} from "./layout.js";
import { digitsAt, formatName, nameAt, parseName } from "./names.js";

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
  return formatName(NAMES.file, { segment });
}

/** The number in a segment's file name, in either case; undefined for any other name. */
export function segmentNumber(fileName: string): number | undefined {
  const segment = parseName(NAMES.file, fileName)?.segment;
  return segment === 0 ? undefined : segment;
}

/** Two digits of each byte: eight digits are put together from them in a third of the time. */
const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex32(value: number): string {
  const [a, b, c, d] = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
  return HEX_BYTES[a] + HEX_BYTES[b] + HEX_BYTES[c] + HEX_BYTES[d];
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function put(block: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) block[offset + i] = text.charCodeAt(i);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** CRC-32 of the header without its checksum and itself. */
function headerCrc(block: Uint8Array): number {
  return crc32(
    block.subarray(FIELDS.typeflag.offset, FIELDS.crc.offset),
    crc32(block.subarray(0, FIELDS.chksum.offset)),
  );
}

/** Sum of all bytes, the checksum field counted as spaces. */
function headerChecksum(block: Uint8Array): number {
  const { offset, bytes } = FIELDS.chksum;
  let sum = bytes * 0x20;
  for (let i = 0; i < offset; i++) sum += block[i];
  for (let i = offset + bytes; i < HEADER_BYTES; i++) sum += block[i];
  return sum;
}

export function formatHeader(header: EntryHeader): Uint8Array {
  const { device, epoch, segment, sequence, boot, payloadCrc: crc } = header;
  const block = new Uint8Array(HEADER_BYTES);
  for (const field of Object.values(FIELDS)) if ("text" in field) put(block, field.offset, field.text);
  put(block, FIELDS.name.offset, formatName(NAMES[header.kind], { segment, sequence }));
  put(block, FIELDS.size.offset, octal(header.payloadBytes, FIELDS.size.digits));
  put(block, FIELDS.uname.offset, formatName(NAMES.user, { device, epoch }));
  put(block, FIELDS.gname.offset, formatName(NAMES.group, { sequence, boot, crc }));
  put(block, FIELDS.crc.offset, hex32(headerCrc(block)));
  put(block, FIELDS.chksum.offset, `${octal(headerChecksum(block), FIELDS.chksum.digits)}\x00 `);
  return block;
}

/** Whether bytes are all zero; as fast as they can be looked at. */
export function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Reads and verifies a block of HEADER_BYTES that should be a header. */
export function parseHeader(block: Uint8Array): ParsedHeader {
  if (block.length !== HEADER_BYTES) return { state: "invalid", reason: "the header is cut short" };
  if (isZero(block)) return { state: "zero" };
  const { magic, chksum, crc } = FIELDS;
  if (!holdsText(block, magic.offset, magic.text)) return { state: "invalid", reason: "not a tar header" };
  if (digitsAt(block, chksum.offset, chksum.digits, 8) !== headerChecksum(block)) {
    return { state: "invalid", reason: "the tar checksum is wrong" };
  }
  if (digitsAt(block, crc.offset, crc.digits, 16) !== headerCrc(block)) {
    return { state: "invalid", reason: "the header's CRC is wrong, or smilec did not write it" };
  }
  const header = parseIdentity(block);
  return header === undefined
    ? { state: "invalid", reason: `not a header of capture log format ${VERSION}` }
    : { state: "valid", header };
}

function holdsText(block: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (block[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}

function parseIdentity(block: Uint8Array): EntryHeader | undefined {
  const entry = parseEntry(block);
  const user = nameAt(block, FIELDS.uname.offset, NAMES.user);
  const group = nameAt(block, FIELDS.gname.offset, NAMES.group);
  const payloadBytes = digitsAt(block, FIELDS.size.offset, FIELDS.size.digits, 8);
  if (entry === undefined || user === undefined || group === undefined || !(payloadBytes <= MAX_FILE_BYTES))
    return undefined;
  const { kind, segment } = entry;
  const { device, epoch } = user;
  const { sequence, boot, crc: payloadCrc } = group;
  return { kind, device, epoch, segment, sequence, boot, payloadBytes, payloadCrc };
}

function parseEntry(block: Uint8Array): Pick<EntryHeader, "kind" | "segment"> | undefined {
  for (const kind of ["capture", "head"] as const) {
    const segment = nameAt(block, FIELDS.name.offset, NAMES[kind])?.segment;
    if (segment !== undefined) return { kind, segment };
  }
  return undefined;
}

/** The first HEAD_BYTES of a segment; payload size and CRC of the given header are not used. */
export function formatHead({ header, slots, slotBytes }: SegmentHead): Uint8Array {
  const values: Readonly<Record<keyof typeof HEAD_KEYS, string | number>> = {
    format: VERSION,
    slots,
    "slot-bytes": slotBytes,
    device: hex32(header.device),
    epoch: hex32(header.epoch),
    segment: header.segment,
    "first-sequence": header.sequence,
    boot: header.boot,
  };
  const keys = Object.keys(HEAD_KEYS) as (keyof typeof HEAD_KEYS)[];
  const text = [NAMES.title, ...keys.map((key) => `${key}=${values[key]}`)].join("\n");
  const head = new Uint8Array(HEAD_BYTES);
  put(head, HEADER_BYTES, text.padEnd(HEAD_BYTES - HEADER_BYTES, "\n"));
  const payload = head.subarray(HEADER_BYTES);
  head.set(formatHeader({ ...header, kind: "head", payloadBytes: payload.length, payloadCrc: crc32(payload) }));
  return head;
}

/** Reads and verifies the first HEAD_BYTES of a file; a sentence says why it is not a segment's head. */
export function parseHead(bytes: Uint8Array): SegmentHead | string {
  if (bytes.length < HEAD_BYTES) return "the file is shorter than a segment's head";
  const parsed = parseHeader(bytes.subarray(0, HEADER_BYTES));
  if (parsed.state !== "valid") return parsed.state === "zero" ? "the head is empty" : parsed.reason;
  const { header } = parsed;
  const payload = bytes.subarray(HEADER_BYTES, HEAD_BYTES);
  if (header.kind !== "head" || header.payloadBytes !== payload.length) {
    return "the first entry is not a segment's head";
  }
  if (crc32(payload) !== header.payloadCrc) return "the head's CRC is wrong";
  const geometry = parseGeometry(latin1(payload).split("\n"));
  return geometry !== undefined && isPossible(geometry)
    ? { header, ...geometry }
    : "the head describes an impossible segment";
}

/** From the lines of a head's text: title, format, and what must follow. */
function parseGeometry(lines: readonly string[]): Geometry | undefined {
  const [title, format, slots, slotBytes] = lines;
  const number = (line: string | undefined, key: keyof typeof HEAD_KEYS) => {
    const digits = line?.startsWith(`${key}=`) ? line.slice(key.length + 1) : "";
    return /^\d{1,10}$/.test(digits) ? Number(digits) : Number.NaN;
  };
  if (title !== NAMES.title || number(format, "format") !== VERSION) return undefined;
  return { slots: number(slots, "slots"), slotBytes: number(slotBytes, "slot-bytes") };
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
  if (payload[WITHDRAWN_OFFSET] === 0x30) return crc32(payload);
  const before = crc32(payload.subarray(0, WITHDRAWN_OFFSET));
  return crc32(payload.subarray(WITHDRAWN_OFFSET + 1), crc32(Uint8Array.of(0x30), before));
}
