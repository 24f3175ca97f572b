/** Decides what becomes of each record that was read: new, known, withdrawn, deleted, in conflict, damaged. The same for every source and for recovery. */
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { CaptureKey, KnownCapture } from "../catalogue/types.js";
import type { EntryHeader } from "../format.js";
import { BLOCK_BYTES, WITHDRAWN_OFFSET } from "../layout.js";
import type { Capture, SegmentRecord } from "../read-segment.js";
import type { BatchEvents, Batches } from "./batches.js";
import { type FolderMaker, keyOf, picturePath } from "./picture-path.js";
import type { PictureWriter } from "./picture-writer.js";
import { captureHeader, type Finding, type Quarantine } from "./quarantine.js";
import type { Tally } from "./tally.js";
import { removeFile } from "./tidy.js";

export interface IntakeParts {
  readonly catalogue: Catalogue;
  readonly pull: number;
  readonly folders: FolderMaker;
  readonly writer: PictureWriter;
  readonly batches: Batches;
  readonly quarantine: Quarantine;
  readonly tally: Tally;
  readonly pending: PendingCaptures;
  /** Whether captures are found by their headers alone. */
  readonly recovered: boolean;
}

/** Where a record was found. */
export interface Place {
  /** Name of the segment or image, without folders. */
  readonly file: string;
  readonly offset: number;
  /** The record's bytes from its header on. */
  readonly read: () => Promise<Uint8Array>;
}

/** What was decided of captures but is not in the catalogue yet (two batches at most), and what the catalogue knows. */
export class PendingCaptures implements BatchEvents {
  private fresh = new Map<string, KnownCapture>();
  private committing = new Map<string, KnownCapture>();
  /** The device and epoch that was asked for last, and whether the catalogue has anything of it; until the next commit. */
  private epoch = { name: "", known: false };

  constructor(private readonly catalogue: Catalogue) {}

  onBegin(): void {
    this.committing = this.fresh;
    this.fresh = new Map();
  }

  onCommit(): void {
    this.committing = new Map();
    this.epoch = { name: "", known: false };
  }

  get(header: EntryHeader): KnownCapture | undefined {
    const key = keyOf(header);
    const name = nameOf(key);
    const pending = this.fresh.get(name) ?? this.committing.get(name);
    return pending ?? (this.isUnknown(key) ? undefined : this.catalogue.pulls.known(key));
  }

  set(header: EntryHeader, known: KnownCapture): void {
    this.fresh.set(nameOf(keyOf(header)), known);
  }

  /** Spares a question per capture: on a card most segments are new as a whole. */
  private isUnknown({ device, epoch }: CaptureKey): boolean {
    const name = `${device}/${epoch}`;
    if (name !== this.epoch.name) this.epoch = { name, known: this.catalogue.pulls.hasEpoch(device, epoch) };
    return !this.epoch.known;
  }
}

function nameOf({ device, epoch, sequence }: CaptureKey): string {
  return `${device}/${epoch}/${sequence}`;
}

export class Intake {
  constructor(private readonly parts: IntakeParts) {}

  /**
   * Whether nothing needs to be read of a capture but `firstBlock`, the first 512 bytes of its payload: it was pulled before, and was not withdrawn since, or
   * was: then that is seen to here.
   */
  async isKnown(header: EntryHeader, firstBlock: () => Promise<Uint8Array>): Promise<"kept" | "gone" | false> {
    const known = this.parts.pending.get(header);
    if (known === undefined) return false;
    if (known.state !== "kept") return "gone";
    if (known.payloadCrc !== header.payloadCrc) return false;
    const block = await firstBlock();
    if (block[WITHDRAWN_OFFSET] === 0x30) return "kept";
    if (!(await this.isMarked(block, known))) return false;
    await this.withdraw(header);
    return "gone";
  }

  async take(record: SegmentRecord, place: Place): Promise<void> {
    if (record.kind === "capture") await this.takeCapture(record.capture, place);
    else if (record.kind === "withdrawn") await this.withdraw(record.header);
    else await this.putAside(record, place);
  }

  /** Lists a record and keeps its bytes, unless they are of a capture that was withdrawn or deleted. */
  async putAside(
    { slot, reason, message }: Omit<Finding, "file" | "offset">,
    { file, offset, read }: Place,
  ): Promise<void> {
    const { quarantine, tally, pending } = this.parts;
    const record = await read();
    const header = captureHeader(record);
    const known = header === undefined ? undefined : pending.get(header);
    // What an older file left on these blocks, and was pulled from there.
    if (reason === "stale" && known !== undefined && (known.payloadCrc ?? header?.payloadCrc) === header?.payloadCrc)
      return tally.count("kept");
    const keep = known === undefined || known.state === "kept";
    tally.problem(await quarantine.put({ file, slot, offset, reason, message }, record, keep));
  }

  private async takeCapture(capture: Capture, place: Place): Promise<void> {
    const { tally, pending } = this.parts;
    const { header, slot } = capture;
    const known = pending.get(header);
    if (known === undefined) return this.add(capture);
    if (known.state !== "kept") return tally.count("gone");
    if (known.payloadCrc === header.payloadCrc) return tally.count("kept");
    const message = `capture ${header.sequence} is in the catalogue with another picture`;
    await this.putAside({ slot, reason: "conflict", message }, place);
  }

  private async add({ header, metadata, frame, payload }: Capture): Promise<void> {
    const { catalogue, pull, folders, writer, batches, tally, pending, recovered } = this.parts;
    const path = picturePath(header);
    const { payloadCrc } = header;
    const { width, height } = frame;
    const payloadBytes = payload.length;
    folders.make(dirname(path));
    await writer.write(join(catalogue.dir, path), payload);
    pending.set(header, { payloadCrc, state: "kept", path });
    tally.add(header, payloadBytes);
    const row = { metadata, width, height, payloadCrc, payloadBytes, path, taken: undefined, recovered };
    const values = catalogue.pulls.rowOf(row, pull);
    await batches.add(() => catalogue.pulls.addRow(values));
  }

  /** Marks first, removes then: a picture that is left in between is removed by the next pull. */
  private async withdraw(header: EntryHeader): Promise<void> {
    const { catalogue, pull, batches, tally, pending } = this.parts;
    const known = pending.get(header);
    if (known !== undefined && known.state !== "kept") return tally.count("gone");
    pending.set(header, { payloadCrc: known?.payloadCrc, path: known?.path, state: "withdrawn" });
    if (known === undefined) tally.withdrawn++;
    else tally.removed++;
    let files: string[] = [];
    batches.after(async () => {
      for (const path of files) await removeFile(join(catalogue.dir, path));
    });
    await batches.add(() => {
      files = catalogue.pulls.withdraw(keyOf(header), pull);
    });
  }

  /** Whether a block is the one that was pulled, with another mark. Anything else is damage, for which no picture is removed. */
  private async isMarked(block: Uint8Array, { path }: KnownCapture): Promise<boolean> {
    const pulled = await firstBytes(join(this.parts.catalogue.dir, path ?? ""), BLOCK_BYTES);
    if (pulled === undefined) return true;
    if (pulled.length !== block.length) return false;
    pulled[WITHDRAWN_OFFSET] = block[WITHDRAWN_OFFSET];
    return pulled.equals(block);
  }
}

/** The beginning of a file; undefined when it cannot be read. */
async function firstBytes(path: string, length: number): Promise<Buffer | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
