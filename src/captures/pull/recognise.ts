/** Recognises a segment that was pulled before, by a few blocks. The rule and its reasons are in docs/pull-captures.md. */
import type { SeenSegment, SegmentState } from "../catalogue/types.js";
import { crc32 } from "../crc32.js";
import { type EntryHeader, hex32, parseHeader, type SegmentHead, slotOffset } from "../format.js";
import { BLOCK_BYTES, HEAD_BYTES, HEADER_BYTES, MAX_BURST } from "../layout.js";
import { belongs, type Promised, type ReadAheadBytes } from "../read-segment.js";

/** What a segment's mark says, as text in the catalogue. */
interface Mark {
  readonly headCrc: number;
  /** Of the last committed header. */
  readonly lastCrc: number;
  readonly fileBytes: number;
  /**
   * The newest segment of its bot on that card that held a capture: the bot may have written to it since, or withdrawn the last press in it. Of older
   * segments it writes to none.
   */
  readonly open: boolean;
}

export interface SegmentAt {
  readonly head: SegmentHead;
  readonly read: ReadAheadBytes;
  readonly fileBytes: number;
  /** As {@link Mark.open}, now. */
  readonly open: boolean;
}

/** What to remember of a segment of which `slotsRead` slots were used. */
export async function segmentState(segment: SegmentAt, slotsRead: number): Promise<SegmentState> {
  const { head } = segment;
  const { device, epoch, segment: number } = head.header;
  const mark = formatMark(await markOf(segment, slotsRead));
  return { device: hex32(device), epoch: hex32(epoch), segment: number, slots: head.slots, slotsRead, mark };
}

/**
 * Whether nothing has changed since `seen`. `isKnown` is asked for the captures that may have been withdrawn since, and sees to those that were.
 */
export async function isUnchanged(
  segment: SegmentAt,
  seen: SeenSegment,
  isKnown: (header: EntryHeader, slot: number) => Promised<unknown>,
): Promise<boolean> {
  const mark = await markOf(segment, seen.slotsRead);
  const wasOpen = seen.mark === formatMark({ ...mark, open: true });
  if (!wasOpen && seen.mark !== formatMark({ ...mark, open: false })) return false;
  const { slots } = segment.head;
  // A bot can find a closed segment its newest again when others were deleted: then it writes behind the last capture.
  const lookAhead = wasOpen || segment.open ? slots : Math.min(slots, seen.slotsRead + 1);
  for (let slot = seen.slotsRead; slot < lookAhead; slot++)
    if ((await committed(segment, slot)) !== undefined) return false;
  if (!wasOpen && !segment.open) return true;
  for (let slot = Math.max(0, seen.slotsRead - MAX_BURST); slot < seen.slotsRead; slot++) {
    const header = await committed(segment, slot);
    if (header !== undefined && !(await isKnown(header, slot))) return false;
  }
  return true;
}

/** Whether the segment's first slot is used: the bot writes from there on. */
export async function holdsCapture(segment: Omit<SegmentAt, "open">): Promise<boolean> {
  return (await committed(segment, 0)) !== undefined;
}

async function markOf({ head, read, fileBytes, open }: SegmentAt, slotsRead: number): Promise<Mark> {
  const last = slotsRead === 0 ? new Uint8Array(0) : await read(slotOffset(head, slotsRead - 1), BLOCK_BYTES);
  // Before the next read: the bytes are lent.
  const lastCrc = crc32(last);
  return { headCrc: crc32(await read(0, HEAD_BYTES)), lastCrc, fileBytes, open };
}

function formatMark({ headCrc, lastCrc, fileBytes, open }: Mark): string {
  return `${hex32(headCrc)}.${hex32(lastCrc)}.${fileBytes}.${open ? "open" : "closed"}`;
}

async function committed({ head, read }: Omit<SegmentAt, "open">, slot: number): Promise<EntryHeader | undefined> {
  const parsed = parseHeader(await read(slotOffset(head, slot), HEADER_BYTES));
  return parsed.state === "valid" && belongs(parsed.header, head) ? parsed.header : undefined;
}
