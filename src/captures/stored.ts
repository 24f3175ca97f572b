/** Captures as they lie below the captures' folder: the payload of the card, checked again against what was catalogued. */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { isInside } from "../data/paths.js";
import type { CatalogueCapture } from "./catalogue/types.js";
import { hex32, payloadCrc } from "./format.js";
import { METADATA_BYTES } from "./layout.js";
import { parseMetadata } from "./metadata.js";
import type { Capture } from "./read-segment.js";

/** What of a row says where its picture is and what it must be. */
export type StoredPicture = Pick<CatalogueCapture, "path" | "payloadBytes" | "payloadCrc" | "width" | "height">;

/** Why a stored picture cannot be used; caught in {@link readStoredCapture}. */
class StoredProblem extends Error {}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "the picture is missing",
  ENOTDIR: "the picture is missing",
  ELOOP: "the picture is a link",
  EMLINK: "the picture is a link",
  ENXIO: "the picture is no file",
};

/** Absolute path of a capture's picture; undefined when it leaves the captures' folder, as only a damaged catalogue's does. */
export function storedPath(dir: string, path: string): string | undefined {
  const whole = join(dir, path);
  return isInside(Buffer.from(dir), Buffer.from(whole)) && whole !== dir ? whole : undefined;
}

/**
 * The capture of a row, or a sentence that says why its picture cannot be used: missing, shortened, not as it was pulled, or somewhere else: neither a
 * path nor a link of a catalogue from elsewhere leads out of `dir`, the captures' folder.
 */
export async function readStoredCapture(dir: string, row: StoredPicture): Promise<Capture | string> {
  try {
    return captureOf(await payloadOf(dir, row), row);
  } catch (error) {
    if (error instanceof StoredProblem) return error.message;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return PROBLEMS[code] ?? `the picture cannot be read (${code})`;
  }
}

async function payloadOf(dir: string, { path, payloadBytes }: StoredPicture): Promise<Uint8Array> {
  const whole = storedPath(dir, path);
  if (whole === undefined || !(await isReallyInside(dir, whole)))
    throw new StoredProblem("its path leads out of the captures' folder");
  // Neither through a link nor waiting for the other end of a pipe.
  const file = await open(whole, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new StoredProblem("the picture is no file");
    if (found.size !== payloadBytes)
      throw new StoredProblem(`the picture has ${found.size} bytes, not ${payloadBytes}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Links on the way to the folder are the user's own, those in it are not. */
async function isReallyInside(dir: string, whole: string): Promise<boolean> {
  const [folder, folderOfPicture] = await Promise.all([realpath(dir), realpath(join(whole, ".."))]);
  return isInside(Buffer.from(folder), Buffer.from(folderOfPicture));
}

function captureOf(payload: Uint8Array, row: StoredPicture): Capture {
  if (payload.length !== row.payloadBytes)
    throw new StoredProblem(`the picture has ${payload.length} bytes, not ${row.payloadBytes}`);
  const crc = payloadCrc(payload);
  if (crc !== row.payloadCrc)
    throw new StoredProblem(`the picture is damaged: its CRC is ${hex32(crc)}, not ${hex32(row.payloadCrc)}`);
  const parsed = parseMetadata(payload.subarray(0, METADATA_BYTES));
  if (typeof parsed === "string") throw new StoredProblem(parsed);
  const { metadata, width, height } = parsed;
  if (width !== row.width || height !== row.height)
    throw new StoredProblem(`the picture is ${width} x ${height}, not ${row.width} x ${row.height}`);
  if (payload.length < METADATA_BYTES + width * height) throw new StoredProblem("the frame is larger than its file");
  const pixels = payload.subarray(METADATA_BYTES, METADATA_BYTES + width * height);
  const { device, epoch, segment, sequence, boot, slot } = metadata;
  const origin = { kind: "capture", device, epoch, segment, sequence, boot } as const;
  const header = { ...origin, payloadBytes: payload.length, payloadCrc: crc };
  return { header, slot, metadata, frame: { width, height, pixels }, payload };
}
