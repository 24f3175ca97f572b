/** Cards made from the format's own functions: any number of captures, quickly. (test/support/host-bot.ts makes them with the real firmware.) */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  formatHead,
  formatHeader,
  payloadCrc,
  segmentBytes,
  segmentFileName,
  slotBytes,
  slotOffset,
} from "#smilec/captures/format.js";
import { HEAD_BYTES, HEADER_BYTES, METADATA_BYTES } from "#smilec/captures/layout.js";
import { type CaptureMetadata, formatMetadata } from "#smilec/captures/metadata.js";

export interface SegmentSpec {
  readonly segment: number;
  readonly device?: number;
  readonly epoch?: number;
  readonly slots?: number;
  /** Captures in it, from slot 0; default: all slots. */
  readonly captures?: number;
  readonly firstSequence?: number;
  readonly boot?: number;
  readonly width?: number;
  readonly height?: number;
  /** Milliseconds of slot 0, and between slots. */
  readonly uptimeMs?: number;
  /** Changes the pictures. */
  readonly seed?: number;
}

export const DEVICE = 0x1a2b3c4d;

function metadataOf(spec: Required<SegmentSpec>, slot: number): CaptureMetadata {
  const { device, epoch, segment, boot, firstSequence, uptimeMs, width, height } = spec;
  return {
    withdrawn: false,
    burstIndex: 1 + (slot % 3),
    burstCount: 3,
    device,
    epoch,
    segment,
    slot,
    sequence: firstSequence + slot,
    boot,
    uptimeMs: uptimeMs * (slot + 1),
    press: 1 + Math.floor(slot / 3),
    pressMs: 120,
    firmware: "0.1.0",
    config: 0x1234abcd,
    model: "0123456789abcdef",
    engine: "aot",
    preprocess: { size: 48, normalize: "standardize" },
    locator: {
      kind: "center",
      model: "0".repeat(16),
      threshold: 0,
      center: { kind: "center", x: 500, y: 500, size: 800 },
    },
    box: { x: 0, y: 0, width, height },
    confidence: 1000,
    inputCrc: 0,
    outputs: [-20, 20],
    positive: 1,
    margin: 40,
    faces: 3,
    sum: 120,
    threshold: 9,
    smile: true,
    sensor: 0x26,
    sensorStatus: 3,
    exposure: 300,
    gain: 4,
    reset: 1,
    freeMemory: 100_000,
    stages: { acquireUs: 60_000, locateUs: 2, preprocessUs: 8000, invokeUs: 30_000, latencyUs: 300_000, logUs: 70_000 },
  };
}

function withDefaults(spec: SegmentSpec): Required<SegmentSpec> {
  const slots = spec.slots ?? 8;
  const { segment } = spec;
  const rest = {
    device: DEVICE,
    epoch: 0xe0000000 + segment,
    captures: slots,
    firstSequence: 1 + (segment - 1) * slots,
  };
  return { boot: 1, width: 40, height: 30, uptimeMs: 1000, seed: 0, ...rest, ...spec, slots };
}

/** The bytes of a segment. */
export function makeSegment(spec: SegmentSpec): Buffer {
  const all = withDefaults(spec);
  const { device, epoch, segment, slots, boot, firstSequence, width, height } = all;
  const geometry = { slots, slotBytes: slotBytes(width, height) };
  const bytes = Buffer.alloc(segmentBytes(geometry));
  const origin = { device, epoch, segment, boot };
  const head = { kind: "head", sequence: firstSequence, payloadBytes: 0, payloadCrc: 0, ...origin } as const;
  bytes.set(formatHead({ ...geometry, header: head }));
  for (let slot = 0; slot < all.captures; slot++) writeSlot(bytes, all, slot);
  return bytes;
}

function writeSlot(bytes: Buffer, spec: Required<SegmentSpec>, slot: number): void {
  const { device, epoch, segment, boot, firstSequence, width, height, seed, slots } = spec;
  const size = slotBytes(width, height);
  const at = slotOffset({ slots, slotBytes: size }, slot);
  const payload = bytes.subarray(at + HEADER_BYTES, at + size);
  payload.set(formatMetadata({ metadata: metadataOf(spec, slot), width, height }));
  let state = (segment * 4096 + slot + 1) * 0x9e3779b9 + seed;
  for (let i = METADATA_BYTES; i < METADATA_BYTES + width * height; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    payload[i] = state >>> 24;
  }
  const sequence = firstSequence + slot;
  const header = { kind: "capture", device, epoch, segment, sequence, boot } as const;
  bytes.set(formatHeader({ ...header, payloadBytes: payload.length, payloadCrc: payloadCrc(payload) }), at);
}

/** A folder of segments, as a mounted card. */
export function makeCard(folder: string, specs: readonly SegmentSpec[]): string {
  mkdirSync(folder, { recursive: true });
  for (const spec of specs) {
    const file = openSync(join(folder, segmentFileName(spec.segment)), "w");
    writeSync(file, makeSegment(spec));
    closeSync(file);
  }
  return folder;
}

/** Offset of a slot's header in a segment of small pictures (40 x 30). */
export function smallSlot(slot: number): number {
  return HEAD_BYTES + slot * slotBytes(40, 30);
}
