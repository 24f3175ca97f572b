/** Decides what becomes of each record that was read: new, known, withdrawn, deleted, in conflict, damaged. The same for every source and for recovery. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { KnownCapture } from "../catalogue/types.js";
import { type EntryHeader, hex32 } from "../format.js";
import { BLOCK_BYTES, WITHDRAWN_OFFSET } from "../layout.js";
import type { Capture, Promised, SegmentRecord } from "../read-segment.js";
import type { BatchEvents, Batches } from "./batches.js";
import { type FolderMaker, keyOf, pictureFolder, pictureName } from "./picture-path.js";
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
  readonly read: () => Promised<Uint8Array>;
}

/** What was decided of captures but is not in the catalogue yet (two batches at most), and what the catalogue knows. */
export class PendingCaptures implements BatchEvents {
  private fresh = new CaptureMap();
  private committing = new CaptureMap();
  /** The device and epoch that was asked for last, and whether the catalogue has anything of it; until the next commit. */
  private asked: Epoch & { readonly known: boolean } = { ...NO_EPOCH, known: false };

  constructor(private readonly catalogue: Catalogue) {}

  onBegin(): void {
    this.committing = this.fresh;
    this.fresh = new CaptureMap();
  }

  onCommit(): void {
    this.committing = new CaptureMap();
    this.asked = { ...NO_EPOCH, known: false };
  }

  get(header: EntryHeader): KnownCapture | undefined {
    const pending = this.fresh.get(header) ?? this.committing.get(header);
    return pending ?? (this.isUnknown(header) ? undefined : this.catalogue.pulls.known(keyOf(header)));
  }

  set(header: EntryHeader, known: KnownCapture): void {
    this.fresh.set(header, known);
  }

  /** Spares a question per capture: on a card most segments are new as a whole. */
  private isUnknown({ device, epoch }: Epoch): boolean {
    if (device !== this.asked.device || epoch !== this.asked.epoch)
      this.asked = { device, epoch, known: this.catalogue.pulls.hasEpoch(hex32(device), hex32(epoch)) };
    return !this.asked.known;
  }
}

type Epoch = Pick<EntryHeader, "device" | "epoch">;
/** Of no bot. */
const NO_EPOCH: Epoch = { device: -1, epoch: -1 };

/** Captures by device, epoch and sequence number, as numbers: texts made for each would take longer than all the rest of it. */
class CaptureMap {
  private readonly devices = new Map<number, Map<number, Map<number, KnownCapture>>>();

  get({ device, epoch, sequence }: EntryHeader): KnownCapture | undefined {
    return this.devices.get(device)?.get(epoch)?.get(sequence);
  }

  set({ device, epoch, sequence }: EntryHeader, known: KnownCapture): void {
    const epochs = this.devices.get(device) ?? new Map<number, Map<number, KnownCapture>>();
    const captures = epochs.get(epoch) ?? new Map<number, KnownCapture>();
    this.devices.set(device, epochs);
    epochs.set(epoch, captures);
    captures.set(sequence, known);
  }
}

export class Intake {
  /** Where the last picture went: most go into the same folder. */
  private last = { ...NO_EPOCH, segment: 0, folder: "" };

  constructor(private readonly parts: IntakeParts) {}

  /**
   * Whether nothing needs to be read of a capture but `firstBlock`, the first 512 bytes of its payload: it was pulled before, and was not withdrawn since, or
   * was: then that is seen to here. For one that is new there is nothing to wait for.
   */
  isKnown(header: EntryHeader, firstBlock: () => Promised<Uint8Array>): Promised<"kept" | "gone" | false> {
    const known = this.parts.pending.get(header);
    if (known === undefined) return false;
    if (known.state !== "kept") return "gone";
    return known.payloadCrc === header.payloadCrc && this.isKept(header, known, firstBlock);
  }

  private async isKept(
    header: EntryHeader,
    known: KnownCapture,
    firstBlock: () => Promised<Uint8Array>,
  ): Promise<"kept" | "gone" | false> {
    const block = await firstBlock();
    if (block[WITHDRAWN_OFFSET] === 0x30) return "kept";
    if (!(await this.isMarked(block, known))) return false;
    await this.withdraw(header);
    return "gone";
  }

  /** Undefined: there is nothing to wait for. */
  take(record: SegmentRecord, place: Place): Promise<void> | undefined {
    if (record.kind === "capture") return this.takeCapture(record.capture, place);
    return record.kind === "withdrawn" ? this.withdraw(record.header) : this.putAside(record, place);
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

  private takeCapture(capture: Capture, place: Place): Promise<void> | undefined {
    const known = this.parts.pending.get(capture.header);
    return known === undefined ? this.add(capture) : this.compare(capture, known, place);
  }

  private async compare({ header, slot }: Capture, known: KnownCapture, place: Place): Promise<void> {
    const { tally } = this.parts;
    if (known.state !== "kept") return tally.count("gone");
    if (known.payloadCrc === header.payloadCrc) return tally.count("kept");
    const message = `capture ${header.sequence} is in the catalogue with another picture`;
    await this.putAside({ slot, reason: "conflict", message }, place);
  }

  private add(capture: Capture): Promise<void> | undefined {
    const path = `${this.folderOf(capture.header)}/${pictureName(capture.header)}`;
    const written = this.parts.writer.write(path, capture.payload);
    return written === undefined ? this.note(capture, path) : written.then(() => this.note(capture, path));
  }

  private note({ header, metadata, frame, payload }: Capture, path: string): Promise<void> | undefined {
    const { catalogue, pull, batches, tally, pending, recovered } = this.parts;
    const { payloadCrc } = header;
    const { width, height } = frame;
    const payloadBytes = payload.length;
    pending.set(header, { payloadCrc, state: "kept", path });
    tally.add(header, payloadBytes);
    const row = { metadata, width, height, payloadCrc, payloadBytes, path, taken: undefined, recovered };
    return batches.add(catalogue.pulls.rowOf(row, pull));
  }

  /** The folder of a capture's picture, which is there then. */
  private folderOf(header: EntryHeader): string {
    const { device, epoch, segment } = header;
    const { last } = this;
    if (device !== last.device || epoch !== last.epoch || segment !== last.segment) {
      const folder = pictureFolder(header);
      this.parts.folders.make(folder);
      this.last = { device, epoch, segment, folder };
    }
    return this.last.folder;
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
