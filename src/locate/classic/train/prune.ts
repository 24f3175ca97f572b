/**
 * The thresholds of a trained cascade, chosen anew for faces rather than windows: a face has several windows, and it is found when its best one passes, so only
 * that one has to pass every threshold ("multiple-instance pruning": Zhang and Viola, "Multiple-Instance Pruning For Learning Efficient Cascade Detectors", 2007).
 */
import type { StageContext } from "../../../pipeline/reporter.js";
import { type Cascade, tableCount } from "../cascade.js";
import { Scanner } from "../scan.js";
import { fittingWindows, type SceneSource } from "./windows.js";

export interface PruneOptions {
  /** Share of the scenes' faces that all thresholds together may lose. */
  readonly faceLoss: number;
  /** The first t of T tables may lose the share (t/T)^facePower of it. */
  readonly facePower: number;
}

/** `scenes`: others than those that were learned from. Without faces in them the thresholds stay. */
export function pruneCascade(
  cascade: Cascade,
  scenes: SceneSource,
  { faceLoss, facePower }: PruneOptions,
  { reporter }: StageContext,
): Cascade {
  const scores = bestScores(cascade, scenes);
  const count = tableCount(cascade);
  const lost = new Uint8Array(scores.length);
  const thresholds = Int16Array.from({ length: count }, (_, table) => {
    const allowed = Math.floor(faceLoss * ((table + 1) / count) ** facePower * scores.length);
    return giveUp(
      Int32Array.from(scores, (one) => one[table]),
      lost,
      allowed,
    );
  });
  reporter.info(`thresholds for ${scores.length} faces, of which ${lost.reduce((sum, one) => sum + one, 0)} are lost`);
  return scores.length === 0 ? cascade : { ...cascade, thresholds };
}

/** Scores after each table of the best window of every face, whatever the thresholds say. */
function bestScores(cascade: Cascade, scenes: SceneSource): Int16Array[] {
  const scanner = new Scanner(cascade);
  const best: Int16Array[] = [];
  for (let index = 0; index < scenes.count; index++) {
    for (const windows of fittingWindows(cascade, scenes.scene(index))) {
      const runs = windows.map((pixels) => scanner.scoresOf(pixels));
      if (runs.length === 0) continue;
      best.push(runs.reduce((most, run) => (run[run.length - 1] > most[most.length - 1] ? run : most)));
    }
  }
  return best;
}

/** Of the faces with these scores gives up those with the lowest, as many as may be lost in all; returns the lowest score of the others. */
export function giveUp(scores: Int32Array, lost: Uint8Array, allowed: number): number {
  const alive = scores.filter((_, i) => lost[i] === 0).sort();
  const threshold = alive[Math.max(0, allowed - (scores.length - alive.length))] ?? 0;
  for (let i = 0; i < scores.length; i++) if (scores[i] < threshold) lost[i] = 1;
  return threshold;
}
