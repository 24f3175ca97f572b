/**
 * The one number: how well a classifier tells captures from training pictures (Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", 2017). An AUC of 0.5
 * is guessing: the network meets what it was trained on. Logistic regression, cross-validated over groups, so that neither the pictures of one person nor those of
 * one press are on both sides.
 */
import { groupNumbers, type Interval, intervals } from "../evaluate/bootstrap.js";
import { Ranking, sweepRocAuc } from "../evaluate/metrics.js";
import { Rng } from "../train/rng.js";
import { dot, type Rows, scaled, scalingOf, solve } from "./matrix.js";

export interface DomainSample {
  /** What a picture is known by. */
  readonly values: Float64Array;
  /** Persons or presses: never on both sides. */
  readonly group: string;
}

export interface DomainResult {
  /** Area under the ROC curve of held-out pictures, with its 95 % interval over groups. */
  readonly auc: Interval;
  /** Log-odds of being a capture, training pictures first. */
  readonly scores: Float64Array;
}

const FOLDS = 5;
/** Of the penalty on squared weights, in units of pictures: columns are standardized, and there are about a hundred of them. */
const RIDGE = 10;
const STEPS = 8;
const RESAMPLES = 400;
const SEED = 1;

/** First word after the seed of the stream that deals groups to folds. */
const FOLD_STREAM = 105;

export function domainClassifier(training: readonly DomainSample[], serving: readonly DomainSample[]): DomainResult {
  const samples = [...training, ...serving];
  const truth = Uint8Array.from(samples, (_, i) => (i < training.length ? 0 : 1));
  const names = samples.map(({ group }, i) => `${truth[i]} ${group}`);
  const groups = groupNumbers(names);
  const fold = deal(groups, truth);
  const scores = new Float64Array(samples.length);
  for (let held = 0; held < FOLDS; held++) {
    const learnt = samples.flatMap((_, i) => (fold[i] === held ? [] : [i]));
    const scaling = scalingOf(learnt.map((i) => samples[i].values));
    const row = (i: number) => withOne(scaled(samples[i].values, scaling));
    const weights = logisticRegression(
      learnt.map(row),
      learnt.map((i) => truth[i]),
    );
    samples.forEach((_, i) => {
      if (fold[i] === held) scores[i] = dot(row(i), weights);
    });
  }
  const ranking = new Ranking(scores, truth);
  const [auc] = intervals((drawn) => [sweepRocAuc(ranking.sweep(drawn))], groups, { resamples: RESAMPLES, seed: SEED });
  return { auc, scores };
}

/** Deals whole groups to folds, each domain evenly. */
function deal(groups: Uint32Array, truth: Uint8Array): Uint8Array {
  const rng = new Rng(SEED, FOLD_STREAM);
  const fold = new Uint8Array(groups.length);
  for (const domain of [0, 1]) {
    const own = [...new Set(groups.filter((_, i) => truth[i] === domain))];
    const order = rng.permutation(own.length);
    const folds = new Map(own.map((group, at) => [group, order[at] % FOLDS]));
    groups.forEach((group, i) => {
      if (truth[i] === domain) fold[i] = folds.get(group)!;
    });
  }
  return fold;
}

function withOne(row: Float64Array): Float64Array {
  const longer = new Float64Array(row.length + 1);
  longer.set(row);
  longer[row.length] = 1;
  return longer;
}

/** Newton's method on the penalized likelihood, both classes weighing the same; the last column, the constant, is not penalized much. */
function logisticRegression(rows: Rows, truth: readonly number[]): Float64Array {
  const width = rows[0].length;
  const ones = truth.reduce((sum, value) => sum + value, 0);
  const weightOf = [truth.length / (2 * Math.max(1, truth.length - ones)), truth.length / (2 * Math.max(1, ones))];
  let weights = new Float64Array(width);
  for (let step = 0; step < STEPS; step++) {
    const gradient = new Float64Array(width);
    const hessian = new Float64Array(width * width);
    rows.forEach((row, i) => {
      const p = 1 / (1 + Math.exp(-dot(row, weights)));
      const weight = weightOf[truth[i]];
      const slope = weight * (truth[i] - p);
      const curve = weight * Math.max(1e-6, p * (1 - p));
      for (let a = 0; a < width; a++) {
        gradient[a] += slope * row[a];
        const factor = curve * row[a];
        for (let b = 0; b <= a; b++) hessian[a * width + b] += factor * row[b];
      }
    });
    for (let a = 0; a < width; a++) {
      const ridge = a === width - 1 ? 1e-3 : RIDGE;
      gradient[a] -= ridge * weights[a];
      hessian[a * width + a] += ridge;
    }
    const change = solve(hessian, gradient);
    weights = weights.map((value, k) => value + change[k]);
  }
  return weights;
}
