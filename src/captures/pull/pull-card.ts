/** Reads the segments of a card: first which of them have changed, then those, the newest first. */
import { mapOrdered } from "../../data/ordered.js";
import { UserError } from "../../errors.js";
import type { SeenSegment, UntimedCapture } from "../catalogue/types.js";
import { type EntryHeader, hex32, type SegmentHead, slotOffset } from "../format.js";
import { BLOCK_BYTES, HEAD_BYTES, HEADER_BYTES } from "../layout.js";
import { type ReadBytes, readHead, readSlots } from "../read-segment.js";
import type { Place } from "./intake.js";
import { type Reading, type ReadingParts, stopIfAsked } from "./pull.js";
import { PIECE_BYTES, type PieceMemory, ReadAhead, TwoPieces } from "./read-ahead.js";
import { holdsCapture, isUnchanged, type SegmentAt, segmentState } from "./recognise.js";
import {
  type CardSource,
  isReadError,
  type OpenSegment,
  readingSegment,
  type SegmentFile,
  UnreadableSegment,
} from "./source.js";

const MEGABYTE = 1e6;
/** Segments that are opened at once: each step of it waits for a thread, which costs more than the step. */
const OPENED = 8;
/** What is read of a segment when it is opened to be looked at: its head, and the first slot's header and block. */
const START_BYTES = HEAD_BYTES + HEADER_BYTES + BLOCK_BYTES;
/** As {@link OPENED} and {@link START_BYTES}, of those that are read then. */
const OPENED_TO_READ = 2;
const FIRST_BYTES = PIECE_BYTES;

/** What is known of a card's segments before they are pulled. */
export interface CardCounts {
  /** Segment files. */
  segments: number;
  /** Those in which nothing has changed. */
  unchanged: number;
}

export class CardReading implements Reading {
  readonly recovered = false;
  readonly counts: CardCounts = { segments: 0, unchanged: 0 };
  /** What the catalogue said of the segments before this pull, by device and epoch; and of those that were the newest then. */
  private readonly seen = new Map<string, SeenSegment>();
  private readonly open: SeenSegment[] = [];
  /** For looking at segments. */
  private readonly memory = new TwoPieces();
  /** Bots of which a newer segment with captures was met. */
  private readonly newer = new Set<number>();

  constructor(private readonly source: CardSource) {}

  get kind() {
    return this.source.kind;
  }

  get origin(): string {
    return this.source.origin;
  }

  get live(): boolean {
    return this.source.live;
  }

  async read(parts: ReadingParts): Promise<void> {
    const changed: ChangedSegment[] = [];
    const segments = await this.source.segments();
    this.counts.segments = segments.length;
    if (segments.length === 0)
      throw new UserError("there are no captures: no file such as SEG00001.TAR", {
        where: this.source.origin,
        remedy: "Check that this is the bot's card. Were they deleted, `--image DEVICE --recover` may find them.",
      });
    const ahead = { limit: OPENED, bytes: START_BYTES };
    for await (const { item: file, open } of this.opened([...segments].reverse(), ahead)) {
      stopIfAsked(parts.context, parts.tally);
      const found = await this.withSegment({ ...file, open }, parts, (segment) => this.look(file, segment, parts));
      if (found !== undefined) changed.push(found);
    }
    await this.readChanged(changed, parts);
  }

  earliest({ key, segment, slot }: UntimedCapture): number | undefined {
    const own = this.seen.get(`${key.device}/${key.epoch}`);
    const moments = own !== undefined && slot >= own.slotsRead ? [own.seenMs] : [];
    for (const seen of this.open) if (seen.device === key.device && seen.segment < segment) moments.push(seen.seenMs);
    return moments.length === 0 ? undefined : Math.max(...moments);
  }

  /** Files in their order, some of them opened and their first bytes read before their turn. */
  private async *opened<T extends Pick<SegmentFile, "open">>(files: readonly T[], ahead: Ahead) {
    // A serial line does one thing at a time, and is the slowest part by far.
    const { limit, bytes, memory } = this.live ? { limit: 1, bytes: 0, memory: undefined } : ahead;
    const opening = new OpeningSegments(bytes, memory);
    try {
      for await (const { item, result } of mapOrdered(files, limit, (file) => opening.begin(file)))
        yield { item, open: result };
    } finally {
      await opening.end();
    }
  }

  /** Opens a segment and closes it after `action`; one that cannot be read is listed. */
  private async withSegment<T>(
    file: SegmentFile,
    { intake }: ReadingParts,
    action: (segment: OpenSegment) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      const segment = await file.open();
      try {
        return await action({ ...segment, read: readingSegment(segment.read) });
      } finally {
        await segment.close();
      }
    } catch (error) {
      if (!(error instanceof UnreadableSegment)) throw error;
      // Fails when it is the whole card that is gone.
      if (isReadError(error)) await this.source.segments();
      const place = { file: file.name, offset: 0, read: async () => new Uint8Array(0) };
      await intake.putAside({ slot: undefined, reason: "unreadable", message: error.message }, place);
      return undefined;
    }
  }

  /** Undefined for a segment that has not changed, or is none. */
  private async look(file: SegmentFile, opened: OpenSegment, parts: ReadingParts): Promise<ChangedSegment | undefined> {
    const { read } = new ReadAhead(opened.read, file.size, { memory: this.memory });
    const head = await readHead(read, file.name);
    if ("kind" in head) {
      await parts.intake.take(head, { file: file.name, offset: 0, read: () => read(0, BLOCK_BYTES * 2) });
      return undefined;
    }
    const { device, epoch, segment } = head.header;
    const at = { head, read, fileBytes: file.size };
    const open = !this.newer.has(device) && (await holdsCapture(at));
    if (open) this.newer.add(device);
    const seen = parts.catalogue.pulls.segment(hex32(device), hex32(epoch), segment);
    if (seen === undefined) return { file, head, open };
    const wasOpen = seen.mark.endsWith(".open");
    this.seen.set(`${seen.device}/${seen.epoch}`, seen);
    if (wasOpen) this.open.push(seen);
    const unchanged = await isUnchanged({ ...at, open }, seen, this.isKnown({ ...at, open }, parts));
    if (!unchanged) return { file, head, open };
    this.counts.unchanged++;
    if (open || wasOpen) await this.remember({ ...at, open }, seen.slotsRead, parts);
    return undefined;
  }

  private async readChanged(changed: readonly ChangedSegment[], parts: ReadingParts): Promise<void> {
    const total = changed.reduce((sum, { file }) => sum + file.size, 0);
    const progress = parts.context.reporter.progress("pull", Math.ceil(total / MEGABYTE), "MB");
    let before = 0;
    try {
      const files = changed.map((segment) => ({ segment, open: segment.file.open }));
      const ahead = { limit: OPENED_TO_READ, bytes: FIRST_BYTES, memory: parts.pieces };
      for await (const { item, open } of this.opened(files, ahead)) {
        const { segment } = item;
        const onSlot = (offset: number) =>
          progress.update(Math.round((before + offset) / MEGABYTE), `${parts.tally.added} new`);
        await this.withSegment({ ...segment.file, open }, parts, (opened) =>
          this.readSegment(segment, opened, parts, onSlot),
        );
        before += segment.file.size;
      }
    } finally {
      progress.end();
    }
  }

  private async readSegment(
    { file, head, open }: ChangedSegment,
    opened: OpenSegment,
    parts: ReadingParts,
    onSlot: (offset: number) => void,
  ): Promise<void> {
    // A serial line is the slowest part by far, and does one thing at a time: there, what is asked for is read and no more.
    const ahead = this.live ? {} : { slotBytes: head.slotBytes, prefetch: true };
    const reading = new ReadAhead(opened.read, file.size, { memory: parts.pieces, ...ahead });
    try {
      await this.readRecords({ head, read: reading.read, fileBytes: file.size, open }, file, parts, onSlot);
    } finally {
      await reading.end();
    }
  }

  private async readRecords(
    segment: SegmentAt,
    file: SegmentFile,
    parts: ReadingParts,
    onSlot: (offset: number) => void,
  ): Promise<void> {
    const { head, read } = segment;
    let slotsRead = 0;
    const isKnown = this.isKnown(segment, parts);
    const counted = (known: "kept" | "gone" | false) => {
      if (known !== false) parts.tally.count(known);
      return known !== false;
    };
    const records = readSlots(read, head, (header, slot) => {
      stopIfAsked(parts.context, parts.tally);
      slotsRead = slot + 1;
      onSlot(slotOffset(head, slot));
      const known = isKnown(header, slot);
      return known instanceof Promise ? known.then(counted) : counted(known);
    });
    for await (const record of records) {
      const slot = record.kind === "capture" ? record.capture.slot : (record.slot ?? 0);
      const taken = parts.intake.take(record, placeOf(file.name, head, slot, read));
      if (taken !== undefined) await taken;
    }
    await this.remember(segment, slotsRead, parts);
  }

  private isKnown({ head, read }: SegmentAt, { intake }: ReadingParts) {
    return (header: EntryHeader, slot: number) =>
      intake.isKnown(header, () => read(slotOffset(head, slot) + HEADER_BYTES, BLOCK_BYTES));
  }

  private async remember(segment: SegmentAt, slotsRead: number, parts: ReadingParts): Promise<void> {
    const state = await segmentState(segment, slotsRead);
    await parts.batches.add(() => parts.catalogue.pulls.setSegment(state, parts.pull));
  }
}

const NOTHING = new Uint8Array(0);

/** How many segments are opened before their turn, and how much is read of them, into which memory. */
interface Ahead {
  readonly limit: number;
  readonly bytes: number;
  readonly memory?: PieceMemory;
}

/** Segments that were opened before their turn. */
class OpeningSegments {
  private readonly waiting = new Set<OpenSegment>();

  constructor(
    private readonly bytes: number,
    private readonly memory: PieceMemory | undefined,
  ) {}

  /** Opens a file and reads its first bytes; resolves to what gives it to its user, or the error of opening it. */
  async begin(file: Pick<SegmentFile, "open">): Promise<SegmentFile["open"]> {
    const space = await this.memory?.take(this.bytes);
    try {
      const segment = await this.withStart(await file.open(), space);
      this.waiting.add(segment);
      return async () => {
        this.waiting.delete(segment);
        return segment;
      };
    } catch (error) {
      this.giveBack(space);
      return () => Promise.reject(error);
    }
  }

  /** Its first bytes stay in memory until it is closed. */
  private async withStart(segment: OpenSegment, space: Uint8Array | undefined): Promise<OpenSegment> {
    // What cannot be read is found again by whoever asks for it.
    const start = await (this.bytes === 0 ? NOTHING : segment.read(0, this.bytes, space).catch(() => NOTHING));
    const close = async () => {
      this.giveBack(space);
      await segment.close();
    };
    return { read: startingWith(start, segment.read), close };
  }

  private giveBack(space: Uint8Array | undefined): void {
    if (space !== undefined) this.memory?.giveBack(space);
  }

  /** Closes those whose turn did not come. */
  async end(): Promise<void> {
    for (const segment of this.waiting) await segment.close();
  }
}

function startingWith(start: Uint8Array, read: ReadBytes): ReadBytes {
  return async (offset, length, space) =>
    offset + length <= start.length ? start.subarray(offset, offset + length) : read(offset, length, space);
}

interface ChangedSegment {
  readonly file: SegmentFile;
  readonly head: SegmentHead;
  readonly open: boolean;
}

function placeOf(file: string, head: SegmentHead, slot: number, read: SegmentAt["read"]): Place {
  const offset = slotOffset(head, slot);
  return { file, offset, read: () => read(offset, head.slotBytes) };
}
