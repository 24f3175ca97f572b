/** What stands for the bot's card: a folder, or an image file with a FAT32 volume, looked at before anything is built or written. */
import { open, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openBlockFile } from "../captures/fat/block-file.js";
import { readLayout } from "../captures/fat/boot-sector.js";
import { findVolume } from "../captures/fat/partition.js";
import { openFolderSource } from "../captures/pull/folder-source.js";
import { openImageSource } from "../captures/pull/image-source.js";
import { type CardSource, type SegmentFile, UnreadableSegment } from "../captures/pull/source.js";
import { readHead, readSlots, type SegmentRecord } from "../captures/read-segment.js";
import { asEnvironmentError, EnvironmentError, InterruptedError, UserError } from "../errors.js";
import { makeFolder, remove } from "../files/write.js";
import type { StageContext } from "../pipeline/reporter.js";
import { run, toolError } from "../process/run.js";

export interface Card {
  readonly kind: "folder" | "image";
  readonly path: string;
  /** Mebibytes of an image that is not there yet. */
  readonly newMebibytes?: number;
}

/** What the host program can make: fewer MiB are no FAT32, more no SDHC card (firmware/hal/host/image/host_image.h). */
const CARD_MEBIBYTES = { least: 34, most: 32_768 } as const;

const SIZES = `${CARD_MEBIBYTES.least}M to ${CARD_MEBIBYTES.most / 1024}G`;

/** `64M` or `2G`, also `64MiB`; mebibytes. Throws UserError. */
export function parseCardSize(text: string): number {
  const match = /^([1-9]\d{0,5})([MG])(i?B)?$/i.exec(text.trim());
  const mebibytes = match === null ? Number.NaN : Number(match[1]) * (match[2].toUpperCase() === "G" ? 1024 : 1);
  if (mebibytes >= CARD_MEBIBYTES.least && mebibytes <= CARD_MEBIBYTES.most) return mebibytes;
  const why = mebibytes < CARD_MEBIBYTES.least ? "too small for FAT32" : "no size of a card";
  throw new UserError(`${text} is ${why}`, { where: "--card-size", remedy: `Give ${SIZES}, such as 64M.` });
}

/**
 * What is at `path`: a folder, or a file, which must be an image of a FAT32 card that can be written. With a size, nothing may be there: an image is
 * made. Throws UserError and EnvironmentError.
 */
export async function chooseCard(path: string, size: string | undefined): Promise<Card> {
  const mebibytes = size === undefined ? undefined : parseCardSize(size);
  const found = await stat(path).catch(nothingThere(path));
  if (mebibytes !== undefined) {
    if (found === undefined) return { kind: "image", path, newMebibytes: mebibytes };
    throw isThere(path, found.isDirectory() ? "folder" : "file");
  }
  if (found === undefined && /\.(img|image|bin|iso|dd|raw)$/i.test(path)) {
    throw new UserError("there is no such image of a card", {
      where: path,
      remedy: "Check the path, or make one with --card-size, such as --card-size 64M.",
    });
  }
  if (found === undefined || found.isDirectory()) return { kind: "folder", path };
  if (!found.isFile()) {
    throw new UserError("the card is neither a folder nor an image file", {
      where: path,
      remedy: "Simulations never write to devices: give a folder or an image file.",
    });
  }
  await checkImage(path);
  return { kind: "image", path };
}

function isThere(path: string, what: string): UserError {
  return new UserError(`there is a ${what} already`, {
    where: path,
    remedy: "--card-size makes a new image: name another file, or leave --card-size out to use what is there.",
  });
}

function nothingThere(path: string): (error: unknown) => undefined {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw code === "ENOTDIR" ? notAFolder(path) : asEnvironmentError(error, path);
    return undefined;
  };
}

function notAFolder(path: string): UserError {
  return new UserError("a part of the path is no folder", { where: path, remedy: "Check the path of the card." });
}

/** What `pull-captures --image` reads afterwards: FAT32. The firmware would use FAT16 too. */
async function checkImage(path: string): Promise<void> {
  const file = await openBlockFile(path);
  try {
    const volume = await findVolume(file.read, path);
    const { dataOffset, clusterBytes, clusters } = await readLayout(file.read, volume, path);
    const end = dataOffset + clusters * clusterBytes;
    if (file.size !== undefined && file.size < end) {
      throw new UserError(`the image is cut short: ${file.size} bytes, but its volume ends at ${end}`, { where: path });
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, {
      where: path,
      remedy: "Give an image of a FAT32 card; --card-size makes one, such as --card-size 64M.",
      cause: error,
    });
  } finally {
    await file.close();
  }
  await open(path, "r+").then(
    (opened) => opened.close(),
    (error: unknown) => {
      throw cannotBeWritten(error, path);
    },
  );
}

function cannotBeWritten(cause: unknown, path: string): EnvironmentError {
  return new EnvironmentError("the image of the card can't be written", {
    where: path,
    remedy: "Change its permissions, or copy it to a place that can be written.",
    cause,
  });
}

/** Makes the folder or the new image. An image appears formatted, or not at all. */
export async function prepareCard(
  { kind, path, newMebibytes }: Card,
  program: string,
  context: StageContext,
): Promise<void> {
  if (kind === "folder") await makeFolder(path);
  if (newMebibytes === undefined) return;
  await makeFolder(dirname(path));
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  await remove(unfinished);
  try {
    await format(program, unfinished, newMebibytes, context);
    // Somebody may have put a file there while the program was built.
    if ((await stat(path).catch(nothingThere(path))) !== undefined) throw isThere(path, "file");
    await rename(unfinished, path);
  } catch (error) {
    throw asEnvironmentError(error, path);
  } finally {
    await remove(unfinished);
  }
  context.reporter.info(`made ${path}: a FAT32 card of ${newMebibytes} MiB`);
}

/** The program's exit status for what the machine or the user is to blame for. */
const EXIT_INPUT = 2;

async function format(program: string, path: string, mebibytes: number, { signal }: StageContext): Promise<void> {
  const result = await run(program, ["--new-card", String(mebibytes), "--card", path], { signal });
  if (signal.aborted) throw new InterruptedError();
  if (result.exitCode === 0) return;
  if (result.exitCode !== EXIT_INPUT) throw toolError(result, program, "the image of a card could not be made");
  throw new EnvironmentError(result.stderr.trim(), { remedy: "Choose another place for the image." });
}

/** Every record of every segment on the card, in the order of the segments. */
export async function* readCard(card: Card): AsyncGenerator<SegmentRecord, void, undefined> {
  const source = await openCard(card);
  try {
    for (const segment of await source.segments()) {
      yield* recordsOf(segment);
    }
  } finally {
    await source.close();
  }
}

async function* recordsOf(segment: SegmentFile): AsyncGenerator<SegmentRecord, void, undefined> {
  const opened = await segment.open().catch((error: unknown) => {
    if (error instanceof UnreadableSegment) return error.message;
    throw error;
  });
  if (typeof opened === "string") {
    yield { kind: "problem", reason: "foreign", slot: undefined, offset: 0, message: `${segment.name}: ${opened}` };
    return;
  }
  try {
    const head = await readHead(opened.read, segment.name);
    if ("kind" in head) yield head;
    else yield* readSlots(opened.read, head);
  } finally {
    await opened.close();
  }
}

/** Whether there are captures, or were. */
export async function isUsed(card: Card): Promise<boolean> {
  if (card.newMebibytes !== undefined || (await stat(card.path).catch(() => undefined)) === undefined) return false;
  const source = await openCard(card);
  try {
    return (await source.segments()).length > 0;
  } finally {
    await source.close();
  }
}

const openCard = ({ kind, path }: Card): Promise<CardSource> =>
  kind === "image" ? openImageSource(path) : openFolderSource(path);
