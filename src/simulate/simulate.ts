/** Pictures or a stream -> frames -> host firmware -> card -> replay. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Capture } from "../captures/read-segment.js";
import type { RejectedPicture } from "../data/types.js";
import { remove } from "../files/write.js";
import { marginScale } from "../graph/bundle.js";
import type { Detector } from "../locate/types.js";
import type { Model } from "../pipeline/model.js";
import type { StageContext } from "../pipeline/reporter.js";
import { marginProbability } from "../quantize/decide.js";
import { type Card, prepareCard } from "./card.js";
import { type Frame, stageFrames } from "./frames.js";
import { compareWithReference, type GoldenResult } from "./golden.js";
import { type Camera, type Decision, type HostRun, runHost, runHostOnKeyboard } from "./host.js";

/** A folder of pictures, or raw frames (8-bit grey, 25 a second) from a file or, "-", standard input. */
export type Scene =
  | { readonly images: string }
  | { readonly raw: string; readonly width: number; readonly height: number };

export interface SimulateRequest {
  readonly scene: Scene;
  /** Script of the button; without one there is a press per picture. */
  readonly button?: string;
  /** What stands for the card and is kept; without it a new folder that is not. */
  readonly card?: Card;
  /** The host firmware; for an image as card it was built with `cardImages`. */
  readonly program: string;
  /** Absent for engine coin. */
  readonly model?: Model;
  /** The firmware's; absent with locator `center`. */
  readonly detector?: Detector;
  readonly whole: boolean;
  /** Replay every capture by the reference. */
  readonly golden: boolean;
  readonly context: StageContext;
  readonly onCapture?: (press: number, capture: Capture) => void;
}

/** What the bot said to one picture. */
export interface Press {
  readonly name: string;
  readonly label?: string;
  readonly smile: boolean;
  /** No face was found in any frame. */
  readonly nobody: boolean;
  /** Mean margin over the burst, int8 logit units. */
  readonly margin: number;
  /** Probability of the positive label; absent for engine coin. */
  readonly probability?: number;
  readonly logged: boolean;
}

export interface Simulation {
  readonly presses: readonly Press[];
  readonly rejected: readonly RejectedPicture[];
  /** Captures that long presses took back. */
  readonly withdrawn: number;
  /** Presses without a decision. */
  readonly failed: number;
  readonly golden?: GoldenResult;
}

export async function simulate(request: SimulateRequest): Promise<Simulation> {
  const { button, program, model, whole, context } = request;
  return inScratch(request, async (staged, card) => {
    const presses = staged.frames !== undefined && button === undefined ? { presses: staged.frames.length } : {};
    const script = button === undefined ? {} : { button };
    const run = await runHost({
      program,
      camera: staged.camera,
      card: card.path,
      whole,
      context,
      ...presses,
      ...script,
    });
    const golden = request.golden && model !== undefined ? await replayCard(request, model, run, card) : undefined;
    const scale = model === undefined ? undefined : marginScale(model);
    const byFile = new Map(staged.frames?.map((frame) => [frame.file, frame]));
    return {
      presses: run.decisions.map((decision) =>
        describePress(byFile.get(decision.frame) ?? { name: decision.frame }, decision, scale),
      ),
      rejected: staged.rejected,
      withdrawn: run.withdrawn,
      failed: run.failed,
      ...(golden === undefined ? {} : { golden }),
    };
  });
}

/** The person at the terminal is the one who presses. */
export async function simulateOnKeyboard(
  request: Pick<SimulateRequest, "scene" | "card" | "program" | "whole" | "context">,
): Promise<void> {
  await inScratch(request, ({ camera }, { path }) => runHostOnKeyboard({ ...request, camera, card: path }));
}

interface StagedScene {
  readonly camera: Camera;
  /** Of pictures. */
  readonly frames?: readonly Frame[];
  readonly rejected: readonly RejectedPicture[];
}

/** Makes camera and card ready in a folder that is gone afterwards. */
async function inScratch<T>(
  { scene, card, program, context }: Pick<SimulateRequest, "scene" | "card" | "program" | "context">,
  use: (staged: StagedScene, card: Card) => Promise<T>,
): Promise<T> {
  const work = await mkdtemp(join(tmpdir(), "smilec-simulate-"));
  try {
    const staged = await stage(scene, work, context);
    const used = card ?? { kind: "folder", path: join(work, "card") };
    await prepareCard(used, program, context);
    return await use(staged, used);
  } finally {
    await remove(work);
  }
}

async function stage(scene: Scene, work: string, context: StageContext): Promise<StagedScene> {
  if ("raw" in scene) return { camera: scene, rejected: [] };
  const { list, frames, rejected } = await stageFrames(scene.images, work, context);
  return { camera: { list }, frames, rejected };
}

function replayCard(
  request: SimulateRequest,
  model: Model,
  { decisions, withdrawn }: HostRun,
  card: Card,
): Promise<GoldenResult> {
  const { onCapture } = request;
  const pressOf = new Map(
    decisions.flatMap(({ sequences }, press) => sequences.map((sequence) => [sequence, press] as const)),
  );
  return compareWithReference({
    card,
    decisions,
    withdrawn,
    bundle: model,
    modelHash: model.sha256.slice(0, 16),
    ...(request.detector === undefined ? {} : { detector: request.detector }),
    ...(onCapture === undefined
      ? {}
      : { onCapture: (capture) => onCapture(pressOf.get(capture.header.sequence) ?? -1, capture) }),
  });
}

function describePress(
  frame: { readonly name: string; readonly label?: string },
  decision: Decision,
  scale: number | undefined,
): Press {
  const margin = decision.sum / Math.max(1, decision.faces);
  return {
    name: frame.name,
    ...(frame.label === undefined ? {} : { label: frame.label }),
    smile: decision.smile,
    nobody: decision.faces === 0,
    margin,
    ...(scale === undefined ? {} : { probability: marginProbability(margin, scale) }),
    logged: decision.logged,
  };
}
