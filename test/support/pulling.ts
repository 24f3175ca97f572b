/** Pulls as the command does, into a folder of the test's, and looks at what came of it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import type { CatalogueCapture, QuarantinedRecord } from "#smilec/captures/catalogue/types.js";
import { openFolderSource } from "#smilec/captures/pull/folder-source.js";
import { folderHaystacks, imageHaystack } from "#smilec/captures/pull/haystacks.js";
import { openImageSource } from "#smilec/captures/pull/image-source.js";
import { type PullRequest, type PullResult, pull } from "#smilec/captures/pull/pull.js";
import { CardReading } from "#smilec/captures/pull/pull-card.js";
import { RecoveryReading } from "#smilec/captures/pull/recover.js";
import type { CardSource } from "#smilec/captures/pull/source.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";

export const quietly = { reporter: silentReporter, signal: new AbortController().signal };

export type PullOptions = Partial<PullRequest>;

export async function pullSource(source: CardSource, into: string, options: PullOptions = {}) {
  const reading = new CardReading(source);
  try {
    const result = await pull(reading, { into, context: quietly, ...options });
    return { ...result, ...reading.counts };
  } finally {
    await source.close();
  }
}

export async function pullFolder(card: string, into: string, options: PullOptions = {}) {
  return pullSource(await openFolderSource(card), into, options);
}

export async function pullImage(image: string, into: string, options: PullOptions = {}) {
  return pullSource(await openImageSource(image), into, options);
}

export async function recoverImage(image: string, into: string): Promise<PullResult> {
  const reading = new RecoveryReading("image", image, [await imageHaystack(image)]);
  return pull(reading, { into, context: quietly });
}

export async function recoverFolder(folder: string, into: string): Promise<PullResult> {
  return pull(new RecoveryReading("folder", folder, await folderHaystacks(folder)), { into, context: quietly });
}

/** `add 3`, `known 2` ...: what a pull counted, without zeros. */
export function counts({ tally }: PullResult): Record<string, number> {
  const { added, known, withdrawn, removed, skipped, reasons } = tally;
  const all = { added, known, withdrawn, removed, skipped, ...reasons };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

export interface Pulled {
  readonly captures: CatalogueCapture[];
  readonly quarantined: QuarantinedRecord[];
  /** Files below the folder, without the databases. */
  readonly files: string[];
}

export function lookInto(into: string): Pulled {
  const catalogue = Catalogue.open(into);
  try {
    const files = (readdirSync(into, { recursive: true, withFileTypes: true }) ?? [])
      .filter((entry) => entry.isFile() && !entry.name.includes(".sqlite"))
      .map((entry) => join(entry.parentPath, entry.name).slice(into.length + 1));
    return { captures: [...catalogue.captures()], quarantined: catalogue.pulls.quarantined(), files: files.sort() };
  } finally {
    catalogue.close();
  }
}

/** What is wrong with a captures' folder: rows without their picture, pictures without a row, wrong pictures. */
export function damageOf(into: string, pictures: ReadonlyMap<number, Uint8Array>): string[] {
  const { captures, files, quarantined } = lookInto(into);
  const kept = captures.filter(({ state }) => state === "kept");
  const wrong = kept.filter(({ path, key }) => {
    const place = join(into, path);
    return !existsSync(place) || !readFileSync(place).equals(pictures.get(key.sequence) ?? Buffer.alloc(0));
  });
  const known = new Set([...kept, ...quarantined].map(({ path }) => path));
  return [
    ...wrong.map(({ path }) => `wrong: ${path}`),
    ...files.filter((path) => !known.has(path)).map((path) => `no row: ${path}`),
  ];
}
