/**
 * Checkpoints of a training run: one file, replaced atomically, that holds everything the rest of the run depends on.
 *
 * Layout, little-endian: 8 bytes "SMILECK2", uint32 header length, header (JSON, UTF-8), float32 arrays in the order of the header's
 * `arrays`, SHA-256 over all of it. Random streams are counter-based (rng.ts), so the step number is their state.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFile } from "../files/write.js";
import { littleEndianBytes } from "./float-model.js";

/** The last character is the format's version. */
const MAGIC = "SMILECK2";
const HASH_BYTES = 32;

const epochRecordSchema = z.strictObject({
  epoch: z.int().min(1),
  learningRate: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  validationLoss: z.number(),
  validationAccuracy: z.number(),
});

/** One finished epoch. Losses are natural logarithms. */
export type EpochRecord = z.infer<typeof epochRecordSchema>;

const progressSchema = z.strictObject({
  step: z.int().min(0),
  history: z.array(epochRecordSchema),
  /** 0 before the first epoch is evaluated. */
  bestEpoch: z.int().min(0),
  /** Running sums of the epoch under way. */
  lossSum: z.number(),
  correct: z.int().min(0),
  seen: z.int().min(0),
});

/** The small part of a run's state. */
export type RunProgress = z.infer<typeof progressSchema>;

const headerSchema = z.strictObject({
  /** Hash of everything that must be equal for the run to be the same run. */
  identity: z.string(),
  /** Name of the network, to tell what else the checkpoint is of. */
  network: z.string(),
  progress: progressSchema,
  arrays: z.array(z.strictObject({ name: z.string(), length: z.int().min(0) })),
});

/** Which run a checkpoint is of. */
export type RunName = Pick<z.infer<typeof headerSchema>, "identity" | "network">;

export interface Checkpoint {
  readonly progress: RunProgress;
  readonly arrays: ReadonlyMap<string, Float32Array>;
}

export type CheckpointResult =
  | { readonly kind: "none" }
  | { readonly kind: "unusable"; readonly reason: string }
  | { readonly kind: "found"; readonly checkpoint: Checkpoint };

export async function saveCheckpoint(path: string, run: RunName, checkpoint: Checkpoint): Promise<void> {
  const arrays = [...checkpoint.arrays];
  const header = {
    ...run,
    progress: checkpoint.progress,
    arrays: arrays.map(([name, values]) => ({ name, length: values.length })),
  };
  const text = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const body = Buffer.concat([
    Buffer.from(MAGIC, "latin1"),
    length,
    text,
    ...arrays.map(([, values]) => littleEndianBytes(values)),
  ]);
  await writeFile(path, Buffer.concat([body, createHash("sha256").update(body).digest()]));
}

/** Reads a checkpoint if there is one that is whole and belongs to the run; never throws for a bad file. */
export async function loadCheckpoint(path: string, run: RunName): Promise<CheckpointResult> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "none" };
    return { kind: "unusable", reason: (error as Error).message };
  }
  const reason = damage(bytes);
  if (reason !== undefined) return { kind: "unusable", reason };
  const headerEnd = 12 + bytes.readUInt32LE(8);
  const parsed = headerSchema.safeParse(parseJson(bytes.subarray(12, headerEnd)));
  if (!parsed.success) return { kind: "unusable", reason: "it has another format" };
  const { identity, network, progress, arrays } = parsed.data;
  if (network !== run.network)
    return { kind: "unusable", reason: `it is of another network (${network}, not ${run.network})` };
  if (identity !== run.identity) return { kind: "unusable", reason: "it belongs to other options or data" };
  const floats = arrays.reduce((sum, { length }) => sum + length, 0);
  if (headerEnd + floats * 4 + HASH_BYTES !== bytes.length) return { kind: "unusable", reason: "its length is wrong" };
  return { kind: "found", checkpoint: { progress, arrays: readArrays(bytes, headerEnd, arrays) } };
}

function damage(bytes: Buffer): string | undefined {
  const magic = bytes.toString("latin1", 0, 8);
  if (magic !== MAGIC && /^SMILECK\d$/.test(magic)) return "another version of smilec wrote it";
  if (bytes.length < 12 + HASH_BYTES || magic !== MAGIC) return "it is cut short or no checkpoint";
  const body = bytes.subarray(0, bytes.length - HASH_BYTES);
  if (!createHash("sha256").update(body).digest().equals(bytes.subarray(body.length))) return "its checksum is wrong";
  return 12 + bytes.readUInt32LE(8) > body.length ? "its header is cut short" : undefined;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function readArrays(
  bytes: Buffer,
  start: number,
  arrays: readonly { name: string; length: number }[],
): Map<string, Float32Array> {
  const result = new Map<string, Float32Array>();
  let at = start;
  for (const { name, length } of arrays) {
    result.set(
      name,
      Float32Array.from({ length }, (_, i) => bytes.readFloatLE(at + i * 4)),
    );
    at += length * 4;
  }
  return result;
}
