/** Reading imports: what there is, its pictures, and several imports together. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.js";
import type { KnownPicture } from "./import-folder.js";
import { readLines } from "./lines.js";
import type { GrayImage, ImportSummary, PictureRecord, RejectedPicture } from "./types.js";

const count = z.int().min(0);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const split = z.enum(["train", "val", "test"]);
const reason = z.enum([
  "duplicate",
  "conflicting-label",
  "unreadable",
  "too-small",
  "too-large",
  "unknown-label",
  "missing",
  "outside",
  "bad-box",
]);

const boxSchema = z.strictObject({ x: count, y: count, width: z.int().min(1), height: z.int().min(1) });

const recordSchema = z
  .strictObject({
    id: hex64,
    file: z.string(),
    offset: count,
    width: z.int().min(1),
    height: z.int().min(1),
    label: z.string().min(1),
    group: z.string().min(1),
    split,
    source: z.string(),
    original: z.string(),
    box: boxSchema.exactOptional(),
  })
  .refine(
    ({ box, width, height }) => box === undefined || (box.x + box.width <= width && box.y + box.height <= height),
    {
      error: "the box is not inside the picture",
      path: ["box"],
    },
  );

const rejectedSchema = z.strictObject({ original: z.string(), reason, message: z.string(), id: hex64.exactOptional() });

const summarySchema = z.strictObject({
  formatVersion: z.literal(1),
  name: z.string(),
  count,
  rejected: count,
  labels: z.record(z.string(), count),
  splits: z.strictObject({ train: count, val: count, test: count }),
  reasons: z.partialRecord(reason, count),
  notes: z.record(z.string(), count),
  ignored: count,
  layout: z.string(),
  listing: hex64,
  contents: hex64,
  hash: hex64,
}) as unknown as z.ZodType<ImportSummary>;

/** An import on disk. */
export interface ImportOnDisk {
  readonly dir: string;
  readonly summary: ImportSummary;
}

const REPAIR = "The import is damaged: remove its folder and import the pictures again.";

/** The project's imports, ordered by name. Hidden folders are unfinished work. Throws UserError for a damaged one. */
export async function listImports(into: string): Promise<ImportOnDisk[]> {
  const entries = await readdir(into, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  return await Promise.all(names.sort().map((name) => readImport(resolve(into, name))));
}

/** Throws UserError when the folder is no import or damaged. */
async function readImport(dir: string): Promise<ImportOnDisk> {
  const where = join(dir, "import.json");
  const text = await readFile(where, "utf8").catch(() => undefined);
  if (text === undefined)
    throw new UserError("not an import", { where: dir, remedy: "Remove the folder, or import it." });
  return { dir, summary: parseJson(text, summarySchema, where) };
}

/** The pictures of an import, streaming. Throws UserError with the line for a damaged catalogue. */
export async function* readCatalogue(dir: string): AsyncGenerator<PictureRecord> {
  yield* readJsonLines(join(dir, "catalogue.jsonl"), recordSchema as unknown as z.ZodType<PictureRecord>);
}

/** The pictures an import kept out, streaming. */
export async function* readRejected(dir: string): AsyncGenerator<RejectedPicture> {
  yield* readJsonLines(join(dir, "rejected.jsonl"), rejectedSchema as unknown as z.ZodType<RejectedPicture>);
}

async function* readJsonLines<T>(path: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  try {
    for await (const { text, number } of readLines(path)) yield parseJson(text, schema, `${path}:${number}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError("a file of the import is missing", { where: path, remedy: REPAIR });
  }
}

function parseJson<T>(text: string, schema: z.ZodType<T>, where: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`not valid JSON: ${(error as Error).message}`, { where, remedy: REPAIR });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join(".") || "value"}: ${message}`);
  throw new UserError("not what an import holds", { where, detail: problems.join("\n"), remedy: REPAIR });
}

/** The pictures of all imports but one by id, to recognise repetitions. */
export async function knownPictures(into: string, except: string): Promise<Map<string, KnownPicture>> {
  const known = new Map<string, KnownPicture>();
  for (const { dir, summary } of await listImports(into)) {
    if (summary.name === except) continue;
    for await (const { id, label, original } of readCatalogue(dir))
      known.set(id, { label, original, source: summary.name });
  }
  return known;
}

/** Several imports as one set. */
export interface Catalogue {
  readonly imports: readonly ImportOnDisk[];
  readonly records: readonly PictureRecord[];
  /** Left out although an import kept them: the same picture is in two imports, or has another label in another import. */
  readonly dropped: readonly RejectedPicture[];
  /** SHA-256 over the imports' hashes and what was dropped: identifies the contents. */
  readonly hash: string;
}

/**
 * Opens the named imports (none: all of them) of a project. Of a picture in several imports the first import's is kept; a picture that has
 * different labels, or that one of the imports refused for that reason, is left out everywhere. Throws UserError for an unknown name.
 */
export async function openCatalogue(into: string, names: readonly string[] = []): Promise<Catalogue> {
  const imports = await chooseImports(into, names);
  const refused = new Set<string>();
  const labels = new Map<string, string>();
  for (const { dir } of imports) {
    for await (const { reason: why, id } of readRejected(dir)) {
      if (why === "conflicting-label" && id !== undefined) refused.add(id);
    }
    for await (const { id, label } of readCatalogue(dir)) {
      if ((labels.get(id) ?? label) !== label) refused.add(id);
      labels.set(id, label);
    }
  }
  const { records, dropped } = await keepOnce(imports, refused);
  const hash = createHash("sha256");
  for (const { summary } of imports) hash.update(`${summary.name} ${summary.hash}\n`);
  for (const { id, reason: why } of dropped) hash.update(`${id} ${why}\n`);
  return { imports, records, dropped, hash: hash.digest("hex") };
}

async function chooseImports(into: string, names: readonly string[]): Promise<ImportOnDisk[]> {
  const all = await listImports(into);
  const unknown = names.filter((name) => !all.some(({ summary }) => summary.name === name));
  if (unknown.length === 0) return names.length === 0 ? all : all.filter(({ summary }) => names.includes(summary.name));
  const there = all.map(({ summary }) => summary.name).join(", ") || "none";
  throw new UserError(`there is no import ${unknown.join(", ")}`, {
    where: into,
    remedy: `Import it (\`smilec data import\`) or correct data.imports; there are: ${there}.`,
  });
}

async function keepOnce(imports: readonly ImportOnDisk[], refused: ReadonlySet<string>) {
  const records: PictureRecord[] = [];
  const dropped: RejectedPicture[] = [];
  const kept = new Map<string, string>();
  for (const { dir } of imports) {
    for await (const record of readCatalogue(dir)) {
      const { id, source } = record;
      const original = `${source}: ${record.original}`;
      const twin = kept.get(id);
      if (refused.has(id)) {
        dropped.push({ original, reason: "conflicting-label", message: "has another label in another import", id });
      } else if (twin !== undefined) {
        dropped.push({ original, reason: "duplicate", message: `is the same picture as ${twin}`, id });
      } else {
        kept.set(id, original);
        records.push(record);
      }
    }
  }
  return { records, dropped };
}

/** Reads pictures out of imports' archives; keeps one descriptor per import. */
export class PictureReader {
  private readonly files = new Map<string, number>();
  private readonly dirs: ReadonlyMap<string, string>;

  constructor(imports: readonly ImportOnDisk[]) {
    this.dirs = new Map(imports.map(({ dir, summary }) => [summary.name, dir]));
  }

  /** The picture's grey pixels. Throws UserError when the archive is damaged. */
  read(record: PictureRecord): GrayImage {
    const { width, height, source } = record;
    const pixels = new Uint8Array(width * height);
    const path = join(this.dirs.get(source) ?? source, "pictures.tar");
    try {
      const file = this.files.get(source) ?? openSync(path, "r");
      this.files.set(source, file);
      if (readSync(file, pixels, 0, pixels.length, record.offset) === pixels.length) return { width, height, pixels };
    } catch (error) {
      throw new UserError("an import's pictures cannot be read", { where: path, remedy: REPAIR, cause: error });
    }
    throw new UserError(`the archive ends before picture ${record.file}`, { where: path, remedy: REPAIR });
  }

  close(): void {
    for (const file of this.files.values()) closeSync(file);
    this.files.clear();
  }
}
