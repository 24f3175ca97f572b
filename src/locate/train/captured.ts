/** Judged captures as scenes for the detector: real frames, with the faces that a person marked or that judged boxes hold. */
import { createHash } from "node:crypto";
import type { Catalogue } from "../../captures/catalogue/catalogue.js";
import { pressKey } from "../../captures/catalogue/press-key.js";
import { type CatalogueCapture, NO_FACE } from "../../captures/catalogue/types.js";
import { hex32 } from "../../captures/format.js";
import { faceFound } from "../../captures/metadata.js";
import { readStoredCapture } from "../../captures/stored.js";
import type { Config } from "../../config/schema.js";
import type { Box } from "../../data/types.js";
import { InterruptedError } from "../../errors.js";
import { agreedJudgement } from "../../label/agreement.js";
import { groupOf } from "../../label/judged-pictures.js";
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

export interface CapturedScene {
  readonly capture: number;
  readonly shows: Shows;
  /** Square in pixels of the frame; absent when nobody is there. */
  readonly face?: Box;
}

export interface CapturedScenes {
  readonly scenes: readonly CapturedScene[];
  /** Identifies captures and what is said of them. */
  readonly key: string;
}

/**
 * Captures that say something of faces; those held out for judging models (src/retrain) are not among them. A fixed square is no evidence: with locator
 * `center` only corrected boxes and "no face" count.
 */
export function capturedScenes(catalogue: Catalogue, config: Pick<Config, "labels" | "retrain">): CapturedScenes {
  const found = [];
  for (const capture of catalogue.captures()) {
    const scene = sceneOf(capture, config.labels);
    if (scene === undefined) continue;
    found.push({ scene, press: pressKey(capture), group: groupOf(capture), crc: hex32(capture.payloadCrc) });
  }
  const groups = pressGroups(found);
  const used = found.filter(({ press }) => heldOutSplit(groups.get(press)!, config) !== "test");
  const facts = used.map(({ scene, crc }) => [scene, crc]);
  const key = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  return { scenes: used.map(({ scene }) => scene), key };
}

function sceneOf(capture: CatalogueCapture, labels: readonly string[]): CapturedScene | undefined {
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
  const counts = { added: 0, otherShape: 0, damaged: 0 };
  for (const { capture, face } of scenes) {
    if (context.signal.aborted) throw new InterruptedError();
    const row = catalogue.capture(capture)!;
    const read = await readStoredCapture(catalogue.dir, row);
    if (typeof read === "string") {
      context.reporter.warn(`${row.path} is left out: ${read}`);
      counts.damaged++;
      continue;
    }
    const { frame } = read;
    if (frame.width * pool.height !== frame.height * pool.width) {
      counts.otherShape++;
      continue;
    }
    const whole = { x: 0, y: 0, width: frame.width, height: frame.height };
    const reduced = resizeAreaTo(frame, whole, pool.width, pool.height);
    const scene = pooled(face, pool.width / frame.width);
    for (let i = 0; i < times; i++) pool.add(reduced, scene);
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
