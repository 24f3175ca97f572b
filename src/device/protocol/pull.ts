/**
 * Copies a segment of the bot's card to a file over the serial line. What is there of an earlier try is kept and gone on from, when it is of the same
 * segment of the same card; the file appears under its name when it is whole.
 */
import { type FileHandle, open, rename } from "node:fs/promises";
import { parseHead, type SegmentHead, segmentBytes, slotOffset } from "../../captures/format.js";
import { BLOCK_BYTES, HEAD_BYTES, MAX_SLOTS } from "../../captures/layout.js";
import { asEnvironmentError, EnvironmentError } from "../../errors.js";
import { type DeviceClient, type ReadPlan, readAll } from "./client.js";
import { COMMANDS } from "./packet.js";

/** FAT files end here. */
const LARGEST = 0xffffffff;
const PATIENCE_MS = 2000;

export interface PullRequest {
  readonly client: DeviceClient;
  readonly segment: number;
  /** Slots to copy, as `list` says they are used; the rest of the file are zeros, which are free slots. Default: all. */
  readonly used?: number;
  /** The file to make; until it is whole, its name with ".part". */
  readonly file: string;
  /** Bytes that are there, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PullResult {
  /** Of the file. */
  readonly bytes: number;
  /** What came over the line this time. */
  readonly copied: number;
  readonly resumedAt: number;
}

/**
 * Every byte is covered by its packet's CRC-32, every capture by its own (captures/read-segment.ts). Throws DeviceReplyError when the bot has no such
 * segment, or the card does not read; EnvironmentError when the port is gone: the same call goes on later.
 */
export async function pullSegment(request: PullRequest): Promise<PullResult> {
  const { file, client, segment } = request;
  const part = `${file}.part`;
  const head = await readAll(client, segmentPlan(segment, 0, HEAD_BYTES));
  const geometry = parseHead(head);
  if (typeof geometry === "string" || geometry.header.segment !== segment) {
    throw new EnvironmentError(
      `the bot sent no segment: ${typeof geometry === "string" ? geometry : "another number"}`,
      {
        where: file,
        remedy: "Flash the firmware of this version: smilec flash",
      },
    );
  }
  try {
    const output = await openPart(part);
    try {
      const result = await fill(output, head, geometry, request);
      await output.sync();
      await output.close();
      await rename(part, file);
      return result;
    } finally {
      await output.close();
    }
  } catch (error) {
    throw asEnvironmentError(error, part);
  }
}

/** Asks for bytes `from` to `to` of a segment file, both multiples of BLOCK_BYTES. */
export function segmentPlan(segment: number, from: number, to: number): ReadPlan {
  return {
    command: COMMANDS.pull,
    argumentsAt: (offset) => [segment, offset, to - offset],
    from,
    to,
    largest: LARGEST,
    patienceMs: PATIENCE_MS,
  };
}

/** Without emptying it. */
async function openPart(part: string): Promise<FileHandle> {
  return open(part, "r+").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return open(part, "w+");
  });
}

async function fill(
  output: FileHandle,
  head: Uint8Array,
  geometry: SegmentHead,
  request: PullRequest,
): Promise<PullResult> {
  const used = Math.min(request.used ?? MAX_SLOTS, geometry.slots);
  const end = slotOffset(geometry, used);
  const resumedAt = await resumable(output, head, end);
  if (resumedAt === HEAD_BYTES) {
    await output.truncate(0);
    await output.write(head, 0, HEAD_BYTES, 0);
  }
  let copied = 0;
  if (resumedAt < end) {
    for await (const { offset, data } of request.client.read(segmentPlan(request.segment, resumedAt, end))) {
      await output.write(data, 0, data.length, offset);
      copied += data.length;
      request.onProgress?.(offset + data.length, end);
    }
  }
  const bytes = segmentBytes(geometry);
  await output.truncate(bytes);
  return { bytes, copied, resumedAt };
}

/** Where the copy of an earlier try ends; behind the head, when it is of another segment. */
async function resumable(output: FileHandle, head: Uint8Array, end: number): Promise<number> {
  const there = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await output.read(there, 0, HEAD_BYTES, 0);
  const { size } = await output.stat();
  if (bytesRead < HEAD_BYTES || !there.equals(head)) return HEAD_BYTES;
  return Math.min(Math.floor(size / BLOCK_BYTES) * BLOCK_BYTES, end);
}
