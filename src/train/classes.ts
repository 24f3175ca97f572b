/** Labels of a split: counts, weights in the loss, and what cannot be trained on. */
import type { Config } from "../config/schema.js";
import type { PictureSource } from "../data/types.js";
import { UserError } from "../errors.js";

/** How often a label is expected in use. */
export interface ExpectedShare {
  readonly positive: number;
  /** Part of all pictures, > 0 and < 1; the other labels share the rest as they do in training. */
  readonly share: number;
}

function labelCounts(labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}

/** Loss weight of each class, mean 1 over the training split: its wanted part of the loss by its part of the pictures. */
export function classWeights(
  labels: Uint8Array,
  classes: number,
  balance: Config["train"]["classBalance"],
  expected?: ExpectedShare,
): number[] {
  const counts = labelCounts(labels, classes);
  const wanted = (label: number) => {
    if (balance === "inverse-frequency") return 1 / classes;
    if (balance === "none" || expected === undefined) return counts[label] / labels.length;
    const others = labels.length - counts[expected.positive];
    return label === expected.positive ? expected.share : ((1 - expected.share) * counts[label]) / others;
  };
  return counts.map((count, label) => (count === 0 ? 1 : (wanted(label) * labels.length) / count));
}

/** Throws UserError unless both splits hold pictures of every class. */
export function checkSplitLabels(train: PictureSource, val: PictureSource, classes: number): void {
  const remedy = "Import more pictures, or change how they are split.";
  for (const [name, { count, labels }] of [
    ["training", train],
    ["validation", val],
  ] as const) {
    if (count === 0) throw new UserError(`the ${name} split has no pictures`, { remedy });
    const missing = labelCounts(labels, classes).indexOf(0);
    if (missing >= 0)
      throw new UserError(`the ${name} split has no picture of label ${missing + 1} of ${classes}`, { remedy });
  }
}
