/** Reads segment files of the capture log (docs/capture-log.md), one slot at a time: whatever the file holds, memory stays at one slot. */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import type { GrayImage } from "../data/types.js";
import { asEnvironmentError, UserError } from "../errors.js";
import {
  type EntryHeader,
  hex32,
  isZero,
  parseHead,
  parseHeader,
  payloadCrc,
  type SegmentHead,
  segmentNumber,
  slotOffset,
} from "./format.js";
import { HEAD_BYTES, HEADER_BYTES, METADATA_BYTES } from "./layout.js";
import { type CaptureMetadata, parseMetadata } from "./metadata.js";

export interface Capture {
  readonly header: EntryHeader;
  readonly slot: number;
  readonly metadata: CaptureMetadata;
  /** The frame the device saw; its pixels are a view of the payload. */
  readonly frame: GrayImage;
  /** The PGM file as stored, padding included. */
  readonly payload: Uint8Array;
}

/**
 * - `foreign`: the file is not a segment, or its head is damaged
 * - `torn`: a header in line (behind a capture, or the first) is neither valid nor empty
 * - `stale`: a header that another segment left on these blocks
 * - `bad-crc`: header valid, payload not as it was written
 * - `bad-metadata`: CRC right, metadata not of format 1
 * - `truncated`: the file ends inside this slot
 */
export type ProblemReason = "foreign" | "torn" | "stale" | "bad-crc" | "bad-metadata" | "truncated";

export type SegmentRecord =
  | { readonly kind: "capture"; readonly capture: Capture }
  /** The person took it back: there is deliberately nothing of the picture here. */
  | { readonly kind: "withdrawn"; readonly slot: number; readonly header: EntryHeader }
  | ProblemRecord;

export interface ProblemRecord {
  readonly kind: "problem";
  readonly reason: ProblemReason;
  /** Undefined for problems of the whole file. */
  readonly slot: number | undefined;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly message: string;
}

/**
 * Where bytes of a segment come from: a file, a FAT image, a serial line. Gives `length` bytes from `offset` on; fewer only at the end. They may be a
 * part of `space`, which the caller lends
 * for it.
 */
export type ReadBytes = (offset: number, length: number, space?: Uint8Array) => Promise<Uint8Array>;

/** What may be there already: a promise for each of a card's captures takes longer than to judge it. */
export type Promised<T> = T | Promise<T>;

/** As {@link ReadBytes}, where the bytes may have been read ahead. */
export type ReadAheadBytes = (offset: number, length: number) => Promised<Uint8Array>;

/** The bytes of an open file. */
export function bytesOf(file: FileHandle): ReadBytes {
  return async (offset, length, space) => {
    const buffer = space !== undefined && space.length >= length ? space : Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await file.read(buffer, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  };
}

/** Whether a valid header belongs to a committed capture of this segment. */
export function belongs(header: EntryHeader, head: SegmentHead): boolean {
  return (
    header.kind === "capture" &&
    header.device === head.header.device &&
    header.epoch === head.header.epoch &&
    header.segment === head.header.segment &&
    header.payloadBytes === head.slotBytes - HEADER_BYTES
  );
}

/** Checks a committed slot's payload against its header and itself. */
export function judge(header: EntryHeader, slot: number, offset: number, payload: Uint8Array): SegmentRecord {
  const problem = (reason: ProblemReason, message: string): SegmentRecord => ({
    kind: "problem",
    reason,
    slot,
    offset,
    message: `capture ${header.sequence}: ${message}`,
  });
  if (payload.length < header.payloadBytes) return problem("truncated", "the file ends inside the picture");
  // The bot gives the picture of a withdrawn capture to nobody: over the serial line it comes as zeros.
  if (isZero(payload)) return { kind: "withdrawn", slot, header };
  const crc = payloadCrc(payload);
  if (crc !== header.payloadCrc) {
    return problem("bad-crc", `the picture's CRC is ${hex32(crc)}, not ${hex32(header.payloadCrc)}`);
  }
  const parsed = parseMetadata(payload.subarray(0, METADATA_BYTES));
  if (typeof parsed === "string") return problem("bad-metadata", parsed);
  const { metadata, width, height } = parsed;
  const contradiction = contradicts(header, slot, parsed, payload.length);
  if (contradiction !== undefined) return problem("bad-metadata", contradiction);
  if (metadata.withdrawn) return { kind: "withdrawn", slot, header };
  const pixels = payload.subarray(METADATA_BYTES, METADATA_BYTES + width * height);
  return { kind: "capture", capture: { header, slot, metadata, frame: { width, height, pixels }, payload } };
}

/** Where the metadata says something else than the header or the slot. */
function contradicts(
  header: EntryHeader,
  slot: number,
  { metadata, width, height }: { metadata: CaptureMetadata; width: number; height: number },
  payloadBytes: number,
): string | undefined {
  for (const key of ["device", "epoch", "segment", "sequence", "boot"] as const) {
    if (metadata[key] !== header[key])
      return `${key} is ${metadata[key]} in the picture and ${header[key]} in the header`;
  }
  if (metadata.slot !== slot) return `the picture was written to slot ${metadata.slot}`;
  return METADATA_BYTES + width * height > payloadBytes ? "the frame is larger than its slot" : undefined;
}

/** Yields what is in the slots of a segment whose head was read. Nothing is read of the payload of a capture that is `known`; it yields nothing. */
export async function* readSlots(
  read: ReadAheadBytes,
  head: SegmentHead,
  known: (header: EntryHeader, slot: number) => Promised<boolean> = () => false,
): AsyncGenerator<SegmentRecord, void, undefined> {
  let inLine = true;
  for (let slot = 0; slot < head.slots; slot++) {
    const offset = slotOffset(head, slot);
    const problem = (reason: ProblemReason, message: string): SegmentRecord => ({
      kind: "problem",
      reason,
      slot,
      offset,
      message,
    });
    const start = read(offset, HEADER_BYTES);
    const block = start instanceof Promise ? await start : start;
    if (block.length < HEADER_BYTES) {
      yield problem("truncated", `the file ends before slot ${slot} of ${head.slots}`);
      return;
    }
    const parsed = parseHeader(block);
    if (parsed.state === "valid" && belongs(parsed.header, head)) {
      inLine = true;
      const isKnown = known(parsed.header, slot);
      if (isKnown instanceof Promise ? await isKnown : isKnown) continue;
      const rest = read(offset + HEADER_BYTES, parsed.header.payloadBytes);
      yield judge(parsed.header, slot, offset, rest instanceof Promise ? await rest : rest);
      continue;
    }
    if (parsed.state === "valid") {
      const { segment, epoch } = parsed.header;
      yield problem("stale", `left here by segment ${segment}, epoch ${hex32(epoch)}`);
    } else if (parsed.state === "invalid" && inLine) {
      yield problem("torn", `slot ${slot}: ${parsed.reason}`);
    }
    inLine = false;
  }
}

/** The head of a segment file of that name, or why the whole file is none of the bot's segments. */
export async function readHead(read: ReadAheadBytes, fileName: string): Promise<SegmentHead | ProblemRecord> {
  const problem = (reason: ProblemReason, message: string): ProblemRecord => ({
    kind: "problem",
    reason,
    slot: undefined,
    offset: 0,
    message,
  });
  const head = parseHead(await read(0, HEAD_BYTES));
  if (typeof head === "string") return problem("foreign", head);
  const number = segmentNumber(fileName);
  if (number === undefined || number === head.header.segment) return head;
  return problem("stale", `power was cut while the file was made: it still holds segment ${head.header.segment}`);
}

/**
 * Yields every capture, withdrawn mark and problem of a segment file, in slot order. Free slots yield nothing.
 * Throws UserError when there is no such file and EnvironmentError when it cannot be read.
 */
export async function* readSegment(path: string): AsyncGenerator<SegmentRecord, void, undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw missing(error, path);
  }
  try {
    const read = bytesOf(file);
    const head = await readHead(read, basename(path));
    if ("kind" in head) yield head;
    else yield* readSlots(read, head);
  } catch (error) {
    throw asEnvironmentError(error, path);
  } finally {
    await file.close();
  }
}

function missing(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") return asEnvironmentError(error, path);
  return new UserError("the segment file does not exist", {
    where: path,
    remedy: "Check the path of the card.",
    cause: error,
  });
}
