/** The PGM header of a capture and the metadata in its comment lines (docs/capture-log.md, "Metadata"); twin of firmware/core/sm_log_format.c. */
import type { Box } from "../data/types.js";
import type { LocatorSpec } from "../locate/types.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { FILL_LINE_BYTES, MAX_FRAME_SIDE, MAX_LABELS, METADATA_BYTES, METADATA_KEYS, VERSION } from "./layout.js";
import { type FieldReader, inOrder, type Key, type KeyOf, MetadataProblem, type WordOf } from "./ordered-fields.js";

export const ENGINES = METADATA_KEYS.engine.words;

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
  readonly locator: LocatorSpec;
  readonly box: Box;
  /** That a face is in the box, 0 to 1000. */
  readonly confidence: number;
  /** CRC-32 of the int8 network input. */
  readonly inputCrc: number;
  /** The network's outputs, int8; empty for engine coin. */
  readonly outputs: readonly number[];
  readonly positive: number;
  readonly margin: number;
  /** Frames of the press in which a face was found; 0: nobody was there, and there is no answer. */
  readonly faces: number;
  /** Of the margins of those frames, and what it had to reach. */
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
  readonly locateUs: number;
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

/** What stands behind a key, before it has its form. */
type Value = number | string | readonly number[];

function valuesOf(m: CaptureMetadata): Readonly<Record<Key, Value>> {
  const { locator, box, preprocess, stages } = m;
  return {
    "smilec-capture": VERSION,
    withdrawn: m.withdrawn ? 1 : 0,
    burst: [m.burstIndex, m.burstCount],
    device: m.device,
    epoch: m.epoch,
    segment: m.segment,
    slot: m.slot,
    sequence: m.sequence,
    boot: m.boot,
    "uptime-ms": m.uptimeMs,
    press: m.press,
    "press-ms": m.pressMs,
    firmware: m.firmware,
    config: m.config,
    model: m.model,
    engine: m.engine,
    "input-size": preprocess.size,
    normalize: preprocess.normalize,
    locator: locator.kind,
    "locator-model": locator.model,
    "locator-threshold": locator.threshold,
    center: [locator.center.x, locator.center.y, locator.center.size],
    box: [box.x, box.y, box.width, box.height],
    confidence: m.confidence,
    "input-crc": m.inputCrc,
    outputs: m.outputs,
    positive: m.positive,
    margin: m.margin,
    faces: m.faces,
    sum: m.sum,
    threshold: m.threshold,
    decision: decisionOf(m),
    sensor: m.sensor,
    "sensor-status": m.sensorStatus,
    exposure: m.exposure,
    gain: m.gain,
    reset: m.reset,
    "free-memory": m.freeMemory,
    "stage-us": STAGES.map((stage) => stages[stage]),
  };
}

/** In the order of `stage-us`. */
export const STAGES = ["acquireUs", "locateUs", "preprocessUs", "invokeUs", "latencyUs", "logUs"] as const;

export type Decision = (typeof METADATA_KEYS.decision.words)[number];

/** Whether a face was found in this frame: only then its margin counts. */
export function faceFound({ confidence, locator }: Pick<CaptureMetadata, "confidence" | "locator">): boolean {
  return confidence >= locator.threshold;
}

/** What the bot answered to the press. */
export function decisionOf({ faces, smile }: Pick<CaptureMetadata, "faces" | "smile">): Decision {
  if (faces === 0) return "nobody";
  return smile ? "smile" : "no-smile";
}

/** A value in its key's form. */
function formatValue(key: Key, value: Value): string {
  const { kind, count } = METADATA_KEYS[key];
  if (kind === "hex") return value.toString(16).padStart(count, "0");
  return typeof value === "object" ? value.join(kind === "fraction" ? "/" : ",") : `${value}`;
}

/** Comment lines of dots that fill `length` bytes; never a lone byte at the end. */
function filling(length: number): string {
  let text = "";
  for (let left = length; left > 0; ) {
    const line = left === FILL_LINE_BYTES + 1 ? FILL_LINE_BYTES - 1 : Math.min(left, FILL_LINE_BYTES);
    text += `#${".".repeat(line - 2)}\n`;
    left -= line;
  }
  return text;
}

/** METADATA_BYTES bytes. Throws RangeError when the texts do not fit, which valid metadata cannot cause. */
export function formatMetadata({ metadata, width, height }: PgmHeader): Uint8Array {
  const values = valuesOf(metadata);
  const lines = (Object.keys(METADATA_KEYS) as Key[]).map((key) => `# ${key}=${formatValue(key, values[key])}\n`);
  const start = `P5\n${lines.join("")}`;
  const end = `${width} ${height}\n255\n`;
  const left = METADATA_BYTES - start.length - end.length;
  if (left < 0 || left === 1) throw new RangeError("the metadata does not fit its block");
  return Buffer.from(start + filling(left) + end, "latin1");
}

/** The `key=value` comment lines in any order; the first of two equal keys counts. */
class Fields implements FieldReader {
  private readonly values = new Map<string, string>();

  constructor(lines: readonly string[]) {
    for (const line of lines) {
      const pair = PAIR.exec(line);
      if (pair !== null && !this.values.has(pair[1])) this.values.set(pair[1], pair[2]);
    }
  }

  /** A value that has its key's form; without `pattern` that of texts. */
  text(key: Key, pattern = TEXT_PATTERNS[key]): string {
    const value = this.values.get(key);
    if (value === undefined) throw new MetadataProblem(`${key} is missing`);
    if (!pattern.test(value)) throw new MetadataProblem(`${key} is not valid`);
    return value;
  }

  number(key: KeyOf<"decimals">): number {
    return this.numbers(key)[0];
  }

  hex(key: KeyOf<"hex">): number {
    return Number.parseInt(this.text(key), 16);
  }

  numbers(key: KeyOf<"decimals" | "fraction">): number[] {
    const { kind, count, low, high } = METADATA_KEYS[key];
    const value = this.text(key, NUMBERS);
    const parts = value === "" ? [] : value.split(kind === "fraction" ? "/" : ",");
    if (count > 0 && parts.length !== count) throw new MetadataProblem(`${key} does not have ${count} values`);
    return parts.map((part) => checked(key, part, low, high));
  }

  word<K extends KeyOf<"word">>(key: K): WordOf<K> {
    const words: readonly string[] = METADATA_KEYS[key].words;
    const value = this.text(key);
    if (!words.includes(value)) throw new MetadataProblem(`${key} is not one of ${words.join(", ")}`);
    return value as WordOf<K>;
  }
}

function textPattern(key: Key): RegExp {
  const { kind, count } = METADATA_KEYS[key];
  if (kind === "hex" || kind === "hex-text") return new RegExp(`^[0-9a-f]{${count}}$`);
  if (kind === "text") return new RegExp(`^[!-~]{1,${count}}$`);
  return kind === "digit" ? /^.$/ : /^/;
}

/** Made once: a card has tens of thousands of captures. */
const TEXT_PATTERNS = Object.fromEntries(
  (Object.keys(METADATA_KEYS) as Key[]).map((key) => [key, textPattern(key)]),
) as Readonly<Record<Key, RegExp>>;
const PAIR = /^# ([a-z0-9-]+)=(.*)$/;
const FORM = /^P5\n((?:#[^\n]*\n)*)(\d{1,4}) (\d{1,4})\n255\n$/;
const NUMBER = /^-?\d{1,16}$/;
const NUMBERS = /^[-\d,/]*$/;

function checked(key: string, text: string, low: number, high: number): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high)) throw new MetadataProblem(`${key} is not a number from ${low} to ${high}`);
  return value;
}

/** Reads and checks the first METADATA_BYTES of a payload; a sentence says what is wrong with them. */
export function parseMetadata(bytes: Uint8Array): PgmHeader | string {
  const read = readOrProblem(() => parseInOrder(bytes));
  return typeof read === "object" ? read : parseInAnyOrder(bytes);
}

/** As {@link parseMetadata}, without the short way for lines in the format's order. */
export function parseInAnyOrder(bytes: Uint8Array): PgmHeader | string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return readOrProblem(() => parseText(text));
}

function readOrProblem<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof MetadataProblem) return error.message;
    throw error;
  }
}

function parseInOrder(bytes: Uint8Array): PgmHeader | undefined {
  const fields = inOrder(bytes);
  if (fields === undefined) return undefined;
  const { width, height } = fields;
  fields.number("smilec-capture");
  return { metadata: metadataOf(fields, width, height), width, height };
}

function parseText(text: string): PgmHeader {
  const form = FORM.exec(text);
  if (text.length !== METADATA_BYTES || form === null) throw new MetadataProblem("the PGM header is damaged");
  const fields = new Fields(form[1].split("\n"));
  fields.number("smilec-capture");
  const width = checked("width", form[2], 1, MAX_FRAME_SIDE);
  const height = checked("height", form[3], 1, MAX_FRAME_SIDE);
  return { metadata: metadataOf(fields, width, height), width, height };
}

/** One literal, in the order of the format: objects put together from parts take V8 several times as long. */
function metadataOf(fields: FieldReader, frameWidth: number, frameHeight: number): CaptureMetadata {
  const [burstIndex, burstCount] = burst(fields);
  const [x, y, size] = fields.numbers("center");
  const outputs = outputsOf(fields);
  const [acquireUs, locateUs, preprocessUs, invokeUs, latencyUs, logUs] = fields.numbers("stage-us");
  const { faces, smile } = answer(fields);
  return {
    withdrawn: fields.text("withdrawn") !== "0",
    burstIndex,
    burstCount,
    device: fields.hex("device"),
    epoch: fields.hex("epoch"),
    segment: fields.number("segment"),
    slot: fields.number("slot"),
    sequence: fields.number("sequence"),
    boot: fields.number("boot"),
    uptimeMs: fields.number("uptime-ms"),
    press: fields.number("press"),
    pressMs: fields.number("press-ms"),
    firmware: fields.text("firmware"),
    config: fields.hex("config"),
    model: fields.text("model"),
    engine: fields.word("engine"),
    preprocess: { size: fields.number("input-size"), normalize: fields.word("normalize") },
    locator: {
      kind: fields.word("locator"),
      model: fields.text("locator-model"),
      threshold: fields.number("locator-threshold"),
      center: { kind: "center", x, y, size },
    },
    box: boxInside(fields, frameWidth, frameHeight),
    confidence: fields.number("confidence"),
    inputCrc: fields.hex("input-crc"),
    outputs,
    positive: positiveOf(fields, outputs),
    margin: fields.number("margin"),
    faces,
    sum: fields.number("sum"),
    threshold: fields.number("threshold"),
    smile,
    sensor: fields.hex("sensor"),
    sensorStatus: fields.hex("sensor-status"),
    exposure: fields.number("exposure"),
    gain: fields.number("gain"),
    reset: fields.number("reset"),
    freeMemory: fields.number("free-memory"),
    stages: { acquireUs, locateUs, preprocessUs, invokeUs, latencyUs, logUs },
  };
}

function burst(fields: FieldReader): number[] {
  const [index, count] = fields.numbers("burst");
  if (index > count) throw new MetadataProblem("burst is not valid");
  return [index, count];
}

function answer(fields: FieldReader): { faces: number; smile: boolean } {
  const faces = fields.number("faces");
  const decision = fields.word("decision");
  if ((faces === 0) !== (decision === "nobody")) throw new MetadataProblem("decision does not go with faces");
  return { faces, smile: decision === "smile" };
}

function boxInside(fields: FieldReader, frameWidth: number, frameHeight: number): Box {
  const [x, y, width, height] = fields.numbers("box");
  if (width < 1 || height < 1 || x + width > frameWidth || y + height > frameHeight) {
    throw new MetadataProblem("box does not lie inside the frame");
  }
  return { x, y, width, height };
}

function outputsOf(fields: FieldReader): number[] {
  const outputs = fields.numbers("outputs");
  if (outputs.length === 1 || outputs.length > MAX_LABELS) throw new MetadataProblem("outputs is not valid");
  return outputs;
}

function positiveOf(fields: FieldReader, { length }: readonly number[]): number {
  const positive = fields.number("positive");
  if (length > 0 && positive >= length) throw new MetadataProblem("positive is none of the outputs");
  return positive;
}
