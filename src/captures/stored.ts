/** Captures as they lie below the captures' folder: the payload of the card, checked again against what was catalogued. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asEnvironmentError } from "../errors.js";
import type { CatalogueCapture } from "./catalogue/types.js";
import { hex32, payloadCrc } from "./format.js";
import { METADATA_BYTES } from "./layout.js";
import { parseMetadata } from "./metadata.js";
import type { Capture } from "./read-segment.js";

/** The capture of a row, or a sentence that says why its picture cannot be used: missing, shortened, or not as it was pulled. */
export async function readStoredCapture(dir: string, row: CatalogueCapture): Promise<Capture | string> {
  let payload: Uint8Array;
  try {
    payload = await readFile(join(dir, row.path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "the picture is missing";
    throw asEnvironmentError(error, join(dir, row.path));
  }
  if (payload.length !== row.payloadBytes) return `the picture has ${payload.length} bytes, not ${row.payloadBytes}`;
  const crc = payloadCrc(payload);
  if (crc !== row.payloadCrc) return `the picture's CRC is ${hex32(crc)}, not ${hex32(row.payloadCrc)}`;
  const parsed = parseMetadata(payload.subarray(0, METADATA_BYTES));
  if (typeof parsed === "string") return parsed;
  const { metadata, width, height } = parsed;
  if (payload.length < METADATA_BYTES + width * height) return "the frame is larger than its file";
  const pixels = payload.subarray(METADATA_BYTES, METADATA_BYTES + width * height);
  const { device, epoch, segment, sequence, boot } = metadata;
  const header = {
    kind: "capture",
    device,
    epoch,
    segment,
    sequence,
    boot,
    payloadBytes: payload.length,
    payloadCrc: crc,
  } as const;
  return { header, slot: metadata.slot, metadata, frame: { width, height, pixels }, payload };
}
