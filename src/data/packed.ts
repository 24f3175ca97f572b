/**
 * Splits as packed files: `<split>.u8` holds the square pictures one after the other, `<split>.labels` a label index per picture,
 * `<split>.json` what they are. Reading is random access by pread: memory stays bounded by what is asked for.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { InterruptedError, UserError } from "../errors.js";
import { writeFile, writeJson } from "../files/write.js";
import type { StageContext } from "../pipeline/reporter.js";
import type { ArtifactStore } from "../pipeline/store.js";
import { resizeArea } from "../preprocess/resize.js";
import { type Catalogue, PictureReader } from "./catalogue.js";
import { faceSquare } from "./framing.js";
import { checkSplits, countSplits, splitNames } from "./split.js";
import type { PictureRecord, PictureSource, Split } from "./types.js";

/** `<split>.json`. */
export interface PackedInfo {
  readonly count: number;
  /** Side of the square pictures in pixels. */
  readonly size: number;
  /** Label names; labels in `<split>.labels` are indices into them. */
  readonly labels: readonly string[];
}

export interface PackRequest {
  readonly catalogue: Catalogue;
  /** Side of the square pictures in pixels. */
  readonly size: number;
  /** The network's outputs in order; at most 256. */
  readonly labels: readonly string[];
  readonly context: StageContext;
}

const FLUSH_AT = 1 << 20;
/** Raise when the packed bytes of equal records change. */
const REVISION = 1;

/** Packs every split of a catalogue into the store, once. Throws UserError unless every split holds every label. */
export async function obtainPacked(store: ArtifactStore, request: PackRequest) {
  const { catalogue, size, labels, context } = request;
  return await store.obtain<Record<Split, number>>({
    stage: "pack",
    revision: REVISION,
    options: { size, labels },
    inputs: [catalogue.hash],
    produce: async (dir) => {
      const usable = catalogue.records.filter(({ label }) => labels.includes(label));
      checkSplits(countSplits(usable), labels, catalogue.imports.map(({ summary }) => summary.name).join(", "));
      const progress = context.reporter.progress("crop", usable.length, "pictures");
      try {
        const counts: Partial<Record<Split, number>> = {};
        let before = 0;
        for (const split of splitNames) {
          const records = usable.filter((record) => record.split === split);
          await packSplit(records, dir, split, request, (done) => progress.update(before + done));
          counts[split] = records.length;
          before += records.length;
        }
        return counts as Record<Split, number>;
      } finally {
        progress.end();
      }
    },
  });
}

/** Writes the pictures as `<dir>/<split>.*`: each cropped to its face square and resized as the device does (docs/preprocessing.md). */
export async function packSplit(
  records: readonly PictureRecord[],
  dir: string,
  split: Split,
  { catalogue, size, labels, context }: PackRequest,
  onProgress: (done: number) => void = () => undefined,
): Promise<void> {
  const reader = new PictureReader(catalogue.imports);
  const file = await open(join(dir, `${split}.u8`), "w");
  try {
    const perBatch = Math.max(1, Math.floor(FLUSH_AT / (size * size)));
    for (let first = 0; first < records.length; first += perBatch) {
      if (context.signal.aborted) throw new InterruptedError();
      const batch = records.slice(first, first + perBatch);
      await writeAll(file, cropBatch(batch, reader, size));
      onProgress(first + batch.length);
    }
    await file.sync();
  } finally {
    reader.close();
    await file.close();
  }
  const indices = Uint8Array.from(records, ({ label }) => labels.indexOf(label));
  await writeFile(join(dir, `${split}.labels`), indices);
  await writeJson(join(dir, `${split}.json`), { count: records.length, size, labels } satisfies PackedInfo);
}

function cropBatch(records: readonly PictureRecord[], reader: PictureReader, size: number): Uint8Array {
  const pixels = new Uint8Array(records.length * size * size);
  records.forEach((record, i) => {
    const out = pixels.subarray(i * size * size, (i + 1) * size * size);
    resizeArea(reader.read(record), faceSquare(record, record.box), size, out);
  });
  return pixels;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}

/** Opens a packed split. Throws UserError when it is not there or damaged. */
export function openPacked(dir: string, split: Split): PictureSource & { readonly labelNames: readonly string[] } {
  const path = join(dir, `${split}.u8`);
  let file: number | undefined;
  try {
    const info = JSON.parse(readFileSync(join(dir, `${split}.json`), "utf8")) as PackedInfo;
    const labels = new Uint8Array(readFileSync(join(dir, `${split}.labels`)));
    file = openSync(path, "r");
    const expected = info.count * info.size * info.size;
    if (fstatSync(file).size !== expected || labels.length !== info.count) throw new Error("its length is wrong");
    return new PackedPictures(file, info, labels);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    const remedy = "Remove the folder and run the command again; it is made anew from the imports.";
    throw new UserError(`packed pictures cannot be read: ${(error as Error).message}`, { where: path, remedy });
  }
}

class PackedPictures implements PictureSource {
  constructor(
    private readonly file: number,
    private readonly info: PackedInfo,
    readonly labels: Uint8Array,
  ) {}

  get count(): number {
    return this.info.count;
  }

  get size(): number {
    return this.info.size;
  }

  get labelNames(): readonly string[] {
    return this.info.labels;
  }

  read(indices: ArrayLike<number>, out: Uint8Array): void {
    const bytes = this.size * this.size;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i];
      if (!(index >= 0 && index < this.count)) throw new RangeError(`picture ${index} of ${this.count}`);
      const got = readSync(this.file, out, i * bytes, bytes, index * bytes);
      if (got !== bytes) throw new RangeError(`picture ${index} is cut off`);
    }
  }

  close(): void {
    closeSync(this.file);
  }
}
