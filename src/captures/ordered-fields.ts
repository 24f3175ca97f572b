/**
 * Reads metadata whose lines stand in the format's order, as all of a bot's captures have them: without a text, a map and expressions for each capture, in a
 * fifth of the time. What is not so, or not valid, is left to the reader of metadata.ts, which takes any order and says what is wrong.
 */
import { MAX_FRAME_SIDE, METADATA_BYTES, METADATA_KEYS } from "./layout.js";
import { digitsAt } from "./names.js";

export type Key = keyof typeof METADATA_KEYS;
export type KeyOf<Kind> = { [K in Key]: (typeof METADATA_KEYS)[K]["kind"] extends Kind ? K : never }[Key];
export type WordOf<K extends KeyOf<"word">> = (typeof METADATA_KEYS)[K]["words"][number];

/** What is wrong with a piece of metadata; caught in metadata.ts. */
export class MetadataProblem extends Error {}

/** Values by their keys, in their keys' forms; throws {@link MetadataProblem} for one that is missing or has another form. */
export interface FieldReader {
  text(key: Key): string;
  number(key: KeyOf<"decimals">): number;
  hex(key: KeyOf<"hex">): number;
  numbers(key: KeyOf<"decimals" | "fraction">): number[];
  word<K extends KeyOf<"word">>(key: K): WordOf<K>;
}

const [NEWLINE, RETURN, SPACE, HASH, COMMA, MINUS, SLASH] = Buffer.from("\n\r #,-/");
const KEYS = Object.keys(METADATA_KEYS) as Key[];
const INDEX = Object.fromEntries(KEYS.map((key, index) => [key, index])) as Readonly<Record<Key, number>>;
const START = Buffer.from("P5\n");
const BEGINNINGS = KEYS.map((key) => Buffer.from(`# ${key}=`));
const END = Buffer.from("\n255\n");

/** Where each key's value begins and ends; the same memory for every block, of which one is read at a time. */
const begins = new Int32Array(KEYS.length);
const ends = new Int32Array(KEYS.length);
/** The last text of each key: nearly all captures of a bot have the same, which is made and kept once. */
const texts: string[] = KEYS.map(() => "");

/** Values of the block that was given to {@link inOrder} last. */
class OrderedFields implements FieldReader {
  constructor(
    private readonly block: Uint8Array,
    readonly width: number,
    readonly height: number,
  ) {}

  text(key: Key): string {
    const { kind, count } = METADATA_KEYS[key];
    const index = INDEX[key];
    const [begin, end] = [begins[index], ends[index]];
    if (kind === "text" ? end === begin || end - begin > count : end - begin !== count) throw NOT_SO;
    if (!isText(this.block, begin, end, texts[index])) {
      if (kind === "hex-text" && Number.isNaN(digitsAt(this.block, begin, count, 16))) throw NOT_SO;
      if (!this.block.subarray(begin, end).every((code) => isAllowed(kind, code))) throw NOT_SO;
      texts[index] = String.fromCharCode(...this.block.subarray(begin, end));
    }
    return texts[index];
  }

  number(key: KeyOf<"decimals">): number {
    const index = INDEX[key];
    return this.decimal(key, begins[index], ends[index]);
  }

  hex(key: KeyOf<"hex">): number {
    const index = INDEX[key];
    const { count } = METADATA_KEYS[key];
    const value = ends[index] - begins[index] === count ? digitsAt(this.block, begins[index], count, 16) : Number.NaN;
    if (Number.isNaN(value)) throw NOT_SO;
    return value;
  }

  numbers(key: KeyOf<"decimals" | "fraction">): number[] {
    const { kind, count } = METADATA_KEYS[key];
    const separator = kind === "fraction" ? SLASH : COMMA;
    const end = ends[INDEX[key]];
    const values: number[] = [];
    for (let begin = begins[INDEX[key]], at = begin; begin < end; begin = ++at) {
      while (at < end && this.block[at] !== separator) at++;
      values.push(this.decimal(key, begin, at));
      // A separator with nothing behind it.
      if (at === end - 1) throw NOT_SO;
    }
    if (count > 0 && values.length !== count) throw NOT_SO;
    return values;
  }

  word<K extends KeyOf<"word">>(key: K): WordOf<K> {
    const index = INDEX[key];
    for (const word of METADATA_KEYS[key].words) if (isText(this.block, begins[index], ends[index], word)) return word;
    throw NOT_SO;
  }

  private decimal(key: KeyOf<"decimals" | "fraction">, begin: number, end: number): number {
    const { low, high } = METADATA_KEYS[key];
    const isNegative = this.block[begin] === MINUS;
    const first = isNegative ? begin + 1 : begin;
    const digits = end - first;
    const size = digits >= 1 && digits <= 16 ? digitsAt(this.block, first, digits, 10) : Number.NaN;
    const value = isNegative ? -size : size;
    if (!(value >= low && value <= high)) throw NOT_SO;
    return value;
  }
}

/** Thrown for hostile cards' captures too: one without a stack is cheap. */
const NOT_SO = new MetadataProblem("not in the format's order, or not valid");

/** The values of a block, good until the next call; undefined where its lines are not the format's keys in their order, and then any others. */
export function inOrder(block: Uint8Array): OrderedFields | undefined {
  if (block.length !== METADATA_BYTES) return undefined;
  const at = skipComments(block, findValues(block));
  const widthEnd = digitsEnd(block, at);
  const heightEnd = digitsEnd(block, widthEnd + 1);
  if (block[widthEnd] !== SPACE || !holds(block, heightEnd, END) || heightEnd + END.length !== block.length)
    return undefined;
  const width = sideAt(block, at, widthEnd);
  const height = sideAt(block, widthEnd + 1, heightEnd);
  return width === undefined || height === undefined ? undefined : new OrderedFields(block, width, height);
}

/** Finds every key's value; returns where the line behind the last one begins, or NaN. */
function findValues(block: Uint8Array): number {
  if (!holds(block, 0, START)) return Number.NaN;
  let at = START.length;
  for (let index = 0; index < KEYS.length; index++) {
    const beginning = BEGINNINGS[index];
    if (!holds(block, at, beginning)) return Number.NaN;
    begins[index] = at += beginning.length;
    while (at < block.length && block[at] !== NEWLINE) at++;
    ends[index] = at++;
  }
  return at;
}

function skipComments(block: Uint8Array, begin: number): number {
  let at = begin;
  while (block[at] === HASH) {
    const end = block.indexOf(NEWLINE, at);
    if (end < 0) return Number.NaN;
    at = end + 1;
  }
  return at;
}

function digitsEnd(block: Uint8Array, begin: number): number {
  let at = begin;
  while (block[at] >= 0x30 && block[at] <= 0x39) at++;
  return at;
}

function sideAt(block: Uint8Array, begin: number, end: number): number | undefined {
  const side = end - begin <= 4 ? digitsAt(block, begin, end - begin, 10) : 0;
  return side >= 1 && side <= MAX_FRAME_SIDE ? side : undefined;
}

function holds(block: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (block[at + i] !== bytes[i]) return false;
  return true;
}

/** Whether `text` stands from `begin` to `end`. */
function isText(block: Uint8Array, begin: number, end: number, text: string): boolean {
  if (end - begin !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (block[begin + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Of texts: what is printed; of the mark: anything but the end of a line. */
function isAllowed(kind: (typeof METADATA_KEYS)[Key]["kind"], code: number): boolean {
  if (kind === "digit") return code !== RETURN;
  return code > SPACE && code < 0x7f;
}
