/** What finding faces in scenes comes to, for any weights of the scenes: the bootstrap draws them anew. */
import { Ranking, type Sweep } from "../../evaluate/metrics.js";
import type { Answer, Truth } from "./types.js";

/** One locator's answers beside what is true, scene by scene: as much of both as finding faces takes. */
export interface Detections {
  readonly truths: readonly Pick<Truth, "sides">[];
  readonly answers: readonly Pick<Answer, "found" | "errors">[];
}

/** How often each scene counts; undefined: once. */
export type Weights = ArrayLike<number> | undefined;
/** NaN where it is not defined. */
export type Measure = (weights: Weights) => number;

/** Average precision; recall, and false faces in 100 frames, at the threshold (docs/locate.md, "Evaluation"). */
export function detectionMeasures(detections: Detections, threshold: number): [Measure, Measure, Measure] {
  const found = new FoundFaces(detections);
  return [
    (weights) => found.averagePrecision(weights),
    recallOfSides(detections, 0, Number.POSITIVE_INFINITY),
    (weights) => 100 * found.falseFaces(threshold, weights),
  ];
}

export function weightOf(weights: Weights, index: number): number {
  return weights === undefined ? 1 : weights[index];
}

export function recallOfSides({ truths, answers }: Detections, least: number, most: number): Measure {
  return (weights) => {
    let [all, found] = [0, 0];
    truths.forEach(({ sides }, i) => {
      sides.forEach((side, face) => {
        if (side < least || side >= most) return;
        all += weightOf(weights, i);
        if (answers[i].errors[face] !== undefined) found += weightOf(weights, i);
      });
    });
    return found / all;
  };
}

/** Candidates of all scenes ranked by confidence. */
export class FoundFaces {
  private readonly ranking: Ranking;
  private readonly scenes: number[] = [];
  private readonly faces: readonly number[];

  constructor({ truths, answers }: Detections) {
    const scores: number[] = [];
    const truth: number[] = [];
    answers.forEach(({ found }, scene) => {
      for (const { confidence, face } of found) {
        scores.push(confidence);
        truth.push(face >= 0 ? 1 : 0);
        this.scenes.push(scene);
      }
    });
    this.ranking = new Ranking(scores, truth);
    this.faces = truths.map(({ sides }) => sides.length);
  }

  private sweep(weights: Weights): Sweep {
    return this.ranking.sweep(weights === undefined ? undefined : this.scenes.map((scene) => weights[scene]));
  }

  private count(weights: Weights): { readonly faces: number; readonly frames: number } {
    let [faces, frames] = [0, 0];
    this.faces.forEach((count, scene) => {
      faces += count * weightOf(weights, scene);
      frames += weightOf(weights, scene);
    });
    return { faces, frames };
  }

  /** As of pictures (src/evaluate/metrics.ts), but faces that no candidate found are never reached. */
  averagePrecision(weights: Weights): number {
    const { positives, negatives } = this.sweep(weights);
    let [before, sum] = [0, 0];
    for (let i = 0; i < positives.length; i++) {
      if (positives[i] > before) sum += ((positives[i] - before) * positives[i]) / (positives[i] + negatives[i]);
      before = positives[i];
    }
    return sum / this.count(weights).faces;
  }

  /** Greatest recall with at most so many false faces per frame. */
  recallAt(falseFaces: number, weights: Weights): number {
    const { positives, negatives } = this.sweep(weights);
    const { faces, frames } = this.count(weights);
    let best = 0;
    for (let i = 0; i < positives.length && negatives[i] <= falseFaces * frames; i++) best = positives[i];
    return best / faces;
  }

  /** False faces per frame at a threshold. */
  falseFaces(threshold: number, weights: Weights): number {
    const { thresholds, negatives } = this.sweep(weights);
    let count = 0;
    for (let i = 0; i < thresholds.length && thresholds[i] >= threshold; i++) count = negatives[i];
    return count / this.count(weights).frames;
  }
}
