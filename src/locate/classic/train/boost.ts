/**
 * One round of Gentle AdaBoost (Friedman, Hastie and Tibshirani, "Additive Logistic Regression", Annals of Statistics 2000) with look-up tables as weak
 * learners: a table's entry is the mean of the labels (1 face, -1 none) of the samples with that pattern, by weight.
 */
import { PATTERNS } from "../cascade.js";
import type { PatternMatrix } from "./features.js";

/** Score units of a table entry that is certain: entries are rounded to int8 as they are learned, so that nothing changes afterwards. */
export const CERTAIN = 100;
/** Weight of "don't know" in every entry, in mean sample weights: rare patterns must not decide. */
const DOUBT = 4;

/** Samples in columns of the matrix: faces and then others. */
export interface Samples {
  readonly patterns: PatternMatrix;
  readonly faces: number;
  readonly others: number;
  /** Score so far of each. */
  readonly scores: Int32Array;
  /** 1 for faces that a threshold gave up: they count no more. [faces] */
  readonly lost: Uint8Array;
}

export interface Round {
  readonly feature: number;
  /** [256] */
  readonly table: Int8Array;
}

/** Weights exp(-label * score), each side scaled to a half: the few are not drowned by the many. */
export function sampleWeights({ faces, others, scores, lost }: Samples): Float64Array {
  const weights = new Float64Array(faces + others);
  scale(weights.subarray(0, faces), (i) => (lost[i] === 1 ? 0 : Math.exp(-scores[i] / CERTAIN)));
  scale(weights.subarray(faces), (i) => Math.exp(scores[faces + i] / CERTAIN));
  return weights;
}

function scale(weights: Float64Array, weigh: (i: number) => number): void {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    weights[i] = weigh(i);
    sum += weights[i];
  }
  for (let i = 0; i < weights.length; i++) weights[i] /= 2 * sum;
}

/** The table that explains most of the weighted squared label. Of equal ones the first. */
export function boostRound(samples: Samples): Round {
  const { patterns, faces, others } = samples;
  const weights = sampleWeights(samples);
  const doubt = DOUBT / (faces + others);
  const sums = new Float64Array(2 * PATTERNS);
  let best = { feature: -1, gain: -1 };
  for (let feature = 0; feature < patterns.features; feature++) {
    addUp(patterns.of(feature), weights, faces, faces + others, sums);
    const gain = explained(sums, doubt);
    if (gain > best.gain) best = { feature, gain };
  }
  addUp(patterns.of(best.feature), weights, faces, faces + others, sums);
  const table = Int8Array.from({ length: PATTERNS }, (_, p) => {
    const [yes, no] = [sums[p], sums[PATTERNS + p]];
    return Math.round((CERTAIN * (yes - no)) / (yes + no + doubt));
  });
  return { feature: best.feature, table };
}

/** Weight by pattern: of faces, then of others. */
function addUp(column: Uint8Array, weights: Float64Array, faces: number, count: number, sums: Float64Array): void {
  sums.fill(0);
  for (let i = 0; i < faces; i++) sums[column[i]] += weights[i];
  for (let i = faces; i < count; i++) sums[PATTERNS + column[i]] += weights[i];
}

function explained(sums: Float64Array, doubt: number): number {
  let gain = 0;
  for (let p = 0; p < PATTERNS; p++) {
    const difference = sums[p] - sums[PATTERNS + p];
    gain += (difference * difference) / (sums[p] + sums[PATTERNS + p] + doubt);
  }
  return gain;
}
