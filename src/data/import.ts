/** Importing pictures: find, decode, reduce to grey, split by group, and keep with everything that was left out and why. */
import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { InterruptedError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { knownPictures, listImports } from "./catalogue.js";
import { type DecodeLimits, defaultLimits, PictureError, readPictureFile } from "./decode.js";
import { type DecodedFace, decodeFace } from "./decode-face.js";
import { checkImportName, ImportFolder, nameTaken, recoverImports, tally } from "./import-folder.js";
import { type LabelMap, mapLabel } from "./labels.js";
import { type ImportEntry, type LayoutName, listPictures, type PictureListing } from "./layout.js";
import { mapOrdered } from "./ordered.js";
import { assignSplits, checkSplits, countSplits, defaultSplitPlan, type SplitPlan } from "./split.js";
import type { ImportSummary, RejectedPicture, Split } from "./types.js";

export interface ImportRequest {
  /** Folder of pictures or a manifest. */
  readonly from: string;
  /** Name of the import; default: made from the folder's name. */
  readonly name?: string;
  /** Folder of the project's imports. */
  readonly into: string;
  /** How the pictures lie; default: found out. */
  readonly layout?: LayoutName;
  readonly labelMap?: LabelMap;
  /** Labels of the project; pictures of others are rejected. Default: all labels are taken. */
  readonly labels?: readonly string[];
  /** For pictures whose split is not given by the set; default: 70/15/15 by group, or the layout's own. */
  readonly plan?: SplitPlan;
  /** Accept an import that lacks labels or splits, to be used together with others. */
  readonly partial?: boolean;
  /** Replace an import of the same name. */
  readonly replace?: boolean;
  readonly limits?: DecodeLimits;
  readonly context: StageContext;
}

/** What an import came to. */
export interface ImportResult extends ImportSummary {
  /** Folder of the import. */
  readonly dir: string;
  /** The same pictures were imported before with the same options; nothing was done. */
  readonly unchanged: boolean;
}

const CONCURRENCY = 4;
/** Pictures between two looks at the clock. */
const REPORT_EVERY = 50;

/** An entry with its final label and split. */
interface Job {
  readonly entry: ImportEntry;
  readonly label: string;
  readonly split: Split;
}

/** Imports a folder or manifest. Throws UserError when it holds nothing usable; single bad pictures are rejected with a reason instead. */
export async function importPictures(request: ImportRequest): Promise<ImportResult> {
  const name = request.name ?? importName(request.from);
  checkImportName(name);
  await recoverImports(request.into);
  const listing = await listPictures(request.from, request.layout);
  const { jobs, rejected } = plan(request, listing);
  const digest = listingDigest(request, listing);
  const same = await findSame(request, listing, digest, name);
  if (same !== undefined) return same;
  warnUngrouped(request, listing);
  const folder = await ImportFolder.create(request.into, name, await knownPictures(request.into, name));
  try {
    for (const picture of [...listing.rejected, ...rejected]) folder.reject(picture);
    const { contents, notes } = await decodeAll(jobs, listing.entries, folder, request);
    await folder.settle();
    checkResult(folder, request);
    const facts = { layout: listing.layout, ignored: listing.ignored, listing: digest, contents, notes };
    const summary = await folder.publish(facts, request.replace);
    return { ...summary, dir: resolve(request.into, name), unchanged: false };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

/** `/data/My Photos (2)` becomes `my-photos-2`; a manifest is named after its folder when it is called manifest. */
export function importName(from: string): string {
  const path = resolve(from);
  const last = basename(path).replace(/\.(csv|tsv|jsonl|ndjson)$/i, "");
  const word = last === "manifest" ? basename(resolve(path, "..")) : last;
  const name = word
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 64)
    .replace(/^-|-$/g, "");
  return name === "" ? "pictures" : name;
}

function plan(request: ImportRequest, listing: PictureListing): { jobs: Job[]; rejected: RejectedPicture[] } {
  const rejected: RejectedPicture[] = [];
  const labelled: { entry: ImportEntry; label: string }[] = [];
  for (const entry of listing.entries) {
    const mapped = mapLabel(entry.label, request.labelMap, request.labels);
    if ("label" in mapped) labelled.push({ entry, label: mapped.label });
    else rejected.push({ original: entry.original, reason: "unknown-label", message: mapped.refused });
  }
  const splits = assignSplits(
    labelled.map(({ entry }) => entry),
    request.plan ?? listing.plan ?? defaultSplitPlan,
  );
  const jobs = labelled.map(({ entry, label }) => ({ entry, label, split: splits.get(entry.group)! }));
  const problems = [...listing.rejected, ...rejected];
  if (jobs.length === 0) throw nothingLeft(request.from, problems);
  // What is wrong already is told before an hour of decoding.
  if (request.partial !== true) checkSplits(countSplits(jobs), expectedLabels(request, jobs), request.from);
  return { jobs, rejected };
}

/** The labels every split must hold: the project's where one knows them, else those that occur. */
function expectedLabels(request: ImportRequest, pictures: readonly { readonly label: string }[]): readonly string[] {
  return request.labels ?? [...new Set(pictures.map(({ label }) => label))].sort();
}

function checkResult(folder: ImportFolder, request: ImportRequest): void {
  if (folder.pictures.length === 0) throw nothingLeft(request.from, folder.refused);
  if (request.partial === true) return;
  checkSplits(countSplits(folder.pictures), expectedLabels(request, folder.pictures), request.from);
}

function nothingLeft(from: string, rejected: readonly RejectedPicture[]): UserError {
  const reasons = Object.entries(tally(rejected.map(({ reason }) => reason)));
  const first = rejected.slice(0, 5).map(({ original, message }) => `${original}: ${message}`);
  return new UserError("none of the pictures can be used", {
    where: from,
    detail: [...reasons.map(([reason, count]) => `${count} ${reason}`), ...first].join("\n"),
    remedy: "Look at the reasons above; check the label map and that the files are pictures.",
  });
}

function warnUngrouped(request: ImportRequest, listing: PictureListing): void {
  if (listing.grouped || (request.plan ?? listing.plan)?.kind === "ranges") return;
  request.context.reporter.warn(
    "Nothing says which pictures show the same person, so one may be in training and in test. " +
      "Name persons by folders (smile/anna/1.jpg) or a group column.",
  );
}

/** Changes when options, names or sizes change; cheap, as no file is opened. */
function listingDigest(request: ImportRequest, listing: PictureListing): string {
  const { labelMap, labels, plan: splitPlan, limits, partial } = request;
  const map = labelMap && [[...labelMap.names], labelMap.others ?? null];
  const hash = createHash("sha256");
  hash.update(JSON.stringify([listing.layout, map, labels, splitPlan, limits, partial === true]));
  for (const { original, label, group, split, box, size } of listing.entries) {
    hash.update(`${JSON.stringify([original, label, group, split, box, size])}\n`);
  }
  return hash.update(JSON.stringify(listing.rejected)).digest("hex");
}

/** An import of exactly this, whatever its name; throws when the name is taken by something else. */
async function findSame(
  request: ImportRequest,
  listing: PictureListing,
  digest: string,
  name: string,
): Promise<ImportResult | undefined> {
  const imports = await listImports(request.into);
  const candidates = imports.filter(({ summary }) => summary.listing === digest);
  if (candidates.length > 0) {
    const contents = await contentsDigest(listing.entries, request);
    const same = candidates.find(({ summary }) => summary.contents === contents);
    if (same !== undefined) return { ...same.summary, dir: same.dir, unchanged: true };
  }
  const taken = imports.find(({ summary }) => summary.name === name);
  if (taken !== undefined && request.replace !== true) throw nameTaken(taken.dir);
  return undefined;
}

async function contentsDigest(entries: readonly ImportEntry[], request: ImportRequest): Promise<string> {
  const total = createHash("sha256");
  const digest = async (entry: ImportEntry) => fileDigest(await readBytes(entry, request));
  for await (const { result } of mapOrdered(entries, CONCURRENCY, digest)) {
    checkAborted(request);
    total.update(result);
  }
  return total.digest("hex");
}

type Bytes = Buffer | PictureError;

async function readBytes(entry: ImportEntry, { limits }: ImportRequest): Promise<Bytes> {
  try {
    return await readPictureFile(entry.path, limits ?? defaultLimits);
  } catch (error) {
    if (error instanceof PictureError) return error;
    throw error;
  }
}

function fileDigest(bytes: Bytes): Buffer {
  return createHash("sha256")
    .update(bytes instanceof PictureError ? bytes.reason : bytes)
    .digest();
}

function checkAborted({ context }: ImportRequest): void {
  if (context.signal.aborted) throw new InterruptedError("the import was interrupted; nothing was kept of it");
}

/** A decoded job: its pixels or why there are none. */
interface Outcome {
  readonly digest: Buffer;
  readonly picture?: DecodedFace;
  readonly refused?: PictureError;
}

async function decodeAll(
  jobs: readonly Job[],
  entries: readonly ImportEntry[],
  folder: ImportFolder,
  request: ImportRequest,
): Promise<{ contents: string; notes: Record<string, number> }> {
  const progress = request.context.reporter.progress("import", entries.length, "pictures");
  const jobOf = new Map(jobs.map((job) => [job.entry, job]));
  const total = createHash("sha256");
  const notes: string[] = [];
  let done = 0;
  try {
    const work = (entry: ImportEntry) => decodeEntry(entry, jobOf.has(entry), request);
    for await (const { item, result } of mapOrdered(entries, CONCURRENCY, work)) {
      checkAborted(request);
      total.update(result.digest);
      await keep(item, jobOf.get(item), result, folder);
      notes.push(...(result.picture?.notes ?? []));
      if (++done % REPORT_EVERY === 0 || done === entries.length) progress.update(done);
    }
  } finally {
    progress.end();
  }
  return { contents: total.digest("hex"), notes: tally(notes) };
}

async function keep(entry: ImportEntry, job: Job | undefined, outcome: Outcome, folder: ImportFolder): Promise<void> {
  const { original, group } = entry;
  if (outcome.refused !== undefined) {
    folder.reject({ original, reason: outcome.refused.reason, message: outcome.refused.message });
  } else if (job !== undefined && outcome.picture !== undefined) {
    const { image, box } = outcome.picture;
    await folder.add(image, { label: job.label, group, split: job.split, original, ...(box && { box }) });
  }
}

/** Reads every entry, as all count for the contents, but decodes only those that have a label. */
async function decodeEntry(entry: ImportEntry, wanted: boolean, request: ImportRequest): Promise<Outcome> {
  const bytes = await readBytes(entry, request);
  const digest = fileDigest(bytes);
  if (!wanted) return { digest };
  if (bytes instanceof PictureError) return { digest, refused: bytes };
  try {
    return { digest, picture: await decodeFace(bytes, entry.box, request.limits ?? defaultLimits) };
  } catch (error) {
    if (error instanceof PictureError) return { digest, refused: error };
    throw error;
  }
}
