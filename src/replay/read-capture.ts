/** A catalogued capture with its picture, as the segment reader would have given it. */
import { readFile } from "node:fs/promises";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { payloadCrc } from "../captures/format.js";
import { METADATA_BYTES } from "../captures/layout.js";
import { parseMetadata } from "../captures/metadata.js";
import type { Capture } from "../captures/read-segment.js";
import { picturePath } from "../label/picture.js";

/** Reads the picture file below `dir`, the captures' folder; a sentence says why it cannot be used. */
export async function readCapture(dir: string, row: CatalogueCapture): Promise<Capture | string> {
  const path = picturePath(dir, row.path);
  if (path === undefined) return "its path leads out of the captures' folder";
  let payload: Uint8Array;
  try {
    payload = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? "the file is missing" : `the file cannot be read (${code})`;
  }
  if (payload.length !== row.payloadBytes) return `the file has ${payload.length} bytes, not ${row.payloadBytes}`;
  if (payloadCrc(payload) !== row.payloadCrc) return "the file is damaged: its CRC is wrong";
  const parsed = parseMetadata(payload.subarray(0, METADATA_BYTES));
  if (typeof parsed === "string") return parsed;
  const { metadata, width, height } = parsed;
  if (METADATA_BYTES + width * height > payload.length) return "the file is smaller than its picture";
  const { device, epoch, segment, sequence, boot, slot } = metadata;
  const { payloadBytes, payloadCrc: crc } = row;
  const pixels = payload.subarray(METADATA_BYTES, METADATA_BYTES + width * height);
  return {
    header: { kind: "capture", device, epoch, segment, sequence, boot, payloadBytes, payloadCrc: crc },
    slot,
    metadata,
    frame: { width, height, pixels },
    payload,
  };
}
