/** Labelled pictures to evaluate on, one after the other: a folder or manifest, or the project's own imports. */
import type { Catalogue } from "../data/catalogue.js";
import { PictureReader } from "../data/catalogue.js";
import { defaultLimits, PictureError, readPictureFile } from "../data/decode.js";
import { decodeFace } from "../data/decode-face.js";
import { faceSquare } from "../data/framing.js";
import { pictureId, tally } from "../data/import-folder.js";
import { type LabelMap, mapLabel } from "../data/labels.js";
import { type ImportEntry, type LayoutName, listPictures, type PictureListing } from "../data/layout.js";
import { mapOrdered } from "../data/ordered.js";
import { assignSplits } from "../data/split.js";
import type { Box, GrayImage, RejectedPicture, Split } from "../data/types.js";
import { UserError } from "../errors.js";

export interface LabelledPicture {
  /** SHA-256 over pixels and box, as in a catalogue. */
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly group: string;
  readonly image: GrayImage;
  /** The square that the network is to see. */
  readonly face: Box;
}

/** A set of pictures; reading it holds a few pictures at a time. */
export interface LabelledSet {
  /** As shown: the folder, or the project's imports and split. */
  readonly name: string;
  /** Pictures that will come, those included that turn out unreadable. */
  readonly count: number;
  /** Pictures per label, after the label map. */
  readonly labels: Readonly<Record<string, number>>;
  /** Kept out before any was read. */
  readonly rejected: readonly RejectedPicture[];
  /** Every picture, or why it is kept out. */
  read(): AsyncGenerator<LabelledPicture | RejectedPicture>;
}

export interface FolderRequest {
  /** Folder of pictures or a manifest. */
  readonly from: string;
  readonly layout?: LayoutName;
  readonly labelMap?: LabelMap;
  readonly split?: Split;
}

const CONCURRENCY = 4;

interface Labelled {
  readonly entry: ImportEntry;
  readonly label: string;
}

/** Lists a folder or manifest as `data import` does, without importing it. Throws UserError when nothing is left. */
export async function folderSet(request: FolderRequest): Promise<LabelledSet> {
  const { from, layout, labelMap, split } = request;
  const listing = await listPictures(from, layout);
  const rejected = [...listing.rejected];
  const labelled: Labelled[] = [];
  for (const entry of listing.entries) {
    const mapped = mapLabel(entry.label, labelMap, undefined);
    if ("label" in mapped) labelled.push({ entry, label: mapped.label });
    else rejected.push({ original: entry.original, reason: "unknown-label", message: mapped.refused });
  }
  const chosen = split === undefined ? labelled : ofSplit(labelled, listing, split, from);
  if (chosen.length === 0) throw nothingToEvaluate(from, rejected, split);
  return {
    name: split === undefined ? from : `${from}, ${split}`,
    count: chosen.length,
    labels: tally(chosen.map(({ label }) => label)),
    rejected,
    read: () => readFolder(chosen),
  };
}

/** Splits are taken from the set itself (a column, folders, a known set's numbers), never made up. */
function ofSplit(labelled: readonly Labelled[], listing: PictureListing, split: Split, where: string): Labelled[] {
  const given = labelled.some(({ entry }) => entry.split !== undefined);
  if (!given && listing.plan === undefined) {
    throw new UserError("nothing says which of the pictures are in which split", {
      where,
      remedy: "Leave out --split, or give the splits: folders train/, val/, test/, or a split column in a manifest.",
    });
  }
  const entries = labelled.map(({ entry }) => entry);
  const splits = listing.plan === undefined ? undefined : assignSplits(entries, listing.plan);
  return labelled.filter(({ entry }) => (entry.split ?? splits?.get(entry.group)) === split);
}

function nothingToEvaluate(where: string, rejected: readonly RejectedPicture[], split: Split | undefined): UserError {
  const first = rejected.slice(0, 5).map(({ original, message }) => `${original}: ${message}`);
  const what = split === undefined ? "there is no picture to evaluate on" : `there is no picture of split ${split}`;
  return new UserError(what, {
    where,
    detail: first.join("\n"),
    remedy: "Put labelled pictures there (one folder per label, or a manifest), and check --map and --split.",
  });
}

async function* readFolder(chosen: readonly Labelled[]): AsyncGenerator<LabelledPicture | RejectedPicture> {
  for await (const { result } of mapOrdered(chosen, CONCURRENCY, readOne)) yield result;
}

async function readOne({ entry, label }: Labelled): Promise<LabelledPicture | RejectedPicture> {
  const { original, group } = entry;
  try {
    const { image, box } = await decodeFace(await readPictureFile(entry.path), entry.box, defaultLimits);
    return { id: pictureId(image, box), name: original, label, group, image, face: faceSquare(image, box) };
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    return { original, reason: error.reason, message: error.message };
  }
}

/** A split of the project's imports, straight from the imported pictures: what training and quantization were given, before it was packed. */
export function catalogueSet(catalogue: Catalogue, split: Split, labels: readonly string[]): LabelledSet {
  const records = catalogue.records.filter((record) => record.split === split && labels.includes(record.label));
  const names = catalogue.imports.map(({ summary }) => summary.name).join(", ");
  async function* read(): AsyncGenerator<LabelledPicture> {
    const reader = new PictureReader(catalogue.imports);
    try {
      for (const record of records) {
        const { id, original, label, source } = record;
        const image = reader.read(record);
        const group = `${source}/${record.group}`;
        yield { id, name: `${source}: ${original}`, label, group, image, face: faceSquare(record, record.box) };
      }
    } finally {
      reader.close();
    }
  }
  return {
    name: `${names}, ${split}`,
    count: records.length,
    labels: tally(records.map(({ label }) => label)),
    rejected: [],
    read,
  };
}
