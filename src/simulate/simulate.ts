/** Pictures -> frames -> host firmware -> card -> replay. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Capture } from "../captures/read-segment.js";
import type { RejectedPicture } from "../data/types.js";
import { remove } from "../files/write.js";
import { marginScale } from "../graph/bundle.js";
import type { Model } from "../pipeline/model.js";
import type { StageContext } from "../pipeline/reporter.js";
import { marginProbability } from "../quantize/decide.js";
import { stageFrames } from "./frames.js";
import { compareWithReference, type GoldenResult } from "./golden.js";
import { type Decision, runHost } from "./host.js";

export interface SimulateRequest {
  /** Folder of pictures. */
  readonly images: string;
  /** The host firmware. */
  readonly program: string;
  /** Absent for engine coin. */
  readonly model?: Model;
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
  /** Mean margin over the burst, int8 logit units. */
  readonly margin: number;
  /** Probability of the positive label; absent for engine coin. */
  readonly probability?: number;
  readonly logged: boolean;
}

export interface Simulation {
  readonly presses: readonly Press[];
  readonly rejected: readonly RejectedPicture[];
  readonly golden?: GoldenResult;
}

export async function simulate(request: SimulateRequest): Promise<Simulation> {
  const { images, program, model, whole, context } = request;
  const work = await mkdtemp(join(tmpdir(), "smilec-simulate-"));
  try {
    const staged = await stageFrames(images, work, context);
    const card = join(work, "card");
    await mkdir(card);
    const decisions = await runHost({
      program,
      list: staged.list,
      presses: staged.frames.length,
      card,
      whole,
      context,
    });
    const golden =
      request.golden && model !== undefined ? await replayCard(request, model, decisions, card) : undefined;
    const scale = model === undefined ? undefined : marginScale(model);
    const presses = decisions.map((decision, i) => describePress(staged.frames[i], decision, scale));
    return { presses, rejected: staged.rejected, ...(golden === undefined ? {} : { golden }) };
  } finally {
    await remove(work);
  }
}

function replayCard(
  request: SimulateRequest,
  model: Model,
  decisions: readonly Decision[],
  card: string,
): Promise<GoldenResult> {
  const { onCapture } = request;
  const pressOf = new Map(
    decisions.flatMap(({ sequences }, press) => sequences.map((sequence) => [sequence, press] as const)),
  );
  return compareWithReference({
    card,
    decisions,
    bundle: model,
    modelHash: model.sha256.slice(0, 16),
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
  const margin = decision.sum / Math.max(1, decision.margins.length);
  return {
    name: frame.name,
    ...(frame.label === undefined ? {} : { label: frame.label }),
    smile: decision.smile,
    margin,
    ...(scale === undefined ? {} : { probability: marginProbability(margin, scale) }),
    logged: decision.logged,
  };
}
