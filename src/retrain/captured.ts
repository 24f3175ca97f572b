/** Judged captures as data for training: whole presses, of a bot's day, in one split. */
import { createHash } from "node:crypto";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { pressKey } from "../captures/catalogue/press-key.js";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { hex32 } from "../captures/format.js";
import { readStoredCapture } from "../captures/stored.js";
import type { Config } from "../config/schema.js";
import { openCatalogue, type Catalogue as PictureCatalogue } from "../data/catalogue.js";
import { ImportFolder } from "../data/import-folder.js";
import { hashSplit } from "../data/split.js";
import type { Box, PictureRecord, Split } from "../data/types.js";
import { InterruptedError } from "../errors.js";
import { groupOf, judgedPictures, type LeftOut } from "../label/judged-pictures.js";
import type { PictureSet } from "../pipeline/pictures.js";
import type { Project } from "../pipeline/project.js";
import type { StageContext } from "../pipeline/reporter.js";

export interface CapturedPicture {
  /** Of the catalogue. */
  readonly capture: number;
  readonly path: string;
  readonly label: string;
  readonly press: string;
  /** A bot's day, or what it captured between two starts. */
  readonly group: string;
  readonly split: Split;
  /** Where the bot looked: what it is trained on is what it will be shown. */
  readonly box: Box;
  readonly payloadCrc: number;
}

export interface CapturedSet {
  readonly pictures: readonly CapturedPicture[];
  readonly leftOut: Readonly<Record<LeftOut, number>>;
}

/** Part of what is not held out that the threshold and the best epoch are chosen on. */
const VALIDATION = 0.2;
/** Groups must stay in their split for as long as a project lives, so nothing chooses it. */
const SPLIT_SEED = 1;

/** Splits by a hash of the group: what is held out once is never trained on later, however much is captured. */
export function capturedSet(catalogue: Catalogue, config: Pick<Config, "labels" | "retrain">): CapturedSet {
  const { pictures, leftOut } = judgedPictures(catalogue, config);
  const groups = pressGroups(catalogue);
  return {
    leftOut,
    pictures: pictures.map(({ capture, label, press, original }) => {
      const { metadata, payloadCrc } = catalogue.capture(capture)!;
      const group = groups.get(press)!;
      const split = heldOutSplit(group, config);
      return { capture, path: original, label, press, group, split, box: metadata.box, payloadCrc };
    }),
  };
}

/** The split of a group: what is held out is held out of everything that is trained, the face detector too. */
export function heldOutSplit(group: string, { retrain }: Pick<Config, "retrain">): Split {
  const training = 1 - retrain.heldOut;
  const fractions = [training * (1 - VALIDATION), training * VALIDATION, retrain.heldOut] as const;
  return hashSplit(group, { kind: "hash", seed: SPLIT_SEED, fractions });
}

/** The group of each press. One around midnight belongs to the day it began, whichever of its frames were judged: that may change, and its split must not. */
export function pressGroups(catalogue: Pick<Catalogue, "captures">): Map<string, string> {
  const groups = new Map<string, string>();
  for (const capture of catalogue.captures()) {
    const [press, group] = [pressKey(capture), groupOf(capture)];
    const known = groups.get(press);
    if (known === undefined || group < known) groups.set(press, group);
  }
  return groups;
}

/** Training and validation captures as an import in the store; damaged pictures are refused there. */
export async function obtainCaptured(
  project: Project,
  catalogue: Catalogue,
  { pictures }: CapturedSet,
  name: string,
  context: StageContext,
): Promise<PictureCatalogue> {
  const used = pictures.filter(({ split }) => split !== "test");
  const facts = used.map(({ path, label, group, split, box, payloadCrc }) => [
    path,
    label,
    group,
    split,
    box,
    hex32(payloadCrc),
  ]);
  const artifact = await project.store.obtain({
    stage: "captures",
    revision: 1,
    options: { name, facts },
    inputs: [],
    produce: async (dir) => {
      context.reporter.stage("captures", `${used.length} judged captures for training and validation`);
      const folder = await ImportFolder.create(dir, name);
      try {
        await addAll(folder, catalogue, used, context);
        const listing = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
        return await folder.publish({ layout: "captures", ignored: 0, notes: {}, listing, contents: listing });
      } catch (error) {
        await folder.discard();
        throw error;
      }
    },
  });
  return openCatalogue(artifact.dir);
}

async function addAll(
  folder: ImportFolder,
  catalogue: Catalogue,
  pictures: readonly CapturedPicture[],
  context: StageContext,
): Promise<void> {
  for (const { capture, path, label, group, split, box } of pictures) {
    if (context.signal.aborted) throw new InterruptedError();
    const read = await readStoredCapture(catalogue.dir, catalogue.capture(capture) as CatalogueCapture);
    if (typeof read === "string") {
      context.reporter.warn(`${path} is left out: ${read}`);
      folder.reject({ original: path, reason: "unreadable", message: read });
    } else await folder.add(read.frame, { label, group, split, original: path, box });
  }
}

/** Base data and captures as one set: each capture counts `weight` times. The test split is the base data's. */
export function mixed(base: PictureSet, captured: PictureCatalogue, weight: number): PictureSet {
  const { catalogue, synthetic } = base;
  const more = captured.records.flatMap((record) => new Array<PictureRecord>(times(record.id, weight)).fill(record));
  const hash = createHash("sha256").update(JSON.stringify([catalogue.hash, captured.hash, weight]));
  return {
    synthetic,
    catalogue: {
      imports: [...catalogue.imports, ...captured.imports],
      records: [...catalogue.records, ...more],
      dropped: [...catalogue.dropped, ...captured.dropped],
      hash: hash.digest("hex"),
    },
  };
}

/** Whole times, and one more for the part of the pictures that the rest says: by their hash, so always the same ones. */
function times(id: string, weight: number): number {
  const whole = Math.floor(weight);
  const position = Number.parseInt(id.slice(0, 12), 16) / 2 ** 48;
  return whole + (position < weight - whole ? 1 : 0);
}

/** A name for the captures that no import of the project has. */
export function capturesName({ catalogue }: PictureSet): string {
  const taken = new Set(catalogue.imports.map(({ summary }) => summary.name));
  let name = "captures";
  for (let n = 2; taken.has(name); n++) name = `captures-${n}`;
  return name;
}
