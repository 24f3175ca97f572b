/** The PGM header of a capture and the metadata in its comment lines (docs/capture-log.md, "Metadata"); twin of firmware/core/sm_log_format.c. */
import type { Box } from "../data/types.js";
import type { CenterLocator } from "../preprocess/locate.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { FORMAT_VERSION, hex32, MAX_FRAME_SIDE, METADATA_BYTES } from "./format.js";

export const ENGINES = ["aot", "tflm", "coin"] as const;
export const MAX_LABELS = 16;
export const MAX_BURST = 8;

export interface CaptureMetadata {
  readonly withdrawn: boolean;
  /** Frame burstIndex of the burstCount of its press, from 1. */
  readonly burstIndex: number;
  readonly burstCount: number;
  readonly device: number;
  readonly epoch: number;
  readonly segment: number;
  /** From 0. */
  readonly slot: number;
  readonly sequence: number;
  readonly boot: number;
  /** Monotonic milliseconds since the start when the frame was there. */
  readonly uptimeMs: number;
  readonly press: number;
  readonly pressMs: number;
  /** Version, 1 to 15 printable ASCII characters. */
  readonly firmware: string;
  /** First four bytes of the configuration's SHA-256. */
  readonly config: number;
  /** 16 hex digits of the model's SHA-256. */
  readonly model: string;
  readonly engine: (typeof ENGINES)[number];
  readonly preprocess: PreprocessSpec;
  readonly locator: CenterLocator;
  readonly box: Box;
  /** CRC-32 of the int8 network input. */
  readonly inputCrc: number;
  /** The network's outputs, int8; empty for engine coin. */
  readonly outputs: readonly number[];
  readonly positive: number;
  readonly margin: number;
  /** Of the margins of the whole press, and what it had to reach. */
  readonly sum: number;
  readonly threshold: number;
  readonly smile: boolean;
  readonly sensor: number;
  readonly sensorStatus: number;
  readonly exposure: number;
  readonly gain: number;
  readonly reset: number;
  /** Bytes of internal memory; 0: unknown. */
  readonly freeMemory: number;
  readonly stages: StageTimes;
}

/** Microseconds. */
export interface StageTimes {
  readonly acquireUs: number;
  readonly preprocessUs: number;
  readonly invokeUs: number;
  /** From the debounced press to the lights. */
  readonly latencyUs: number;
  /** What writing the capture before this one took. */
  readonly logUs: number;
}

export interface PgmHeader {
  readonly metadata: CaptureMetadata;
  readonly width: number;
  readonly height: number;
}

const hex16 = (value: number): string => value.toString(16).padStart(4, "0");

function entries(m: CaptureMetadata): [key: string, value: string | number][] {
  const { locator, box, preprocess, stages } = m;
  return [
    ["smilec-capture", FORMAT_VERSION],
    ["withdrawn", m.withdrawn ? 1 : 0],
    ["burst", `${m.burstIndex}/${m.burstCount}`],
    ["device", hex32(m.device)],
    ["epoch", hex32(m.epoch)],
    ["segment", m.segment],
    ["slot", m.slot],
    ["sequence", m.sequence],
    ["boot", m.boot],
    ["uptime-ms", m.uptimeMs],
    ["press", m.press],
    ["press-ms", m.pressMs],
    ["firmware", m.firmware],
    ["config", hex32(m.config)],
    ["model", m.model],
    ["engine", m.engine],
    ["input-size", preprocess.size],
    ["normalize", preprocess.normalize],
    ["locator", [locator.x, locator.y, locator.size].join()],
    ["box", [box.x, box.y, box.width, box.height].join()],
    ["input-crc", hex32(m.inputCrc)],
    ["outputs", m.outputs.join()],
    ["positive", m.positive],
    ["margin", m.margin],
    ["sum", m.sum],
    ["threshold", m.threshold],
    ["decision", m.smile ? "smile" : "no-smile"],
    ["sensor", hex16(m.sensor)],
    ["sensor-status", hex16(m.sensorStatus)],
    ["exposure", m.exposure],
    ["gain", m.gain],
    ["reset", m.reset],
    ["free-memory", m.freeMemory],
    ["stage-us", [stages.acquireUs, stages.preprocessUs, stages.invokeUs, stages.latencyUs, stages.logUs].join()],
  ];
}

/** Comment lines of dots that fill `length` bytes, 64 bytes each; never a lone byte at the end. */
function filling(length: number): string {
  let text = "";
  for (let left = length; left > 0; ) {
    const line = left <= 64 ? left : left === 65 ? 63 : 64;
    text += `#${".".repeat(line - 2)}\n`;
    left -= line;
  }
  return text;
}

/** METADATA_BYTES bytes. Throws RangeError when the texts do not fit, which valid metadata cannot cause. */
export function formatMetadata({ metadata, width, height }: PgmHeader): Uint8Array {
  const lines = entries(metadata).map(([key, value]) => `# ${key}=${value}\n`);
  const start = `P5\n${lines.join("")}`;
  const end = `${width} ${height}\n255\n`;
  const left = METADATA_BYTES - start.length - end.length;
  if (left < 0 || left === 1) throw new RangeError("the metadata does not fit its block");
  return Buffer.from(start + filling(left) + end, "latin1");
}

/** What is wrong with a piece of metadata; caught in {@link parseMetadata}. */
class MetadataProblem extends Error {}

/** The `key=value` comment lines; the first of two equal keys counts. */
class Fields {
  private readonly values = new Map<string, string>();

  constructor(lines: readonly string[]) {
    for (const line of lines) {
      const pair = /^# ([a-z0-9-]+)=(.*)$/.exec(line);
      if (pair !== null && !this.values.has(pair[1])) this.values.set(pair[1], pair[2]);
    }
  }

  text(key: string, pattern: RegExp): string {
    const value = this.values.get(key);
    if (value === undefined) throw new MetadataProblem(`${key} is missing`);
    if (!pattern.test(value)) throw new MetadataProblem(`${key} is not valid`);
    return value;
  }

  integer(key: string, low: number, high: number): number {
    return checked(key, this.text(key, /^-?\d{1,16}$/), low, high);
  }

  uint32(key: string): number {
    return this.integer(key, 0, 0xffffffff);
  }

  hex(key: string, digits: number): number {
    return Number.parseInt(this.text(key, new RegExp(`^[0-9a-f]{${digits}}$`)), 16);
  }

  list(key: string, separator: string, low: number, high: number): number[] {
    const value = this.text(key, /^[-\d,/]*$/);
    return value === "" ? [] : value.split(separator).map((part) => checked(key, part, low, high));
  }

  choice<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.text(key, /^/);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new MetadataProblem(`${key} is not one of ${choices.join(", ")}`);
    return found;
  }
}

function checked(key: string, text: string, low: number, high: number): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high)) throw new MetadataProblem(`${key} is not a number from ${low} to ${high}`);
  return value;
}

function exactly(key: string, values: number[], count: number): number[] {
  if (values.length !== count) throw new MetadataProblem(`${key} does not have ${count} values`);
  return values;
}

/** Reads and checks the first METADATA_BYTES of a payload; a sentence says what is wrong with them. */
export function parseMetadata(bytes: Uint8Array): PgmHeader | string {
  try {
    return parsePgmHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
  } catch (error) {
    if (error instanceof MetadataProblem) return error.message;
    throw error;
  }
}

function parsePgmHeader(text: string): PgmHeader {
  const form = /^P5\n((?:#[^\n]*\n)*)(\d{1,4}) (\d{1,4})\n255\n$/.exec(text);
  if (text.length !== METADATA_BYTES || form === null) throw new MetadataProblem("the PGM header is damaged");
  const fields = new Fields(form[1].split("\n"));
  fields.integer("smilec-capture", FORMAT_VERSION, FORMAT_VERSION);
  const width = checked("width", form[2], 1, MAX_FRAME_SIDE);
  const height = checked("height", form[3], 1, MAX_FRAME_SIDE);
  const metadata = {
    ...origin(fields),
    ...configuration(fields),
    ...decision(fields, width, height),
    ...circumstances(fields),
  };
  return { metadata, width, height };
}

function origin(fields: Fields) {
  const [burstIndex, burstCount] = exactly("burst", fields.list("burst", "/", 1, MAX_BURST), 2);
  if (burstIndex > burstCount) throw new MetadataProblem("burst is not valid");
  return {
    withdrawn: fields.text("withdrawn", /^.$/) !== "0",
    burstIndex,
    burstCount,
    device: fields.hex("device", 8),
    epoch: fields.hex("epoch", 8),
    segment: fields.uint32("segment"),
    slot: fields.uint32("slot"),
    sequence: fields.uint32("sequence"),
    boot: fields.uint32("boot"),
    uptimeMs: fields.integer("uptime-ms", 0, Number.MAX_SAFE_INTEGER),
    press: fields.uint32("press"),
    pressMs: fields.uint32("press-ms"),
  };
}

function configuration(fields: Fields) {
  const [x, y, size] = exactly("locator", fields.list("locator", ",", 0, 1000), 3);
  return {
    firmware: fields.text("firmware", /^[!-~]{1,15}$/),
    config: fields.hex("config", 8),
    model: fields.text("model", /^[0-9a-f]{16}$/),
    engine: fields.choice("engine", ENGINES),
    preprocess: {
      size: fields.integer("input-size", 8, 128),
      normalize: fields.choice("normalize", ["standardize", "none"] as const),
    },
    locator: { kind: "center" as const, x, y, size },
  };
}

function boxInside(fields: Fields, frameWidth: number, frameHeight: number): Box {
  const [x, y, width, height] = exactly("box", fields.list("box", ",", 0, MAX_FRAME_SIDE), 4);
  if (width < 1 || height < 1 || x + width > frameWidth || y + height > frameHeight) {
    throw new MetadataProblem("box does not lie inside the frame");
  }
  return { x, y, width, height };
}

function decision(fields: Fields, width: number, height: number) {
  const outputs = fields.list("outputs", ",", -128, 127);
  if (outputs.length === 1 || outputs.length > MAX_LABELS) throw new MetadataProblem("outputs is not valid");
  return {
    box: boxInside(fields, width, height),
    inputCrc: fields.hex("input-crc", 8),
    outputs,
    positive: fields.integer("positive", 0, (outputs.length || MAX_LABELS) - 1),
    margin: fields.integer("margin", -255, 255),
    sum: fields.integer("sum", -255 * MAX_BURST, 255 * MAX_BURST),
    threshold: fields.integer("threshold", -256 * MAX_BURST, 255 * MAX_BURST),
    smile: fields.choice("decision", ["smile", "no-smile"]) === "smile",
  };
}

function circumstances(fields: Fields) {
  const stages = exactly("stage-us", fields.list("stage-us", ",", 0, 0xffffffff), 5);
  const [acquireUs, preprocessUs, invokeUs, latencyUs, logUs] = stages;
  return {
    sensor: fields.hex("sensor", 4),
    sensorStatus: fields.hex("sensor-status", 4),
    exposure: fields.uint32("exposure"),
    gain: fields.uint32("gain"),
    reset: fields.integer("reset", 0, 255),
    freeMemory: fields.uint32("free-memory"),
    stages: { acquireUs, preprocessUs, invokeUs, latencyUs, logUs },
  };
}
