/** The face detector of a project with `locator.kind` classic or neural: its own, or the one that comes with smilec; and, by hash, those that bots run. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EmitCOptions } from "../emit/c/model.js";
import { UserError } from "../errors.js";
import { packageRoot } from "../files/package-root.js";
import { aotInstructions } from "../inspect/speed.js";
import { kernelWorks } from "../inspect/work-rows.js";
import { emitClassicDetector, workBytes } from "../locate/classic/emit.js";
import { ClassicLocator } from "../locate/classic/locate.js";
import { emitDetector } from "../locate/neural/emit.js";
import { NeuralLocator } from "../locate/neural/locate.js";
import { decodeNeuralModel } from "../locate/neural/model.js";
import type { Detector, LocatorKind } from "../locate/types.js";
import { type DeployedDetector, FRAME } from "../template/context.js";
import type { Project } from "./project.js";

export type DetectorKind = Exclude<LocatorKind, "center">;

export interface FaceDetector extends DeployedDetector {
  readonly kind: DetectorKind;
  readonly bytes: Uint8Array;
  /** Makes one that is its user's alone: it keeps buffers between frames. */
  open(): Detector;
  /** What src/generated/ gets for it, and its static working memory, bytes. Defines `smilec_detector`. */
  emit(options: Pick<EmitCOptions, "provenance" | "target" | "cores">): EmittedDetectorFiles;
}

export interface EmittedDetectorFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly ramBytes: number;
  /** Of looking at one frame of the largest size, on one core: counted or estimated as src/inspect does. */
  readonly instructions: number;
}

/** Of a 320x240 frame with faces and clutter, the most that was counted (docs/locate.md). */
const CLASSIC_INSTRUCTIONS = 16_800_000;
/** Reducing a 320x240 frame to the canvas and reading the map (docs/locate.md). */
const CANVAS_INSTRUCTIONS = 1_400_000;

/** Name of a detector's file in `models/face-<kind>/` and in `deployed/`. */
export const DETECTOR_FILES: Readonly<Record<DetectorKind, string>> = {
  classic: "cascade.json",
  neural: "model.tflite",
};

/** Undefined with `center`. UserError when the file cannot be used. */
export async function obtainDetector({
  dir,
  config,
}: Pick<Project, "dir" | "config">): Promise<FaceDetector | undefined> {
  const { kind } = config.locator;
  if (kind === "center") return undefined;
  const found = await presentDetector(dir, kind);
  if (found !== undefined) return found;
  throw new UserError(`there is no ${kind} face detector`, {
    where: detectorPath(dir, kind),
    remedy: 'Set locator.kind to "center", or install smilec again: its own detectors are missing.',
  });
}

/** The project's own, else the one that comes with smilec. */
export async function presentDetector(dir: string | undefined, kind: DetectorKind): Promise<FaceDetector | undefined> {
  const own = dir === undefined ? undefined : await detectorFile(kind, detectorPath(dir, kind));
  return own ?? detectorFile(kind, detectorPath(packageRoot, kind));
}

/** Undefined when there is no such file. UserError when it is no detector. */
export async function detectorFile(kind: DetectorKind, file: string): Promise<FaceDetector | undefined> {
  const bytes = await bytesOf(file);
  return bytes === undefined ? undefined : readDetector(kind, bytes, file);
}

export function detectorPath(root: string, kind: DetectorKind): string {
  return join(root, "models", `face-${kind}`, DETECTOR_FILES[kind]);
}

/** Undefined when there is no such file. */
async function bytesOf(file: string): Promise<Uint8Array | undefined> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new UserError(`the face detector cannot be read: ${error.message}`, { where: file });
  });
}

/** UserError for bytes that are no detector of that kind. */
export function readDetector(kind: DetectorKind, bytes: Uint8Array, where: string): FaceDetector {
  return kind === "classic" ? classicDetector(bytes, where) : neuralDetector(bytes, where);
}

function classicDetector(bytes: Uint8Array, where: string): FaceDetector {
  const text = new TextDecoder().decode(bytes);
  const { cascade, threshold, hash } = new ClassicLocator(text, where);
  return {
    kind: "classic",
    bytes,
    hash,
    threshold,
    open: () => new ClassicLocator(text, where),
    emit: ({ provenance }) => ({
      files: emitClassicDetector(cascade, { provenance, frame: FRAME }),
      ramBytes: workBytes(cascade, FRAME),
      instructions: CLASSIC_INSTRUCTIONS,
    }),
  };
}

function neuralDetector(bytes: Uint8Array, where: string): FaceDetector {
  const model = decodeNeuralModel(bytes, where);
  return {
    kind: "neural",
    bytes,
    hash: model.hash,
    threshold: model.description.threshold,
    open: () => new NeuralLocator(model),
    emit: (options) => {
      const emitted = emitDetector(model, options);
      const works = emitted.network.calls.flatMap((call) => kernelWorks(model.graph, call));
      return { ...emitted, instructions: CANVAS_INSTRUCTIONS + aotInstructions(model.graph, works).total };
    },
  };
}
