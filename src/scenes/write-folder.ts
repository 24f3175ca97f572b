/**
 * Composed scenes as files: `scenes/000001.png` ..., `manifest.csv` with a row for every face (`data import` reads it), `scenes.jsonl` with all
 * that is known of every scene, and `contact-sheet.png` with the boxes drawn. Described in docs/locate.md.
 */
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { InterruptedError } from "../errors.js";
import { inNewFolder } from "../files/new-folder.js";
import type { StageContext } from "../pipeline/reporter.js";
import { sceneAt } from "./compose.js";
import { ContactSheet } from "./contact-sheet.js";
import type { FixtureKind, Scene, SceneFace, SceneOptions } from "./types.js";

export interface SceneFolderRequest {
  readonly count: number;
  readonly seed: number;
  readonly options: SceneOptions;
  /** New or empty. */
  readonly out: string;
  readonly context: StageContext;
}

export interface SceneFolder {
  readonly dir: string;
  readonly count: number;
  readonly faces: number;
  readonly doubtful: number;
  /** Scenes without any face. */
  readonly nobody: number;
  readonly fixtures: Readonly<Partial<Record<FixtureKind, number>>>;
}

const MANIFEST_HEADER = "file,label,group,split,x,y,width,height,visible,person";

/** Writes the folder, all or nothing. Throws UserError when it holds something. */
export async function writeScenes(request: SceneFolderRequest): Promise<SceneFolder> {
  const { dir, made } = await inNewFolder(request.out, (temporary) => writeAll(request, temporary));
  return { dir, ...made };
}

async function writeAll({ count, seed, options, context }: SceneFolderRequest, dir: string) {
  const { default: sharp } = await import("sharp");
  await mkdir(join(dir, "scenes"));
  const manifest = await open(join(dir, "manifest.csv"), "w");
  const lines = await open(join(dir, "scenes.jsonl"), "w");
  const sheet = new ContactSheet(options.width, options.height, count);
  const totals = new Totals();
  const progress = context.reporter.progress("compose", count, "scenes");
  try {
    await manifest.write(`${MANIFEST_HEADER}\n`);
    for (let index = 0; index < count; index++) {
      if (context.signal.aborted) throw new InterruptedError();
      const scene = sceneAt(seed, index, options);
      const file = `scenes/${String(index + 1).padStart(6, "0")}.png`;
      const { width, height, pixels } = scene.frame;
      await sharp(pixels, { raw: { width, height, channels: 1 } })
        .toColourspace("b-w")
        .png()
        .toFile(join(dir, file));
      for (const face of scene.faces) await manifest.write(`${manifestRow(file, face, options.people.split)}\n`);
      await lines.write(`${JSON.stringify(sceneLine(file, index, scene))}\n`);
      await sheet.add(index, scene);
      totals.add(scene);
      progress.update(index + 1);
    }
    await sheet.write(join(dir, "contact-sheet.png"));
    await manifest.sync();
    await lines.sync();
    return { count, ...totals.counts() };
  } finally {
    progress.end();
    await manifest.close();
    await lines.close();
  }
}

/** RFC 4180. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function manifestRow(file: string, { box, label, group, id, visible }: SceneFace, split: string): string {
  const { x, y, width, height } = box;
  return [file, quoted(label), quoted(group), split, x, y, width, height, visible.toFixed(2), quoted(id)].join(",");
}

function sceneLine(file: string, index: number, { frame, faces, doubtful, fixtures, tags }: Scene) {
  return { file, index, width: frame.width, height: frame.height, faces, doubtful, fixtures, tags };
}

class Totals {
  private faces = 0;
  private doubtful = 0;
  private nobody = 0;
  private readonly fixtures: Partial<Record<FixtureKind, number>> = {};

  add({ faces, doubtful, fixtures }: Scene): void {
    this.faces += faces.length;
    this.doubtful += doubtful.length;
    this.nobody += faces.length + doubtful.length === 0 ? 1 : 0;
    for (const { kind } of fixtures) this.fixtures[kind] = (this.fixtures[kind] ?? 0) + 1;
  }

  counts(): Omit<SceneFolder, "dir" | "count"> {
    const { faces, doubtful, nobody, fixtures } = this;
    return { faces, doubtful, nobody, fixtures };
  }
}
