/** Stage "simulate" of the loop: the bot looks at a folder of pictures; the gallery's pictures are kept for the report. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Capture } from "../captures/read-segment.js";
import type { Box } from "../data/types.js";
import { writeFile } from "../files/write.js";
import { type Press, type Simulation, simulate } from "../simulate/simulate.js";
import type { Firmware } from "./firmware.js";
import type { Model } from "./model.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact } from "./store.js";

/** Presses whose pictures are kept for the report. */
const GALLERY = 60;

export interface GalleryPress extends Press {
  readonly width: number;
  readonly height: number;
  readonly box: Box;
  /** Offset of the frame's pixels in gallery.u8. */
  readonly offset: number;
}

export interface SimulationMeta extends Simulation {
  /** The folder's pictures, as the user knows it. */
  readonly images: string;
  readonly gallery: readonly GalleryPress[];
}

export type Simulated = Artifact<SimulationMeta> & { readonly cached: boolean };

export interface SimulationRequest {
  readonly project: Project;
  readonly firmware: Firmware;
  readonly model: Model;
  readonly images: string;
  /** Identifies the folder's contents. */
  readonly imagesKey: string;
  readonly whole: boolean;
  /** The project's names of the pictures' labels, where they differ. */
  readonly labelNames?: Readonly<Record<string, string>>;
  readonly context: StageContext;
}

export const GALLERY_FILE = "gallery.u8";

/** Runs the host firmware over the pictures and replays every capture; differences are part of the result. */
export async function obtainSimulation(request: SimulationRequest): Promise<Simulated> {
  const { project, firmware, model, images, imagesKey, whole, labelNames = {}, context } = request;
  const program = firmware.build.programPath;
  return project.store.obtain({
    stage: "simulate",
    revision: 3,
    options: { whole, labelNames },
    inputs: [
      imagesKey,
      model.sha256,
      createHash("sha256")
        .update(await readFile(program))
        .digest("hex"),
    ],
    produce: async (dir) => {
      context.reporter.stage("simulate", `the bot looks at ${images}`);
      const first = new Map<number, Capture>();
      const keep = (press: number, capture: Capture) => {
        if (press >= 0 && press < GALLERY && !first.has(press)) first.set(press, capture);
      };
      const result = await simulate({
        scene: { images },
        program,
        model,
        ...(firmware.detector === undefined ? {} : { detector: firmware.detector.open() }),
        whole,
        golden: true,
        context,
        onCapture: keep,
      });
      const presses = result.presses.map((press) => rename(press, labelNames));
      return { ...result, presses, images, gallery: await writeGallery(dir, presses, first) };
    },
  });
}

function rename(press: Press, labelNames: Readonly<Record<string, string>>): Press {
  const label = press.label === undefined ? undefined : labelNames[press.label];
  return label === undefined ? press : { ...press, label };
}

async function writeGallery(
  dir: string,
  presses: readonly Press[],
  captures: ReadonlyMap<number, Capture>,
): Promise<GalleryPress[]> {
  const frames: Uint8Array[] = [];
  let offset = 0;
  const gallery = presses.flatMap((press, index): GalleryPress[] => {
    const capture = captures.get(index);
    if (capture === undefined) return [];
    const { width, height, pixels } = capture.frame;
    const at = offset;
    frames.push(pixels);
    offset += pixels.length;
    return [{ ...press, width, height, box: capture.metadata.box, offset: at }];
  });
  await writeFile(join(dir, GALLERY_FILE), Buffer.concat(frames));
  return gallery;
}
