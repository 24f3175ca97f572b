/** How a folder or manifest names its pictures and their labels: everything that can be imported becomes a list of entries. */
import { realpath, stat } from "node:fs/promises";
import { asEnvironmentError, UserError } from "../errors.js";
import { manifestEntries } from "./manifest.js";
import { type Found, type FoundFile, findFiles, joinPath, labelText, showPath } from "./paths.js";
import { fileNumber, parseSplitName, type RangePlan, type SplitPlan } from "./split.js";
import type { Box, RejectedPicture, Split } from "./types.js";

/**
 * - `folders`: one folder per label; a folder below it names the group: `smile/anna/1.jpg`.
 * - `split-folders`: `train/`, `val/`, `test/`, and label folders in each.
 * - `manifest`: a CSV or JSONL file with columns file and label, optionally group, split, and x, y, width, height.
 * - `smiles`: the SMILEs set: `smile/N.jpg` and `neutral/N.jpg`, split by number.
 */
export type LayoutName = "folders" | "split-folders" | "manifest" | "smiles";

export const layoutNames: readonly LayoutName[] = ["folders", "split-folders", "manifest", "smiles"];

/** One picture to import. */
export interface ImportEntry {
  /** Where the bytes are. */
  readonly path: Buffer;
  /** Shown name: relative to the imported path, escaped. */
  readonly original: string;
  readonly label: string;
  readonly group: string;
  readonly split?: Split;
  readonly box?: Box;
  /** Bytes of the file; -1 when it is missing. */
  readonly size: number;
}

export interface PictureListing {
  readonly layout: LayoutName;
  readonly entries: readonly ImportEntry[];
  readonly rejected: readonly RejectedPicture[];
  readonly ignored: number;
  /** Split of the layout's own, where it has one. */
  readonly plan?: SplitPlan;
  /** False when every picture is a group of its own because nothing says more. */
  readonly grouped: boolean;
}

/** Number ranges of the SMILEs set's splits: neighbouring numbers are often the same person. */
const smilesPlan: RangePlan = {
  kind: "ranges",
  ranges: [
    { split: "train", first: 1, last: 9263 },
    { split: "val", first: 9264, last: 10586 },
    { split: "test", first: 10587, last: 13235 },
  ],
};

/** A folder counts as the SMILEs set from this many numbered pictures on; parts of it need `--layout smiles`. */
const SMILES_AT_LEAST = 13_000;
const MANIFESTS = ["manifest.csv", "manifest.jsonl"];
/** File names that are taken for pictures. */
export const PICTURE_NAME = /\.(jpe?g|jpe|png|webp|gif|tiff?|avif|pgm|ppm)$/i;

/** Lists what `from` (a folder or a manifest file) offers. Throws UserError when nothing can be imported from it. */
export async function listPictures(from: string, layout: LayoutName | undefined): Promise<PictureListing> {
  const manifest = await findManifest(from, layout);
  if (manifest !== undefined) return await manifestEntries(manifest);
  const found = await findFiles(await realpath(from, { encoding: "buffer" }));
  if (found.files.length === 0 && found.rejected.length === 0) throw nothingFound(from, "the folder is empty");
  const name = layout ?? detectLayout(found.files);
  const listing = name === "split-folders" ? splitFolders(found) : labelFolders(found, name);
  if (listing.entries.length === 0) throw nothingFound(from, "there is no picture in a label's folder");
  return listing;
}

async function findManifest(from: string, layout: LayoutName | undefined): Promise<string | undefined> {
  const info = await statOf(from);
  if (info === undefined) throw new UserError("there is nothing to import", { where: from, remedy: "Check the path." });
  if (!info.isDirectory()) {
    if (info.isFile() && /\.(csv|tsv|jsonl|ndjson)$/i.test(from)) return from;
    throw new UserError("neither a folder nor a manifest", {
      where: from,
      remedy: "Give a folder of pictures, or a manifest named .csv or .jsonl.",
    });
  }
  if (layout !== undefined && layout !== "manifest") return undefined;
  for (const name of MANIFESTS) {
    const path = `${from.replace(/\/+$/, "")}/${name}`;
    if ((await statOf(path))?.isFile() === true) return path;
  }
  if (layout === undefined) return undefined;
  throw new UserError(`there is no ${MANIFESTS.join(" or ")}`, {
    where: from,
    remedy: "Give the manifest's own path.",
  });
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw asEnvironmentError(error, path);
  }
}

function nothingFound(from: string, what: string): UserError {
  return new UserError(`no pictures to import: ${what}`, {
    where: from,
    remedy:
      "Put pictures into one folder per label (smile/1.jpg, neutral/2.jpg), or write a manifest.csv with file and label.",
  });
}

function detectLayout(files: readonly FoundFile[]): LayoutName {
  const tops = new Set(files.filter((file) => file.parts.length > 1).map((file) => showPath(file.parts[0])));
  if (tops.size > 0 && [...tops].every((top) => parseSplitName(top) !== undefined)) return "split-folders";
  if (files.length >= SMILES_AT_LEAST && tops.size === 2 && tops.has("smile") && tops.has("neutral")) {
    const last = smilesPlan.ranges[2].last;
    const numbered = files.every((file) => file.parts.length < 2 || (fileNumber(shownName(file)) ?? last + 1) <= last);
    if (numbered) return "smiles";
  }
  return "folders";
}

function labelFolders(found: Found, layout: "folders" | "smiles" | "manifest" | "split-folders"): PictureListing {
  const listing = new ListingBuilder(found);
  for (const file of found.files) {
    if (file.parts.length < 2) listing.notInFolder(file);
    else listing.add(file, 1, layout === "smiles" ? `n${fileNumber(shownName(file)) ?? shownName(file)}` : undefined);
  }
  if (layout === "smiles") listing.refuseGroupsWithTwoLabels();
  return listing.finish(layout, layout === "smiles" ? smilesPlan : undefined);
}

function splitFolders(found: Found): PictureListing {
  const listing = new ListingBuilder(found);
  for (const file of found.files) {
    const split = file.parts.length < 3 ? undefined : parseSplitName(showPath(file.parts[0]));
    if (split === undefined) listing.notInFolder(file);
    else listing.add(file, 2, undefined, split);
  }
  return listing.finish("split-folders", undefined);
}

class ListingBuilder {
  private entries: ImportEntry[] = [];
  private readonly rejected: RejectedPicture[];
  private ignored: number;
  private grouped = false;

  constructor(found: Found) {
    this.rejected = [...found.rejected];
    this.ignored = found.ignored;
  }

  /** `labelDepth` folders lead to the picture's label, those below it are its group. */
  add(file: FoundFile, labelDepth: number, group?: string, split?: Split): void {
    const below = file.parts.slice(labelDepth);
    const person = below.length > 1 ? showPath(joinPath(...below.slice(0, -1))) : undefined;
    if (person !== undefined || group !== undefined) this.grouped = true;
    const own = split === undefined ? showPath(below[0]) : `${split}/${showPath(below[0])}`;
    this.entries.push({
      path: file.path,
      original: shownName(file),
      label: labelText(file.parts[labelDepth - 1]),
      group: group ?? person ?? own,
      size: file.size,
      ...(split === undefined ? {} : { split }),
    });
  }

  /** A file beside the label folders: a picture there is a mistake to tell, a README is not. */
  notInFolder(file: FoundFile): void {
    const original = shownName(file);
    if (!PICTURE_NAME.test(original)) this.ignored++;
    else this.rejected.push({ original, reason: "unknown-label", message: "is in no label's folder" });
  }

  /** In the SMILEs set a number is a picture, so one in both folders has two labels, even where its file was encoded twice. */
  refuseGroupsWithTwoLabels(): void {
    const labels = new Map<string, Set<string>>();
    for (const { group, label } of this.entries) labels.set(group, (labels.get(group) ?? new Set()).add(label));
    const isRefused = ({ group }: ImportEntry) => (labels.get(group)?.size ?? 0) > 1;
    for (const { original, group } of this.entries.filter(isRefused)) {
      const message = `the same picture is in ${[...(labels.get(group) ?? [])].join("/ and ")}/`;
      this.rejected.push({ original, reason: "conflicting-label", message });
    }
    this.entries = this.entries.filter((entry) => !isRefused(entry));
  }

  finish(layout: LayoutName, plan: SplitPlan | undefined): PictureListing {
    const { entries, rejected, ignored, grouped } = this;
    return {
      layout,
      entries,
      rejected,
      ignored,
      grouped: grouped || layout === "split-folders",
      ...(plan && { plan }),
    };
  }
}

function shownName(file: FoundFile): string {
  return showPath(joinPath(...file.parts));
}
