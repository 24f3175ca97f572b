/** Feeds damaged models to the reader and, where one gets through, to the compiler: whatever the bytes, both must end in a result or a UserError. */
import { emitC } from "#smilec/emit/c/model.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { UserError } from "#smilec/errors.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import type { Random } from "./random.js";

type Mutation = (random: Random, bytes: Uint8Array, length: number, corpus: readonly Uint8Array[]) => number;

/** Room behind the longest model for what a mutation inserts. */
const ROOM = 1024;
/** What overflows, underflows or wraps in sizes, offsets and counts. */
const EVIL_INTEGERS = [
  0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7ffffff, 0x10000000, 0x3fffffff,
  0x40000000, 0x7ffffffc, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff,
];

/** Each changes `length` bytes in place (more may follow) and returns the new length. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "bit flips": (random, bytes, length) => {
    for (let n = random.integer(1, 8); n > 0; n--) bytes[random.integer(0, length - 1)] ^= 1 << random.integer(0, 7);
    return length;
  },
  "byte sets": (random, bytes, length) => {
    for (let n = random.integer(1, 8); n > 0; n--) {
      bytes[random.integer(0, length - 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.integer(0, 255)]);
    }
    return length;
  },
  truncation: (random, _, length) => random.integer(0, length - 1),
  splice: (random, bytes, length, corpus) => {
    const source = random.pick(corpus);
    const size = random.integer(1, Math.min(256, source.length));
    const from = random.integer(0, source.length - size);
    const to = random.integer(0, length - 1);
    const insert = random.chance(0.5);
    if (insert) bytes.copyWithin(to + size, to, length);
    bytes.set(source.subarray(from, from + size), to);
    return insert ? length + size : Math.max(length, to + size);
  },
  "integer fields": (random, bytes, length) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    for (let n = random.integer(1, 4); n > 0; n--) attackInteger(random, view);
    return length;
  },
  "integer fields of the tables": (random, bytes, length) => {
    // The tables lie before and after the weights: the first and last few hundred bytes are mostly offsets, sizes and codes.
    const end = random.chance(0.5) ? Math.min(length, 800) : length;
    const start = Math.max(0, end - 1600);
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
    for (let n = random.integer(1, 3); n > 0; n--) attackInteger(random, view);
    return length;
  },
};

function attackInteger(random: Random, view: DataView): void {
  const size = random.pick([2, 4, 4, 4]);
  if (view.byteLength < size) return;
  const at = random.integer(0, Math.floor(view.byteLength / size) - 1) * size;
  const old = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const value = random.pick([
    random.pick(EVIL_INTEGERS),
    old + random.integer(-8, 8),
    old * 2,
    view.byteLength - at + random.integer(-4, 4),
    2 ** 32 - at,
  ]);
  if (size === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}

export interface FuzzReport {
  readonly inputs: number;
  /** Inputs per kind of damage. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Read as a valid graph; of these, every 20th was compiled, and so many of those were refused with a UserError. */
  readonly accepted: number;
  readonly compiled: number;
  readonly notCompiled: number;
  /** Refused with a UserError. */
  readonly refused: number;
  readonly slowestMs: number;
  /** Everything else: what was thrown, for the first few. */
  readonly unexpected: readonly string[];
  readonly unexpectedCount: number;
}

const COMPILED_OF_ACCEPTED = 20;
const REPORTED = 10;

/** `count` damaged models from the corpus, in a sequence that the random generator decides. */
export function fuzzTflite(corpus: readonly Uint8Array[], random: Random, count: number): FuzzReport {
  const kinds: Record<string, number> = Object.fromEntries(Object.keys(MUTATIONS).map((kind) => [kind, 0]));
  const scratch = new Uint8Array(Math.max(...corpus.map(({ length }) => length)) + ROOM);
  const totals = { accepted: 0, compiled: 0, notCompiled: 0, refused: 0, slowestMs: 0, unexpectedCount: 0 };
  const unexpected: string[] = [];
  for (let i = 0; i < count; i++) {
    const kind = random.pick(Object.keys(MUTATIONS));
    const damaged = mutate(MUTATIONS[kind], random, corpus, scratch);
    kinds[kind]++;
    const start = performance.now();
    try {
      const graph = read(damaged);
      if (graph === undefined) totals.refused++;
      else if (totals.accepted++ % COMPILED_OF_ACCEPTED === 0) compile(graph, totals);
    } catch (error) {
      totals.unexpectedCount++;
      if (unexpected.length < REPORTED) unexpected.push(`input ${i}, ${kind}: ${(error as Error).stack ?? error}`);
    }
    totals.slowestMs = Math.max(totals.slowestMs, performance.now() - start);
  }
  return { inputs: count, kinds, ...totals, unexpected };
}

function mutate(mutation: Mutation, random: Random, corpus: readonly Uint8Array[], scratch: Uint8Array): Uint8Array {
  const original = random.pick(corpus);
  scratch.set(original);
  let length = mutation(random, scratch, original.length, corpus);
  if (length > 0 && random.chance(0.1)) length = mutation(random, scratch, length, corpus);
  return scratch.subarray(0, Math.min(length, scratch.length));
}

function read(bytes: Uint8Array): Int8Graph | undefined {
  try {
    return readTflite(bytes, "damaged.tflite");
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function compile(graph: Int8Graph, totals: { compiled: number; notCompiled: number }): void {
  totals.compiled++;
  try {
    emitC(graph, { provenance: "a damaged model" });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    totals.notCompiled++;
  }
}
