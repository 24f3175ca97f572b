/** Where the firmware draws the line: an integer margin, chosen with the int8 model's own scores. */
import { binaryLabels, precisionRecallCurve, thresholdForPrecision } from "../evaluate/metrics.js";

export interface Threshold {
  /** Smallest margin per frame that counts as positive, int8 logit units, -256 to 255. */
  readonly margin: number;
  /** The same as a probability of the positive label against the runner-up. */
  readonly probability: number;
  /** At this margin on the validation split; null when no picture is called positive. */
  readonly precision: number | null;
  readonly recall: number;
  /** "auto": reached the target precision; "best": no threshold reaches it, the most precise was taken; "given": set in the configuration. */
  readonly chosen: "auto" | "best" | "given";
}

export interface ThresholdOptions {
  readonly threshold: "auto" | number;
  readonly targetPrecision: number;
  /** Real value of one margin step. */
  readonly scale: number;
}

/** Chooses the margin: the highest recall among thresholds that reach the target precision on the validation split. */
export function chooseThreshold(
  margins: readonly number[],
  labels: Uint8Array,
  positive: number,
  options: ThresholdOptions,
): Threshold {
  const truth = binaryLabels(labels, positive);
  const curve = precisionRecallCurve(margins, truth);
  const { margin, chosen } = pick(margins, truth, curve, options);
  const point = curve.findLast(({ threshold }) => threshold >= margin);
  return {
    margin,
    probability: marginProbability(margin, options.scale),
    precision: point?.precision ?? null,
    recall: point?.recall ?? 0,
    chosen,
  };
}

type Curve = ReturnType<typeof precisionRecallCurve>;

function pick(
  margins: readonly number[],
  truth: Uint8Array,
  curve: Curve,
  options: ThresholdOptions,
): Pick<Threshold, "margin" | "chosen"> {
  if (options.threshold !== "auto")
    return { margin: probabilityMargin(options.threshold, options.scale), chosen: "given" };
  const reached = thresholdForPrecision(margins, truth, options.targetPrecision);
  if (reached !== undefined) return { margin: reached.threshold, chosen: "auto" };
  const best = curve.reduce<Curve[number] | undefined>(
    (top, point) => (top === undefined || point.precision > top.precision ? point : top),
    undefined,
  );
  return { margin: best?.threshold ?? 255, chosen: "best" };
}

/** Logistic function of the margin's real value: with two labels the softmax probability of the positive one. */
export function marginProbability(margin: number, scale: number): number {
  return 1 / (1 + Math.exp(-margin * scale));
}

/** Smallest integer margin whose probability is at least `probability`. */
export function probabilityMargin(probability: number, scale: number): number {
  const margin = Math.ceil(Math.log(probability / (1 - probability)) / scale);
  return Math.max(-256, Math.min(255, margin));
}
