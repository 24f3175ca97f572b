/** Segments of the card in a running bot, read over its serial line (docs/serial.md). */
import type { Device, DeviceSegment } from "../../device/protocol/device.js";
import { segmentPlan } from "../../device/protocol/pull.js";
import { DeviceReplyError } from "../../device/protocol/reply-error.js";
import { segmentFileName, slotOffset } from "../format.js";
import { BLOCK_BYTES } from "../layout.js";
import type { ReadBytes } from "../read-segment.js";
import { type CardSource, type OpenSegment, type SegmentFile, UnreadableSegment } from "./source.js";

/** The card of an open bot. What is not committed or was withdrawn comes as zeros and does not leave the bot. Closing it is the caller's. */
export function serialSource(device: Device, origin: string): CardSource {
  const segments = async () => (await device.list()).map((segment) => segmentFile(device, segment));
  return { kind: "serial", origin, live: true, segments, close: async () => undefined };
}

function segmentFile(device: Device, segment: DeviceSegment): SegmentFile {
  return {
    name: segmentFileName(segment.segment),
    size: segment.bytes,
    open: async () => openSegment(device, segment),
  };
}

function openSegment(device: Device, segment: DeviceSegment): OpenSegment {
  if (segment.bytes === 0) throw new UnreadableSegment("the bot does not know it: it is damaged, or another bot's");
  return { read: bytesOver(device, segment), close: async () => undefined };
}

/** Free slots are zeros without asking: a line carries 90 KB a second. */
function bytesOver(device: Device, { segment, bytes, used, slots, slotBytes }: DeviceSegment): ReadBytes {
  const committed = slotOffset({ slots, slotBytes }, used);
  return async (offset, length) => {
    const end = Math.min(offset + length, bytes);
    const buffer = Buffer.alloc(Math.max(0, end - offset));
    const from = Math.floor(offset / BLOCK_BYTES) * BLOCK_BYTES;
    const to = Math.ceil(Math.min(end, committed) / BLOCK_BYTES) * BLOCK_BYTES;
    if (from < to) await fill(device, segment, { from, to }, (data, at) => buffer.set(...inside(data, at - offset)));
    return buffer;

    /** The part of a piece that lies in the buffer, and where. */
    function inside(data: Uint8Array, at: number): [part: Uint8Array, at: number] {
      const part = data.subarray(Math.max(0, -at), Math.max(0, buffer.length - at));
      return [part, Math.max(0, at)];
    }
  };
}

async function fill(
  device: Device,
  segment: number,
  { from, to }: { readonly from: number; readonly to: number },
  take: (data: Uint8Array, at: number) => void,
): Promise<void> {
  try {
    for await (const { offset, data } of device.client.read(segmentPlan(segment, from, to))) take(data, offset);
  } catch (error) {
    if (!(error instanceof DeviceReplyError)) throw error;
    throw new UnreadableSegment(`the bot does not read it: ${error.message}`, { cause: error });
  }
}
