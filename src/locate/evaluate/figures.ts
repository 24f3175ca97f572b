/** From answers to figures with intervals: scenes are drawn anew by their people. */
import { groupNumbers, type Interval, intervals, quantile, type Resampling } from "../../evaluate/bootstrap.js";
import { Ranking } from "../../evaluate/metrics.js";
import { detectionMeasures, FoundFaces, type Measure, recallOfSides, weightOf } from "./measures.js";
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

export function figuresOf(
  { name, threshold }: { readonly name: string; readonly threshold: number },
  truths: readonly Truth[],
  answers: readonly Answer[],
  perfect: readonly Answer[],
  resampling: Resampling,
): LocatorFigures {
  const given: Case = { truths, answers };
  const [averagePrecision, recallThere, falseFacesThere] = detectionMeasures(given, threshold);
  const found = new FoundFaces(given);
  const smile = smileRecall(given);
  const perfectSmile = smileRecall({ truths, answers: perfect });
  const bins = SIZE_BINS.map((least, i) => ({ least, most: SIZE_BINS[i + 1] ?? Number.POSITIVE_INFINITY }));
  const measures: Measure[] = [
    averagePrecision,
    (w) => found.recallAt(FALSE_FACES, w),
    recallThere,
    falseFacesThere,
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
