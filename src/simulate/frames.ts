/** A folder of pictures made into what the host firmware's camera takes: numbered PGM frames, so that no file name ever reaches C. */
import { stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { decodeFull, PictureError, readPictureFile } from "../data/decode.js";
import { PICTURE_NAME } from "../data/layout.js";
import { manifestEntries } from "../data/manifest.js";
import { mapOrdered } from "../data/ordered.js";
import { findFiles, labelText, showPath } from "../data/paths.js";
import { encodePgm } from "../data/pgm.js";
import { reduceArea } from "../data/reduce.js";
import type { GrayImage, RejectedPicture } from "../data/types.js";
import { InterruptedError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { FRAME } from "../template/context.js";

const CONCURRENCY = 2;

/** One picture the bot will be shown. */
export interface Frame {
  /** Shown name: relative to the folder, escaped. */
  readonly name: string;
  /** From the manifest or the picture's folder. */
  readonly label?: string;
  /** The PGM file made of it. */
  readonly file: string;
}

export interface StagedFrames {
  readonly frames: readonly Frame[];
  readonly rejected: readonly RejectedPicture[];
  /** Text file with one PGM path per line, in order. */
  readonly list: string;
}

interface Candidate {
  readonly path: Buffer;
  readonly name: string;
  readonly label?: string;
}

/** Decodes the folder's pictures, in order of their names, into `work`. Throws UserError when there is none. */
export async function stageFrames(images: string, work: string, context: StageContext): Promise<StagedFrames> {
  const { candidates, rejected } = await findPictures(images);
  const frames: Frame[] = [];
  const progress = context.reporter.progress("frames", candidates.length, "pictures");
  let done = 0;
  try {
    for await (const { result: outcome } of mapOrdered(candidates, CONCURRENCY, decodeFrame)) {
      if (context.signal.aborted) throw new InterruptedError();
      progress.update(++done);
      if (outcome.picture === undefined) {
        rejected.push(outcome.rejected);
        continue;
      }
      const file = join(work, `${String(frames.length + 1).padStart(6, "0")}.pgm`);
      // Scratch files: no need to be durable.
      await writeFile(file, encodePgm(outcome.picture));
      const { name, label } = outcome.candidate;
      frames.push({ name, file, ...(label === undefined ? {} : { label }) });
    }
  } finally {
    progress.end();
  }
  if (frames.length === 0) throw noPictures(images, rejected);
  const list = join(work, "frames.txt");
  await writeFile(list, `${frames.map(({ file }) => file).join("\n")}\n`);
  return { frames, rejected, list };
}

async function findPictures(images: string): Promise<{ candidates: Candidate[]; rejected: RejectedPicture[] }> {
  const info = await stat(images).catch(() => undefined);
  if (info?.isDirectory() !== true) {
    throw new UserError("there is no such folder of pictures", {
      where: images,
      remedy: "Name a folder with --images.",
    });
  }
  const manifest = join(images, "manifest.csv");
  if ((await stat(manifest).catch(() => undefined))?.isFile() === true) {
    const { entries, rejected } = await manifestEntries(manifest);
    const candidates = entries.map(({ path, original, label }) => ({ path, name: original, label }));
    return { candidates, rejected: [...rejected] };
  }
  const found = await findFiles(Buffer.from(resolve(images)));
  const candidates = found.files
    .filter(({ parts }) => PICTURE_NAME.test(parts.at(-1)!.toString("latin1")))
    .map(({ path, parts }) => ({
      path,
      name: parts.map(showPath).join("/"),
      ...(parts.length > 1 ? { label: labelText(parts[0]) } : {}),
    }));
  return { candidates, rejected: found.rejected };
}

type Outcome =
  | { readonly candidate: Candidate; readonly picture: GrayImage }
  | { readonly candidate: Candidate; readonly picture?: undefined; readonly rejected: RejectedPicture };

async function decodeFrame(candidate: Candidate): Promise<Outcome> {
  try {
    return { candidate, picture: fitFrame(await decodeFull(await readPictureFile(candidate.path))) };
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    return { candidate, rejected: { original: candidate.name, reason: error.reason, message: error.message } };
  }
}

/** Reduces by exact area averages until it fits the camera's frame (a smaller picture stays as it is); the aspect ratio is kept to the nearest pixel. */
export function fitFrame(picture: GrayImage): GrayImage {
  const factor = Math.min(FRAME.width / picture.width, FRAME.height / picture.height);
  if (factor >= 1) return picture;
  const side = (extent: number) => Math.max(1, Math.floor(extent * factor));
  return reduceArea(picture, side(picture.width), side(picture.height));
}

function noPictures(images: string, rejected: readonly RejectedPicture[]): UserError {
  const detail = rejected.slice(0, 20).map(({ original, message }) => `${original}: ${message}`);
  return new UserError("the folder has no picture that can be used", {
    where: images,
    detail: detail.join("\n"),
    remedy: "Put JPEG, PNG, WebP or PGM pictures into it.",
  });
}

/** Names, sizes and modification times of a folder's pictures: changes whenever a picture is added, removed or rewritten. */
export async function folderFingerprint(images: string): Promise<string> {
  const { candidates } = await findPictures(images);
  const lines = [];
  for (const { path, name, label } of candidates) {
    const info = await stat(path);
    lines.push(JSON.stringify([name, label, info.size, info.mtimeMs]));
  }
  return lines.join("\n");
}
