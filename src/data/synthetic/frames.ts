/** Drawn camera frames as files, for `simulate`: what the host firmware's camera reads. */
import { readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { asEnvironmentError, InterruptedError, UserError } from "../../errors.js";
import { makeFolder, remove, writeFile } from "../../files/write.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { encodePgm } from "../pgm.js";
import { drawnFrame } from "./people.js";

export interface FramesRequest {
  readonly count: number;
  readonly seed: number;
  /** Folder to make; an older one made by this function is replaced, any other is refused. */
  readonly dir: string;
  /** Default 320 x 240. */
  readonly width?: number;
  readonly height?: number;
  readonly context: StageContext;
}

export interface WrittenFrame {
  /** `00003-smile.pgm`. */
  readonly file: string;
  readonly label: "smile" | "neutral";
}

const HEADER = "file,label,group,smile,x,y,width,height";
const OWN_FILE = /^(\d{5,}-(smile|neutral)\.pgm|manifest\.csv)$/;

/** Writes `count` PGM frames and a manifest.csv (file, label, group, smile, box). Returns the frames in order. */
export async function writeFrames(request: FramesRequest): Promise<WrittenFrame[]> {
  const { dir } = request;
  const temporary = join(dirname(dir), `.drawing-${process.pid}-${basename(dir)}`);
  try {
    await checkReplaceable(dir);
    await remove(temporary);
    await makeFolder(temporary);
    const frames = await drawAll(request, temporary);
    await remove(dir);
    await rename(temporary, dir);
    return frames;
  } catch (error) {
    await remove(temporary).catch(() => undefined);
    throw asEnvironmentError(error, dir);
  }
}

/** A folder with anything else in it is the user's. */
async function checkReplaceable(dir: string): Promise<void> {
  const present = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error.code === "ENOTDIR"
      ? new UserError("not a folder", { where: dir, remedy: "Give another folder." })
      : error;
  });
  const foreign = present.find((name) => !OWN_FILE.test(name));
  if (foreign === undefined) return;
  throw new UserError(`the folder holds other files, such as ${foreign}`, {
    where: dir,
    remedy: "Give an empty folder.",
  });
}

async function drawAll({ count, seed, width, height, context }: FramesRequest, dir: string): Promise<WrittenFrame[]> {
  const frames: WrittenFrame[] = [];
  const rows = [HEADER];
  const progress = context.reporter.progress("draw", count, "frames");
  try {
    for (let index = 0; index < count; index++) {
      if (context.signal.aborted) throw new InterruptedError();
      const { label, person, smile, image, box } = drawnFrame(seed, index, width, height);
      const file = `${String(index).padStart(5, "0")}-${label}.pgm`;
      await writeFile(join(dir, file), encodePgm(image));
      frames.push({ file, label });
      rows.push([file, label, `person-${person}`, smile.toFixed(3), box.x, box.y, box.width, box.height].join(","));
      progress.update(index + 1);
    }
  } finally {
    progress.end();
  }
  await writeFile(join(dir, "manifest.csv"), `${rows.join("\n")}\n`);
  return frames;
}
