/** The production-like test's pictures as files, to look at, to keep, or to give to others: degraded pictures, a manifest and a contact sheet. */
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { crop } from "../data/reduce.js";
import type { GrayImage, RejectedPicture } from "../data/types.js";
import { InterruptedError, UserError } from "../errors.js";
import { inNewFolder } from "../files/new-folder.js";
import type { StageContext } from "../pipeline/reporter.js";
import { degrade } from "./degrade/degrade.js";
import { DEGRADATION_VERSION, type Level } from "./degrade/levels.js";
import { Subject } from "./degrade/subject.js";
import type { LabelledSet } from "./pictures.js";

export interface DegradeRequest {
  readonly set: LabelledSet;
  readonly level: Level;
  /** New or empty. */
  readonly out: string;
  readonly context: StageContext;
}

export interface DegradedFolder {
  readonly dir: string;
  readonly level: Level;
  readonly version: number;
  readonly count: number;
  readonly rejected: readonly RejectedPicture[];
}

/** Pictures on the contact sheet, and the side of their cells in pixels. */
const SHOWN = 24;
const CELL = 96;

/**
 * Writes `pictures/000001.png` ..., `manifest.jsonl` (file, label, group) and `contact-sheet.png`, all or nothing. Throws UserError when the folder
 * holds something, or no picture can be used.
 */
export async function degradeFolder(request: DegradeRequest): Promise<DegradedFolder> {
  const { level } = request;
  const { dir, made } = await inNewFolder(request.out, async (temporary) => {
    await mkdir(join(temporary, "pictures"));
    return writeAll(request, temporary);
  });
  return { dir, level, version: DEGRADATION_VERSION, ...made };
}

async function writeAll({ set, level, context }: DegradeRequest, dir: string) {
  const { default: sharp } = await import("sharp");
  const manifest = await open(join(dir, "manifest.jsonl"), "w");
  const progress = context.reporter.progress("degrade", set.count, "pictures");
  const rejected: RejectedPicture[] = [...set.rejected];
  const pairs: [before: GrayImage, after: GrayImage][] = [];
  const step = Math.max(1, Math.floor(set.count / SHOWN));
  let [seen, count] = [0, 0];
  try {
    for await (const picture of set.read()) {
      if (context.signal.aborted) throw new InterruptedError();
      progress.update(++seen);
      if ("reason" in picture) {
        rejected.push(picture);
        continue;
      }
      const { image, face, label, group, name } = picture;
      const [after] = degrade(new Subject(image, face), level);
      const file = `pictures/${String(++count).padStart(6, "0")}.png`;
      const raw = { width: after.width, height: after.height, channels: 1 } as const;
      await sharp(after.pixels, { raw }).toColourspace("b-w").png().toFile(join(dir, file));
      await manifest.write(`${JSON.stringify({ file, label, group, original: name })}\n`);
      if ((count - 1) % step === 0 && pairs.length < SHOWN) pairs.push([crop(image, face), after]);
    }
    if (count === 0) throw nothingUsable(set, rejected);
    await writeSheet(pairs, join(dir, "contact-sheet.png"));
    await manifest.sync();
    return { count, rejected };
  } finally {
    progress.end();
    await manifest.close();
  }
}

function nothingUsable(set: LabelledSet, rejected: readonly RejectedPicture[]): UserError {
  const reasons = rejected.slice(0, 8).map(({ original, message }) => `${original}: ${message}`);
  return new UserError("none of the pictures can be used", {
    where: set.name,
    detail: reasons.join("\n"),
    remedy: "Look at the reasons above.",
  });
}

/** Each picture above what became of it, eight to a row. */
async function writeSheet(pairs: readonly (readonly [GrayImage, GrayImage])[], file: string): Promise<void> {
  const { default: sharp } = await import("sharp");
  const columns = 8;
  const cells = await Promise.all(
    pairs.flatMap((pair, index) =>
      pair.map(async ({ width, height, pixels }, below) => ({
        input: await sharp(pixels, { raw: { width, height, channels: 1 } })
          .resize(CELL, CELL, { fit: "fill", kernel: "nearest" })
          .png()
          .toBuffer(),
        left: (index % columns) * (CELL + 2),
        top: Math.floor(index / columns) * (2 * CELL + 12) + below * (CELL + 2),
      })),
    ),
  );
  const width = Math.min(columns, pairs.length) * (CELL + 2);
  const height = Math.ceil(pairs.length / columns) * (2 * CELL + 12);
  await sharp({ create: { width, height, channels: 3, background: { r: 32, g: 32, b: 48 } } })
    .composite(cells)
    .png()
    .toFile(file);
}
