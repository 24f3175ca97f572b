/**
 * Finds captures by their headers alone, wherever they lie: on a card whose file system is damaged, or in a segment that was deleted. A header begins
 * at a multiple of 512 bytes and is known
 * by its own CRC, its payload follows it (segments are contiguous) and is known by its CRC: so what is found is exact.
 */
import { type EntryHeader, parseHeader, slotBytes } from "./format.js";
import { BLOCK_BYTES, HEADER_BYTES, MAX_FRAME_SIDE, METADATA_BYTES } from "./layout.js";
import { parseMetadata } from "./metadata.js";
import { judge, type ReadBytes, type SegmentRecord } from "./read-segment.js";

export interface Carved {
  /** Of the header, from the start of what was searched. */
  readonly offset: number;
  /** Header and payload. */
  readonly bytes: number;
  readonly record: SegmentRecord;
}

/** Bytes read at once. */
const WINDOW_BYTES = 4 << 20;
const LARGEST_PAYLOAD = slotBytes(MAX_FRAME_SIDE, MAX_FRAME_SIDE) - HEADER_BYTES;
/**
 * Payloads with a wrong CRC may be read up to this many times the bytes searched, plus a few; then what they claim to cover is skipped too. Otherwise
 * headers made for it could let each block
 * cost 16 MB.
 */
const DAMAGED_SHARE = 2;
const DAMAGED_BYTES = 64 << 20;
/** "ustar" NUL at offset 257, and "smilec1." at 265 (docs/capture-log.md, "Header"). */
const MAGIC = Buffer.from("ustar\x0000smilec1.", "latin1");
const MAGIC_AT = 257;

/**
 * Yields every capture, withdrawn mark and damaged capture whose header is whole, in order of their place. Memory is bounded by the window and the
 * largest capture, time by the bytes: what
 * lies inside a whole capture is not searched again. `onWindow` gets the offset reached.
 */
export async function* carve(
  read: ReadBytes,
  onWindow: (offset: number) => void = () => undefined,
): AsyncGenerator<Carved, void, undefined> {
  let offset = 0;
  let damaged = 0;
  for (;;) {
    onWindow(offset);
    const window = await read(offset, WINDOW_BYTES);
    if (window.length < HEADER_BYTES) return;
    const end = offset + window.length - HEADER_BYTES;
    let at = offset;
    while (at <= end) {
      const header = headerAt(window, at - offset);
      if (header === undefined) {
        at += BLOCK_BYTES;
        continue;
      }
      const found = judgeAt(header, at, await payloadAt(read, window, at - offset, at, header));
      yield found;
      const whole = found.record.kind !== "problem";
      if (!whole) damaged += found.bytes;
      at += whole || damaged > DAMAGED_BYTES + DAMAGED_SHARE * at ? found.bytes : BLOCK_BYTES;
    }
    if (at === offset) return;
    offset = at;
  }
}

function headerAt(window: Uint8Array, at: number): EntryHeader | undefined {
  for (let i = 0; i < MAGIC.length; i++) if (window[at + MAGIC_AT + i] !== MAGIC[i]) return undefined;
  const parsed = parseHeader(window.subarray(at, at + HEADER_BYTES));
  if (parsed.state !== "valid" || parsed.header.kind !== "capture") return undefined;
  const { payloadBytes } = parsed.header;
  const possible = payloadBytes > METADATA_BYTES && payloadBytes <= LARGEST_PAYLOAD && payloadBytes % BLOCK_BYTES === 0;
  return possible ? parsed.header : undefined;
}

/** From the window where it is in it. */
function payloadAt(
  read: ReadBytes,
  window: Uint8Array,
  inWindow: number,
  offset: number,
  { payloadBytes }: EntryHeader,
): Promise<Uint8Array> | Uint8Array {
  const [from, to] = [inWindow + HEADER_BYTES, inWindow + HEADER_BYTES + payloadBytes];
  return to <= window.length ? window.subarray(from, to) : read(offset + HEADER_BYTES, payloadBytes);
}

/** The slot is what the metadata says: there is no segment to compare it with. */
function judgeAt(header: EntryHeader, offset: number, payload: Uint8Array): Carved {
  const parsed = parseMetadata(payload.subarray(0, METADATA_BYTES));
  const slot = typeof parsed === "string" ? 0 : parsed.metadata.slot;
  return { offset, bytes: HEADER_BYTES + header.payloadBytes, record: judge(header, slot, offset, payload) };
}
