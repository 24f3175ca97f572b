/**
 * Writing one import: `<into>/<name>/` with pictures.tar, catalogue.jsonl, rejected.jsonl and import.json.
 *
 * Everything is written into a hidden sibling folder that is renamed when it is complete, so an import is there whole or not at all. A folder
 * left by a killed run is removed by the next import; one that was being replaced is put back.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { asEnvironmentError, UserError } from "../errors.js";
import { makeFolder, remove, writeFile, writeJson } from "../files/write.js";
import { pgmHeader } from "./pgm.js";
import { TarWriter } from "./tar.js";
import type { Box, GrayImage, ImportSummary, PictureRecord, RejectedPicture, Split } from "./types.js";

/** What an importer knows of a picture besides its pixels. */
export interface PictureFields {
  readonly label: string;
  readonly group: string;
  readonly split: Split;
  readonly original: string;
  readonly box?: Box;
}

/** Where a picture with a certain id is already. */
export interface KnownPicture {
  readonly label: string;
  readonly original: string;
  /** Name of the other import; undefined: this one. */
  readonly source?: string;
  /** Two labels were given to it. */
  conflicting?: boolean;
}

export type ImportFacts = Pick<ImportSummary, "layout" | "listing" | "contents" | "ignored" | "notes">;

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Throws UserError unless the text can name an import. */
export function checkImportName(name: string): void {
  if (NAME.test(name)) return;
  throw new UserError("not a usable name for an import", {
    where: name,
    remedy: "Give 1 to 64 of a-z, 0-9, `.`, `_` and `-`, starting with a letter or digit: `--name office-1`.",
  });
}

/** SHA-256 over width, height, box and pixels, in hex. */
export function pictureId(image: GrayImage, box?: Box): string {
  const place = box === undefined ? "" : ` ${box.x} ${box.y} ${box.width} ${box.height}`;
  return createHash("sha256").update(`${image.width} ${image.height}${place}\n`).update(image.pixels).digest("hex");
}

export class ImportFolder {
  private records: PictureRecord[] = [];
  private readonly rejected: RejectedPicture[] = [];
  private readonly own = new Map<string, KnownPicture>();
  private conflicts = 0;

  private constructor(
    private readonly into: string,
    private readonly name: string,
    private readonly temporary: string,
    private tar: TarWriter,
    private readonly others: ReadonlyMap<string, KnownPicture>,
  ) {}

  /** Starts an import. `others` are the pictures of the project's other imports by id. */
  static async create(
    into: string,
    name: string,
    others: ReadonlyMap<string, KnownPicture> = new Map(),
  ): Promise<ImportFolder> {
    checkImportName(name);
    try {
      await makeFolder(into);
      await recoverImports(into);
      const temporary = join(into, `.importing-${process.pid}-${name}`);
      await remove(temporary);
      await mkdir(temporary);
      const tar = await TarWriter.create(join(temporary, "pictures.tar"));
      return new ImportFolder(into, name, temporary, tar, others);
    } catch (error) {
      throw asEnvironmentError(error, into);
    }
  }

  /** Appends a picture, or rejects it because its pixels are there already. */
  async add(image: GrayImage, fields: PictureFields): Promise<void> {
    const id = pictureId(image, fields.box);
    const known = this.own.get(id) ?? this.others.get(id);
    if (known !== undefined) return this.repeat(id, fields, known);
    this.own.set(id, { label: fields.label, original: fields.original });
    const file = `${id.slice(0, 16)}.pgm`;
    const header = pgmHeader(image.width, image.height);
    const offset = header.length + (await this.write(() => this.tar.add(file, header, image.pixels)));
    const { width, height } = image;
    this.records.push({ id, file, offset, width, height, ...fields, source: this.name });
  }

  reject(picture: RejectedPicture): void {
    this.rejected.push(picture);
  }

  get pictures(): readonly PictureRecord[] {
    return this.records;
  }

  get refused(): readonly RejectedPicture[] {
    return this.rejected;
  }

  /** The same picture with the same label is one too many; with another label neither can be trusted. */
  private repeat(id: string, { original, label }: PictureFields, known: KnownPicture): void {
    const place = known.source === undefined ? known.original : `${known.original} of import ${known.source}`;
    if (label === known.label && known.conflicting !== true) {
      this.reject({ original, reason: "duplicate", message: `is the same picture as ${place}`, id });
      return;
    }
    const conflict = (shown: string, own: string, other: string, where: string) =>
      this.reject({
        original: shown,
        reason: "conflicting-label",
        message: `is ${own} here, but ${other} as ${where}`,
        id,
      });
    conflict(original, label, known.label, place);
    if (known.source !== undefined || known.conflicting === true) return;
    known.conflicting = true;
    this.conflicts++;
    conflict(known.original, known.label, label, original);
  }

  /** Takes pictures with conflicting labels out; call before counting. Their bytes leave the archive, too. */
  async settle(): Promise<void> {
    if (this.conflicts === 0) return;
    this.conflicts = 0;
    const kept = this.records.filter((record) => this.own.get(record.id)?.conflicting !== true);
    await this.write(async () => {
      await this.tar.finish();
      const old = join(this.temporary, "pictures.tar");
      const all = join(this.temporary, "all.tar");
      await rename(old, all);
      this.tar = await TarWriter.create(old);
      this.records = await copyPictures(all, kept, this.tar);
      await remove(all);
    });
  }

  /** Completes the import and moves it into place. `replace` an import of the same name. Throws UserError when there is one otherwise. */
  async publish(facts: ImportFacts, replace = false): Promise<ImportSummary> {
    await this.settle();
    return await this.write(async () => {
      await this.tar.finish();
      const catalogue = jsonLines(this.records);
      this.rejected.sort((a, b) => compare(a.original, b.original) || compare(a.reason, b.reason));
      await writeFile(join(this.temporary, "catalogue.jsonl"), catalogue);
      await writeFile(join(this.temporary, "rejected.jsonl"), jsonLines(this.rejected));
      const summary = summarize(this.name, this.records, this.rejected, facts, sha256(catalogue));
      await writeJson(join(this.temporary, "import.json"), summary);
      await moveIntoPlace(this.temporary, this.into, this.name, replace);
      return summary;
    });
  }

  /** Removes everything written so far. */
  async discard(): Promise<void> {
    await this.tar.abandon().catch(() => undefined);
    await remove(this.temporary);
  }

  private async write<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asEnvironmentError(error, this.into);
    }
  }
}

async function copyPictures(from: string, records: readonly PictureRecord[], to: TarWriter): Promise<PictureRecord[]> {
  const file = await open(from, "r");
  const copied: PictureRecord[] = [];
  try {
    for (const record of records) {
      const pixels = Buffer.alloc(record.width * record.height);
      await file.read(pixels, 0, pixels.length, record.offset);
      const header = pgmHeader(record.width, record.height);
      copied.push({ ...record, offset: header.length + (await to.add(record.file, header, pixels)) });
    }
  } finally {
    await file.close();
  }
  return copied;
}

async function moveIntoPlace(temporary: string, into: string, name: string, replace: boolean): Promise<void> {
  const place = join(into, name);
  const old = join(into, `.replaced-${name}`);
  const present = await readdir(place).catch(() => undefined);
  if (present !== undefined && !replace) throw nameTaken(place);
  await remove(old);
  if (present !== undefined) await rename(place, old);
  await rename(temporary, place).catch((error: NodeJS.ErrnoException) => {
    // Another process was quicker.
    throw error.code === "ENOTEMPTY" || error.code === "EEXIST" ? nameTaken(place) : error;
  });
  await remove(old);
}

export function nameTaken(place: string): UserError {
  return new UserError("there is an import of this name with other contents", {
    where: place,
    remedy: "Choose another name (`--name`), or replace the import (`--replace`).",
  });
}

/** Puts back an import whose replacement was interrupted and removes what killed imports left behind. */
export async function recoverImports(into: string): Promise<void> {
  const names: string[] = await readdir(into).catch(() => []);
  for (const name of names) {
    const replaced = /^\.replaced-(.+)$/.exec(name)?.[1];
    const owner = /^\.importing-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) await remove(join(into, name));
    if (replaced === undefined) continue;
    if (names.includes(replaced)) await remove(join(into, name));
    else await rename(join(into, name), join(into, replaced));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function summarize(
  name: string,
  records: readonly PictureRecord[],
  rejected: readonly RejectedPicture[],
  facts: ImportFacts,
  hash: string,
): ImportSummary {
  const splits: Record<Split, number> = { train: 0, val: 0, test: 0 };
  for (const record of records) splits[record.split]++;
  return {
    formatVersion: 1,
    name,
    count: records.length,
    rejected: rejected.length,
    labels: tally(records.map(({ label }) => label)),
    splits,
    reasons: tally(rejected.map(({ reason }) => reason)),
    ...facts,
    hash,
  };
}

/** How often each value occurs, in the values' order. */
export function tally<T extends string>(values: Iterable<T>): Record<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => compare(a, b))) as Record<T, number>;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function jsonLines(values: readonly unknown[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from(`${JSON.stringify(value)}\n`)));
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
