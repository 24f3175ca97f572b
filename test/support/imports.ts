/** Importing pictures in tests, each import into a folder of its own unless the test names one. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { readCatalogue, readRejected } from "#smilec/data/catalogue.js";
import { type ImportRequest, type ImportResult, importPictures } from "#smilec/data/import.js";
import type { PictureRecord, RejectedPicture } from "#smilec/data/types.js";
import { UserError } from "#smilec/errors.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";

/** Persons that are enough for three splits. */
export const PERSONS = 24;

const context = { reporter: silentReporter, signal: new AbortController().signal };

/** `folder` makes an empty one. */
export class Importer {
  constructor(private readonly folder: () => string) {}

  async imported(from: string, options: Partial<ImportRequest> = {}): Promise<ImportResult> {
    return await importPictures({ from, into: this.folder(), context, ...options });
  }

  /** The complaint of an import that leaves nothing behind. */
  async problem(from: string, options: Partial<ImportRequest> = {}): Promise<UserError> {
    const into = options.into ?? this.folder();
    const error = await this.imported(from, { into, ...options }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).remedy).toBeTruthy();
    expect((error as UserError).where).toBeTruthy();
    if (options.into === undefined) expect(readdirSync(into)).toEqual([]);
    return error as UserError;
  }
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

export const recordsOf = (result: ImportResult): Promise<PictureRecord[]> => all(readCatalogue(result.dir));
export const rejectedOf = (result: ImportResult): Promise<RejectedPicture[]> => all(readRejected(result.dir));

/** Bytes of every file of an import. */
export function digests(dir: string): Record<string, string> {
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(dir, name)))
      .digest("hex");
  return Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, hash(name)]),
  );
}
