/** Judged captures as scenes for the detector: real frames, with the faces that a person marked or that judged boxes hold. */
import { createHash } from "node:crypto";
import type { Catalogue } from "../../captures/catalogue/catalogue.js";
import { pressKey } from "../../captures/catalogue/press-key.js";
import { type CatalogueCapture, NO_FACE } from "../../captures/catalogue/types.js";
import { hex32 } from "../../captures/format.js";
import { faceFound } from "../../captures/metadata.js";
import { readStoredCapture } from "../../captures/stored.js";
import type { Config } from "../../config/schema.js";
import type { Box, GrayImage } from "../../data/types.js";
import { InterruptedError } from "../../errors.js";
import { agreedJudgement } from "../../label/agreement.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { resizeAreaTo } from "../../preprocess/resize.js";
import { heldOutSplit, pressGroups } from "../../retrain/captured.js";
import type { PooledScene, ScenePool } from "./scene-pool.js";

/** What a capture's judgement says of faces. */
export type Shows =
  /** A person drew the face's box. */
  | "corrected"
  /** A detector's box that a person judged: a face is in it. */
  | "confirmed"
  /** A person said that nobody is there. */
  | "nobody";

export interface CapturedScene extends KnownFace {
  readonly press: string;
  /** A bot's day, or what it captured between two starts. */
  readonly group: string;
}

interface KnownFace {
  readonly capture: number;
  readonly shows: Shows;
  /** Square in pixels of the frame; absent when nobody is there. */
  readonly face?: Box;
}

export interface CapturedScenes {
  /** To train on. */
  readonly scenes: readonly CapturedScene[];
  /** Never trained on, to compare detectors on: those that models are judged by too (src/retrain). */
  readonly heldOut: readonly CapturedScene[];
  /** Identifies the captures to train on and what is said of them. */
  readonly key: string;
}

/** Captures that say something of faces. A fixed square is no evidence: with locator `center` only corrected boxes and "no face" count. */
export function capturedScenes(catalogue: Catalogue, config: Pick<Config, "labels" | "retrain">): CapturedScenes {
  const found: { known: KnownFace; press: string; crc: string }[] = [];
  for (const capture of catalogue.captures()) {
    const known = knownFace(capture, config.labels);
    if (known === undefined) continue;
    found.push({ known, press: pressKey(capture), crc: hex32(capture.payloadCrc) });
  }
  const groups = pressGroups(catalogue);
  const scenes = found.map(({ known, press }) => ({ ...known, press, group: groups.get(press)! }));
  const isHeldOut = scenes.map(({ group }) => heldOutSplit(group, config) === "test");
  const facts = found.filter((_, i) => !isHeldOut[i]).map(({ known, crc }) => [known, crc]);
  return {
    scenes: scenes.filter((_, i) => !isHeldOut[i]),
    heldOut: scenes.filter((_, i) => isHeldOut[i]),
    key: createHash("sha256").update(JSON.stringify(facts)).digest("hex"),
  };
}

function knownFace(capture: CatalogueCapture, labels: readonly string[]): KnownFace | undefined {
  if (capture.state !== "kept" || capture.consent === "refused") return undefined;
  const agreed = agreedJudgement(capture);
  if (agreed.kind !== "agreed") return undefined;
  if (agreed.label === NO_FACE) return { capture: capture.id, shows: "nobody" };
  if (!labels.includes(agreed.label)) return undefined;
  if (agreed.box !== undefined) return { capture: capture.id, shows: "corrected", face: agreed.box };
  const { metadata } = capture;
  const isDetected = metadata.locator.kind !== "center" && faceFound(metadata);
  return isDetected ? { capture: capture.id, shows: "confirmed", face: metadata.box } : undefined;
}

/** The frames as they were captured, one at a time; damaged ones are left out with a warning. */
export async function* capturedFrames(
  catalogue: Catalogue,
  scenes: readonly CapturedScene[],
  { reporter, signal }: StageContext,
): AsyncGenerator<{ readonly scene: CapturedScene; readonly frame: GrayImage }> {
  for (const scene of scenes) {
    if (signal.aborted) throw new InterruptedError();
    const row = catalogue.capture(scene.capture)!;
    const read = await readStoredCapture(catalogue.dir, row);
    if (typeof read === "string") reporter.warn(`${row.path} is left out: ${read}`);
    else yield { scene, frame: read.frame };
  }
}

export interface AddedCaptures {
  readonly added: number;
  /** Of another shape than the pool's frames. */
  readonly otherShape: number;
  readonly damaged: number;
}

/** Adds each capture to the pool `times` times, reduced to its size. Captures of another aspect ratio are left out, damaged ones with a warning. */
export async function addCaptures(
  pool: ScenePool,
  catalogue: Catalogue,
  scenes: readonly CapturedScene[],
  times: number,
  context: StageContext,
): Promise<AddedCaptures> {
  const counts = { added: 0, otherShape: 0, damaged: scenes.length };
  for await (const { scene, frame } of capturedFrames(catalogue, scenes, context)) {
    counts.damaged--;
    if (frame.width * pool.height !== frame.height * pool.width) {
      counts.otherShape++;
      continue;
    }
    const whole = { x: 0, y: 0, width: frame.width, height: frame.height };
    const reduced = resizeAreaTo(frame, whole, pool.width, pool.height);
    const reducedScene = pooled(scene.face, pool.width / frame.width);
    for (let i = 0; i < times; i++) pool.add(reduced, reducedScene);
    counts.added++;
  }
  return counts;
}

function pooled(face: Box | undefined, scale: number): PooledScene {
  if (face === undefined) return { faces: [], fixtures: [] };
  const side = Math.max(face.width, face.height);
  const centre = { x: scale * (face.x + face.width / 2), y: scale * (face.y + face.height / 2) };
  return { faces: [{ ...centre, side: scale * side, counts: true }], fixtures: [] };
}
