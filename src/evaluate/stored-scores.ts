/** Scores on disk, to compare models later on the same pictures: `scores.json` and `scores.bin`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.js";
import { writeFile, writeJson } from "../files/write.js";
import type { Scored } from "./evaluation.js";

const INFO_FILE = "scores.json";
const DATA_FILE = "scores.bin";

const infoSchema = z.strictObject({ formatVersion: z.literal(1), count: z.int().min(1), views: z.int().min(1) });

/** Little-endian: per picture a uint32 group and a byte truth, then per view float64 scores and a byte each for correct. */
export async function saveScores(dir: string, views: readonly Scored[]): Promise<void> {
  const count = views[0].scores.length;
  const bytes = Buffer.alloc(count * (5 + 9 * views.length));
  let at = 0;
  for (const group of views[0].groups) at = bytes.writeUInt32LE(group, at);
  at += Buffer.from(views[0].truth).copy(bytes, at);
  for (const { scores, correct } of views) {
    for (const score of scores) at = bytes.writeDoubleLE(score, at);
    at += Buffer.from(correct).copy(bytes, at);
  }
  await writeFile(join(dir, DATA_FILE), bytes);
  await writeJson(join(dir, INFO_FILE), { formatVersion: 1, count, views: views.length });
}

/** Throws UserError when the files are damaged. */
export async function loadScores(dir: string): Promise<Scored[]> {
  const where = join(dir, INFO_FILE);
  const parsed = infoSchema.safeParse(JSON.parse(await readFile(where, "utf8")));
  const bytes = await readFile(join(dir, DATA_FILE));
  if (!parsed.success || bytes.length !== parsed.data.count * (5 + 9 * parsed.data.views)) {
    throw new UserError("stored scores are damaged", { where, remedy: "Remove the folder; it is made anew." });
  }
  const { count, views } = parsed.data;
  const groups = Uint32Array.from({ length: count }, (_, i) => bytes.readUInt32LE(4 * i));
  const truth = new Uint8Array(bytes.subarray(4 * count, 5 * count));
  return Array.from({ length: views }, (_, view) => {
    const at = 5 * count + 9 * count * view;
    const scores = Float64Array.from({ length: count }, (_, i) => bytes.readDoubleLE(at + 8 * i));
    return { scores, truth, correct: new Uint8Array(bytes.subarray(at + 8 * count, at + 9 * count)), groups };
  });
}
