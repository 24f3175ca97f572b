/** Captures with any metadata that is valid, the largest and smallest values among them. */
import { type EntryHeader, slotBytes } from "#smilec/captures/format.js";
import {
  HEADER_BYTES,
  MAX_BURST,
  MAX_FRAME_SIDE,
  MAX_LABELS,
  MAX_SEGMENT,
  MAX_SLOTS,
} from "#smilec/captures/layout.js";
import { type CaptureMetadata, ENGINES } from "#smilec/captures/metadata.js";
import { LOCATOR_KINDS } from "#smilec/locate/types.js";
import type { Random } from "./random.js";

export interface Sample {
  readonly header: EntryHeader;
  readonly metadata: CaptureMetadata;
  readonly width: number;
  readonly height: number;
  readonly slots: number;
}

/** The largest value, the smallest, or any. */
function within(random: Random, low: number, high: number): number {
  return random.pick([low, high, random.integer(low, high)]);
}

export function randomSample(random: Random): Sample {
  const u32 = () => within(random, 0, 0xffffffff);
  const width = within(random, 1, MAX_FRAME_SIDE);
  const height = within(random, 1, random.pick([240, MAX_FRAME_SIDE]));
  const x = random.integer(0, width - 1);
  const y = random.integer(0, height - 1);
  const count = random.pick([0, 2, MAX_LABELS, random.integer(2, MAX_LABELS)]);
  const burstCount = random.integer(1, MAX_BURST);
  const identity = {
    device: u32(),
    epoch: u32(),
    segment: within(random, 1, MAX_SEGMENT),
    sequence: u32(),
    boot: u32(),
  };
  const payloadBytes = slotBytes(width, height) - HEADER_BYTES;
  const faces = random.integer(0, burstCount);
  const hexDigits = () => random.integer(0, 15).toString(16);
  const metadata: CaptureMetadata = {
    ...identity,
    withdrawn: false,
    burstIndex: random.integer(1, burstCount),
    burstCount,
    slot: within(random, 0, MAX_SLOTS - 1),
    uptimeMs: random.pick([0, 1e15, random.integer(0, 1e12)]),
    press: u32(),
    pressMs: u32(),
    firmware: random.pick(["0", "0.1.0", "123.456.789-abc", "~!\"#$%&'()*+,-."]),
    config: u32(),
    model: Array.from({ length: 16 }, hexDigits).join(""),
    engine: random.pick(ENGINES),
    preprocess: { size: within(random, 8, 128), normalize: random.pick(["standardize", "none"]) },
    locator: {
      kind: random.pick(LOCATOR_KINDS),
      model: Array.from({ length: 16 }, hexDigits).join(""),
      threshold: within(random, 0, 1000),
      center: { kind: "center", x: within(random, 0, 1000), y: within(random, 0, 1000), size: within(random, 0, 1000) },
    },
    box: { x, y, width: random.integer(1, width - x), height: random.integer(1, height - y) },
    confidence: within(random, 0, 1000),
    inputCrc: u32(),
    outputs: Array.from({ length: count }, () => within(random, -128, 127)),
    positive: random.integer(0, (count || MAX_LABELS) - 1),
    margin: within(random, -255, 255),
    faces,
    sum: within(random, -255 * 8, 255 * 8),
    threshold: within(random, -256 * 8, 255 * 8),
    smile: faces > 0 && random.chance(0.5),
    sensor: within(random, 0, 0xffff),
    sensorStatus: within(random, 0, 0xffff),
    exposure: u32(),
    gain: u32(),
    reset: within(random, 0, 255),
    freeMemory: u32(),
    stages: {
      acquireUs: u32(),
      locateUs: u32(),
      preprocessUs: u32(),
      invokeUs: u32(),
      latencyUs: u32(),
      logUs: u32(),
    },
  };
  const header: EntryHeader = { kind: "capture", ...identity, payloadBytes, payloadCrc: u32() };
  const largest = Math.floor((0xffffffff - 2048) / slotBytes(width, height));
  return { header, metadata, width, height, slots: within(random, 1, Math.min(MAX_SLOTS, largest)) };
}
