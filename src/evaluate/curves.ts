/** Precision-recall and ROC curves, and how far they could lie elsewhere. */
import { intervals, type Resampling } from "./bootstrap.js";
import { operatingPoints, type Sweep, total } from "./metrics.js";

/** A point of a curve: recall and precision, or false alarm rate and recall. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/** 95 % interval of a curve's height at x; null where it is not defined. */
export interface Band {
  readonly x: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Steps along the x axis at which bands are measured. */
const BAND_STEPS = 50;
/** Buckets along the x axis for drawing. */
const BUCKETS = 250;

/** Recall and precision by falling threshold, thinned for drawing; empty without positives. */
export function precisionRecallPoints(sweep: Sweep): CurvePoint[] {
  if (!(total(sweep.positives) > 0)) return [];
  return thinned([...operatingPoints(sweep)].map(({ recall, precision }) => ({ x: recall, y: precision })));
}

/** False alarm rate and recall from (0, 0) to (1, 1); empty when a class is missing. */
export function rocPoints({ positives, negatives }: Sweep): CurvePoint[] {
  const [allPositive, allNegative] = [total(positives), total(negatives)];
  if (!(allPositive > 0 && allNegative > 0)) return [];
  const points = Array.from(positives, (count, i) => ({ x: negatives[i] / allNegative, y: count / allPositive }));
  return thinned([{ x: 0, y: 0 }, ...points]);
}

/** Precision at the first threshold that reaches a recall, and recall at the last threshold within a false alarm rate. */
export function curveBands(
  sweepOf: (weights?: Uint32Array) => Sweep,
  groups: Uint32Array,
  resampling: Resampling,
): { readonly precisionRecall: Band[]; readonly roc: Band[] } {
  const grid = Array.from({ length: BAND_STEPS + 1 }, (_, i) => i / BAND_STEPS);
  const measured = intervals(
    (weights) => {
      const sweep = sweepOf(weights);
      return [...precisionsAt(sweep, grid), ...recallsAt(sweep, grid)];
    },
    groups,
    resampling,
  );
  const bands = measured.map(({ low, high }, i) => ({ x: grid[i % grid.length], low, high }));
  return { precisionRecall: bands.slice(0, grid.length), roc: bands.slice(grid.length) };
}

/** Sums of weights are not exact; a recall this much too low still counts as reached. */
const TOLERANCE = 1e-9;

function precisionsAt({ positives, negatives }: Sweep, recalls: readonly number[]): number[] {
  const all = total(positives);
  let point = 0;
  return recalls.map((recall) => {
    while (point < positives.length - 1 && (positives[point] === 0 || positives[point] / all < recall - TOLERANCE))
      point++;
    return all === 0 ? Number.NaN : positives[point] / (positives[point] + negatives[point]);
  });
}

function recallsAt({ positives, negatives }: Sweep, rates: readonly number[]): number[] {
  const [all, alarms] = [total(positives), total(negatives)];
  let point = -1;
  return rates.map((rate) => {
    while (point + 1 < negatives.length && negatives[point + 1] / alarms <= rate + TOLERANCE) point++;
    if (all === 0 || alarms === 0) return Number.NaN;
    return point < 0 ? 0 : positives[point] / all;
  });
}

/** At most four points per bucket of x (first, lowest, highest, last), in their order: looks the same, stays small. */
function thinned(curve: readonly CurvePoint[]): CurvePoint[] {
  const kept: CurvePoint[] = [];
  for (let start = 0; start < curve.length; ) {
    const bucket = Math.floor(curve[start].x * BUCKETS);
    let [end, low, high] = [start, start, start];
    for (; end < curve.length && Math.floor(curve[end].x * BUCKETS) === bucket; end++) {
      if (curve[end].y < curve[low].y) low = end;
      if (curve[end].y > curve[high].y) high = end;
    }
    for (const i of [...new Set([start, low, high, end - 1])].sort((a, b) => a - b)) kept.push(curve[i]);
    start = end;
  }
  return kept;
}
