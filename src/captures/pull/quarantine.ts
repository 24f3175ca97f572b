/** Records that were not taken, put aside as they were found. Bounded: a card full of damage does not fill the disk. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../catalogue/catalogue.js";
import { crc32 } from "../crc32.js";
import { type EntryHeader, hex32, parseHeader } from "../format.js";
import { HEADER_BYTES, WITHDRAWN_OFFSET } from "../layout.js";
import type { Batches } from "./batches.js";
import { type FolderMaker, keyOf, QUARANTINE } from "./picture-path.js";
import type { PictureWriter } from "./picture-writer.js";

/** Bytes that may lie in quarantine; records beyond are listed only. */
export const QUARANTINE_BYTES = 256 << 20;
/** Largest piece of one record. */
const RECORD_BYTES = 1 << 20;
/** `quarantine/SEG00042.TAR-79360-bad-crc-1a2b3c4d.bin` */
export const QUARANTINE_PATH = /^quarantine\/[A-Za-z0-9_.-]{1,40}-\d{1,16}-[a-z-]{1,20}-[0-9a-f]{8}\.bin$/;

export interface Finding {
  /** Name of the segment or image, without folders. */
  readonly file: string;
  readonly slot: number | undefined;
  readonly offset: number;
  /** A ProblemReason of read-segment.ts, `conflict` or `unreadable`. */
  readonly reason: string;
  readonly message: string;
}

export interface PutAside extends Finding {
  /** Of the bytes, below the captures' folder; undefined when none were kept. */
  readonly path: string | undefined;
}

export class Quarantine {
  private constructor(
    private readonly catalogue: Catalogue,
    private readonly pull: number,
    private readonly folders: FolderMaker,
    private readonly writer: PictureWriter,
    private readonly batches: Batches,
    private used: number,
  ) {}

  static async open(
    catalogue: Catalogue,
    pull: number,
    folders: FolderMaker,
    writer: PictureWriter,
    batches: Batches,
  ): Promise<Quarantine> {
    return new Quarantine(
      catalogue,
      pull,
      folders,
      writer,
      batches,
      await folderBytes(join(catalogue.dir, QUARANTINE)),
    );
  }

  /**
   * Notes a record and keeps its bytes (header and payload, as far as they were read). Nothing is kept of what may have been withdrawn, nor with
   * `keep` false.
   */
  async put(finding: Finding, bytes: Uint8Array, keep: boolean): Promise<PutAside> {
    const kept = bytes.subarray(0, RECORD_BYTES);
    const crc = crc32(kept);
    const path = keep && kept.length > 0 && !mayBeWithdrawn(kept) ? await this.store(finding, kept, crc) : undefined;
    const header = captureHeader(bytes);
    const key = header === undefined ? undefined : keyOf(header);
    await this.batches.add(() => this.catalogue.pulls.quarantine({ ...finding, key, crc, path }, this.pull));
    return { ...finding, path };
  }

  private async store({ file, offset, reason }: Finding, bytes: Uint8Array, crc: number): Promise<string | undefined> {
    const path = `${QUARANTINE}/${safeName(file)}-${offset}-${reason}-${hex32(crc)}.bin`;
    const place = join(this.catalogue.dir, path);
    const present = await lstat(place).catch(() => undefined);
    if (present?.isFile() === true && present.size === bytes.length) return path;
    if (this.used + bytes.length > QUARANTINE_BYTES) return undefined;
    this.used += bytes.length;
    this.folders.make(QUARANTINE);
    await this.writer.write(path, bytes);
    return path;
  }
}

/** The header of a record that is a capture, when it can be read. */
export function captureHeader(record: Uint8Array): EntryHeader | undefined {
  const parsed = parseHeader(record.subarray(0, HEADER_BYTES));
  return parsed.state === "valid" && parsed.header.kind === "capture" ? parsed.header : undefined;
}

/** Whether the bytes hold a capture whose mark is not, or no longer, "0". */
function mayBeWithdrawn(record: Uint8Array): boolean {
  const at = HEADER_BYTES + WITHDRAWN_OFFSET;
  const begin = Buffer.from(record.subarray(HEADER_BYTES, at)).toString("latin1");
  const isCapture = begin.startsWith("P5\n# smilec-capture=") || captureHeader(record) !== undefined;
  return isCapture && record.length > at && record[at] !== 0x30;
}

/** A file name that is one on every system, whatever the card calls it. */
function safeName(name: string): string {
  return (
    name
      .replaceAll(/[^A-Za-z0-9_.-]/g, "_")
      .slice(0, 40)
      .replace(/^\.+/, "_") || "_"
  );
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name } of await opendir(folder)) bytes += (await lstat(join(folder, name))).size;
  } catch {
    // None yet.
  }
  return bytes;
}
