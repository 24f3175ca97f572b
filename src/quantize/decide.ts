/** Where the firmware draws the line: an integer margin, chosen with the int8 model's own scores. */
import type { Config } from "../config/schema.js";
import { binaryLabels, logistic, Ranking, total } from "../evaluate/metrics.js";

export interface Threshold {
  /** Smallest margin per frame that counts as positive, int8 logit units, -256 to 255. */
  readonly margin: number;
  /** The same as a calibrated probability of the positive label against the runner-up. */
  readonly probability: number;
  /** At this margin on the validation split, at the expected prior; null when no picture is called positive. */
  readonly precision: number | null;
  readonly recall: number;
  /**
   * "auto": what decision.aim asks for; "best": no threshold reaches the target precision, the most precise was taken; "given": set in the
   * configuration.
   */
  readonly chosen: "auto" | "best" | "given";
}

export interface ThresholdOptions
  extends Pick<Config["decision"], "threshold" | "aim" | "targetPrecision" | "costRatio" | "prior"> {
  /** Log-odds of one margin step. */
  readonly scale: number;
}

/** One possible threshold on the validation split. */
interface OperatingPoint {
  readonly margin: number;
  readonly recall: number;
  /** At the expected prior. */
  readonly precision: number;
  /** Of a press at the expected prior, in missed smiles. */
  readonly cost: number;
}

/** Chooses the margin by the aim, on the validation split's margins (-255 to 255) and labels. */
export function chooseThreshold(
  margins: readonly number[],
  labels: Uint8Array,
  positive: number,
  options: ThresholdOptions,
): Threshold {
  const truth = binaryLabels(labels, positive);
  const share = options.prior === "data" ? positiveShare(truth) : options.prior;
  const points = operatingPoints(margins, truth, share, options.costRatio);
  const { margin, chosen } = pick(points, share, options);
  const point = points.findLast((one) => one.margin >= margin);
  return {
    margin,
    probability: marginProbability(margin, options.scale),
    precision: point?.precision ?? null,
    recall: point?.recall ?? 0,
    chosen,
  };
}

/** Part of 1s. */
export function positiveShare(truth: Uint8Array): number {
  return truth.reduce((sum, one) => sum + one, 0) / truth.length;
}

/**
 * Every margin that occurs, falling, so that recall never falls. With p the expected part of positives,
 * precision = p recall / (p recall + (1 - p) false positive rate).
 */
function operatingPoints(
  margins: readonly number[],
  truth: Uint8Array,
  share: number,
  costRatio: number,
): OperatingPoint[] {
  const { thresholds, positives, negatives } = new Ranking(margins, truth).sweep();
  const [smiles, others] = [total(positives), total(negatives)];
  return Array.from(thresholds, (margin, i) => {
    const found = (share * positives[i]) / smiles;
    const green = others === 0 ? 0 : ((1 - share) * negatives[i]) / others;
    const cost = costRatio * green + share - found;
    return { margin, recall: positives[i] / smiles, precision: found / (found + green), cost };
  });
}

function pick(
  points: readonly OperatingPoint[],
  share: number,
  { threshold, aim, targetPrecision, scale }: ThresholdOptions,
): Pick<Threshold, "margin" | "chosen"> {
  if (threshold !== "auto") return { margin: probabilityMargin(threshold, scale), chosen: "given" };
  // Of equals the first, which is the more cautious.
  const best = (candidates: readonly OperatingPoint[], worth: (point: OperatingPoint) => number) =>
    candidates.reduce<OperatingPoint | undefined>(
      (top, point) => (top === undefined || worth(point) > worth(top) ? point : top),
      undefined,
    );
  if (aim === "cost") {
    // Red whatever the picture, by the highest margin there is, misses every smile.
    const never = { margin: 255, recall: 0, precision: 0, cost: share };
    return { margin: best([never, ...points], ({ cost }) => -cost)!.margin, chosen: "auto" };
  }
  // Rounding must not refuse a precision that is reached exactly.
  const reached = points.filter(({ precision }) => precision >= targetPrecision - 1e-12);
  const farthest = best(reached, ({ recall }) => recall);
  if (farthest !== undefined) return { margin: farthest.margin, chosen: "auto" };
  return { margin: best(points, ({ precision }) => precision)?.margin ?? 255, chosen: "best" };
}

/** Logistic function of the margin's log-odds: with two labels the softmax probability of the positive one. */
export function marginProbability(margin: number, scale: number): number {
  return logistic(margin * scale);
}

/** Smallest integer margin whose probability is at least `probability`. */
export function probabilityMargin(probability: number, scale: number): number {
  const margin = Math.ceil(Math.log(probability / (1 - probability)) / scale);
  return Math.max(-256, Math.min(255, margin));
}
