/** From answers to figures with intervals: scenes are drawn anew by their people. */
import { groupNumbers, type Interval, intervals, quantile, type Resampling } from "../../evaluate/bootstrap.js";
import { Ranking, type Sweep } from "../../evaluate/metrics.js";
import type { Aim, Answer, LocatorFigures, Truth } from "./types.js";

/** Sides of faces where the bins begin, pixels. */
export const SIZE_BINS = [24, 32, 48, 80, 128] as const;
/** False faces per frame that recall is given at. */
const FALSE_FACES = 0.01;
const PRECISION = 0.7;
const AIMS: readonly Aim[] = ["face", "fixture", "elsewhere", "nobody"];

/** One locator's answers beside what is true, scene by scene. */
interface Case {
  readonly truths: readonly Truth[];
  readonly answers: readonly Answer[];
}

type Weights = ArrayLike<number> | undefined;
type Measure = (weights: Weights) => number;

export function figuresOf(
  { name, threshold }: { readonly name: string; readonly threshold: number },
  truths: readonly Truth[],
  answers: readonly Answer[],
  perfect: readonly Answer[],
  resampling: Resampling,
): LocatorFigures {
  const given: Case = { truths, answers };
  const found = new Found(given);
  const smile = smileRecall(given);
  const perfectSmile = smileRecall({ truths, answers: perfect });
  const bins = SIZE_BINS.map((least, i) => ({ least, most: SIZE_BINS[i + 1] ?? Number.POSITIVE_INFINITY }));
  const measures: Measure[] = [
    (w) => found.averagePrecision(w),
    (w) => found.recallAt(FALSE_FACES, w),
    recallOfSides(given, 0, Number.POSITIVE_INFINITY),
    (w) => 100 * found.falseFaces(threshold, w),
    errorQuantile(given, 0.5),
    errorQuantile(given, 0.9),
    share(
      given,
      ({ set }) => set === "empty",
      ({ aim }) => aim !== "nobody",
    ),
    nobodyPrecision(given),
    share(given, isEmpty, ({ aim }) => aim === "nobody"),
    smile,
    (w) => perfectSmile(w) - smile(w),
    ...AIMS.map((wanted) =>
      share(
        given,
        ({ set }) => set === "fixture",
        ({ aim }) => aim === wanted,
      ),
    ),
    ...bins.map(({ least, most }) => recallOfSides(given, least, most)),
  ];
  const groups = groupNumbers(truths.map(({ group }) => group));
  const all = intervals((weights) => measures.map((measure) => measure(weights)), groups, resampling);
  const [ap, at100, recall, falseFaces, median, p90, alarms, precision, nobodyRecall, smiles, behind] = all;
  const aims = Object.fromEntries(AIMS.map((aim, i) => [aim, all[11 + i]])) as Record<Aim, Interval>;
  return {
    name,
    threshold,
    averagePrecision: ap,
    recallAt1In100: at100,
    recall,
    falseFacesPer100: falseFaces,
    bySize: bins.map(({ least, most }, i) => ({
      least,
      most: Number.isFinite(most) ? most : null,
      faces: truths.reduce((sum, { sides }) => sum + sides.filter((side) => side >= least && side < most).length, 0),
      recall: all[11 + AIMS.length + i],
    })),
    errorMedian: median,
    error90: p90,
    aims,
    falseAlarms: alarms,
    nobody: { precision, recall: nobodyRecall },
    smileRecallAt70: smiles,
    behindPerfect: behind,
  };
}

/** Nobody is there, not even somebody mostly hidden. */
function isEmpty({ sides, doubtful }: Truth): boolean {
  return sides.length === 0 && !doubtful;
}

function weightOf(weights: Weights, index: number): number {
  return weights === undefined ? 1 : weights[index];
}

/** Share of the chosen scenes in which something holds; NaN without such scenes. */
function share(
  { truths, answers }: Case,
  counts: (truth: Truth) => boolean,
  holds: (answer: Answer) => boolean,
): Measure {
  return (weights) => {
    let [all, good] = [0, 0];
    truths.forEach((truth, i) => {
      if (!counts(truth)) return;
      all += weightOf(weights, i);
      if (holds(answers[i])) good += weightOf(weights, i);
    });
    return good / all;
  };
}

function nobodyPrecision({ truths, answers }: Case): Measure {
  return (weights) => {
    let [said, right] = [0, 0];
    truths.forEach((truth, i) => {
      if (answers[i].aim !== "nobody" || (truth.sides.length === 0 && truth.doubtful)) return;
      said += weightOf(weights, i);
      if (isEmpty(truth)) right += weightOf(weights, i);
    });
    return right / said;
  };
}

function recallOfSides({ truths, answers }: Case, least: number, most: number): Measure {
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

function errorQuantile({ answers }: Case, part: number): Measure {
  const errors = answers
    .flatMap((answer, scene) => answer.errors.flatMap((error) => (error === undefined ? [] : [{ scene, error }])))
    .sort((a, b) => a.error - b.error);
  return (weights) => {
    if (errors.length === 0) return Number.NaN;
    if (weights === undefined)
      return quantile(
        errors.map(({ error }) => error),
        part,
      );
    const total = errors.reduce((sum, { scene }) => sum + weights[scene], 0);
    let left = part * total;
    for (const { scene, error } of errors) {
      left -= weights[scene];
      if (left <= 0 && weights[scene] > 0) return error;
    }
    return Number.NaN;
  };
}

/** Candidates of all scenes ranked by confidence. */
class Found {
  private readonly ranking: Ranking;
  private readonly scenes: number[] = [];
  private readonly faces: readonly number[];

  constructor({ truths, answers }: Case) {
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

/**
 * Greatest recall of smiles with at least 70 % precision over the thresholds of the smile score. The lights stay off where nobody is found, so
 * those smiles are missed at any threshold. Scenes without a face to be chosen don't count.
 */
function smileRecall({ truths, answers }: Case): Measure {
  const scenes = truths.flatMap(({ smiles }, i) => (smiles === undefined ? [] : [i]));
  const judged = scenes.filter((i) => answers[i].smile !== undefined);
  const ranking = new Ranking(
    judged.map((i) => answers[i].smile!),
    judged.map((i) => (truths[i].smiles === true ? 1 : 0)),
  );
  return (weights) => {
    const smiling = scenes.reduce((sum, i) => sum + (truths[i].smiles === true ? weightOf(weights, i) : 0), 0);
    const { positives, negatives } = ranking.sweep(weights && judged.map((i) => weights[i]));
    let best = 0;
    for (let i = 0; i < positives.length; i++) {
      if (positives[i] >= PRECISION * (positives[i] + negatives[i])) best = Math.max(best, positives[i]);
    }
    return best / smiling;
  };
}
