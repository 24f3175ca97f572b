/** What differs, in plain words with units, the largest difference first. */
import type { FeatureComparison } from "./compare.js";
import type { FeatureName } from "./features.js";

export interface Cause {
  readonly feature: FeatureName;
  /** In two or three words: "light from behind". */
  readonly name: string;
  readonly sentence: string;
  /** Kolmogorov-Smirnov statistic: the ranking. */
  readonly statistic: number;
}

type Words = readonly [less: string, more: string];

/** What is usually behind it when captures have less or more of a feature than training. */
const NAMES: Readonly<Record<FeatureName, Words>> = {
  brightness: ["dark pictures", "bright pictures"],
  contrast: ["flat pictures: veiling light, fog or dirt on the lens", "hard contrast"],
  shadows: ["fewer black areas", "crushed shadows"],
  highlights: ["fewer white areas", "clipped highlights"],
  range: ["less range between dark and bright", "more range between dark and bright"],
  faceStops: ["light from behind", "a dark background, or light on the face"],
  sideStops: ["more even light", "light from one side"],
  sharpness: ["blur", "sharper pictures"],
  noise: ["less noise", "noise"],
  margin: ["lower scores", "higher scores"],
};

/** The network's answer is a consequence: it names no cause, and follows the labels' shares as well. */
export function rankCauses(features: readonly FeatureComparison[]): Cause[] {
  // Strong noise hides how sharp a picture is: what of it is left looks like detail.
  const isNoisy = features.some((feature) => feature.name === "noise" && feature.differs && isMore(feature));
  const isUntold = (feature: FeatureComparison) => isNoisy && feature.name === "sharpness" && isMore(feature);
  return features
    .filter((feature) => feature.differs && feature.name !== "margin" && !isUntold(feature))
    .sort((a, b) => b.test.statistic - a.test.statistic || b.stability.index - a.stability.index)
    .map((feature) => ({
      feature: feature.name,
      name: NAMES[feature.name][isMore(feature) ? 1 : 0],
      sentence: sentenceOf(feature),
      statistic: feature.test.statistic,
    }));
}

/** By the quartile in which the two sides differ most: medians of what is rare are equal. */
function isMore({ training, serving }: FeatureComparison): boolean {
  const differences = [
    serving.median - training.median,
    serving.quarter - training.quarter,
    serving.threeQuarters - training.threeQuarters,
  ];
  return differences.sort((a, b) => Math.abs(b) - Math.abs(a))[0] > 0;
}

function sentenceOf(feature: FeatureComparison): string {
  const { name, unit, digits } = feature;
  const { serving, training, which } = typical(feature);
  const shown = (value: number) => value.toFixed(digits).replace(/^-(?=[0.]*$)/, "");
  const usual = which === "median" ? "" : `, looking at the ${which} quarter`;
  switch (name) {
    case "faceStops":
      return `captures are ${stops(serving)} in the face than in the background; training has ${stops(training)}${usual}`;
    case "shadows":
      return `${shown(serving)} % of a capture's pixels are black; training has ${shown(training)} %${usual}`;
    case "highlights":
      return `${shown(serving)} % of a capture's pixels are white; training has ${shown(training)} %${usual}`;
    case "sideStops":
      return `light on the face differs by ${shown(serving)} stops between its sides; training has ${shown(training)}${usual}`;
    case "sharpness": {
      const factor = 2 ** Math.abs(serving - training);
      return `captures have ${factor.toFixed(1)} times ${serving < training ? "less" : "more"} fine detail than training pictures${usual}`;
    }
    case "noise":
      return `captures have noise of ${shown(serving)} grey levels; training has ${shown(training)}${usual}`;
    default:
      return `${feature.title} is ${shown(serving)} ${unit} in captures; training has ${shown(training)}${usual}`;
  }
}

/** The quartile to speak of: the median, or the one in which they differ more than twice as much. */
function typical({ serving, training }: FeatureComparison) {
  const difference = (key: "median" | "quarter" | "threeQuarters") => Math.abs(serving[key] - training[key]);
  const key = (["quarter", "threeQuarters"] as const).find((other) => difference(other) > 2 * difference("median"));
  const chosen = key ?? "median";
  const which = chosen === "median" ? "median" : chosen === "quarter" ? "lowest" : "highest";
  return { serving: serving[chosen], training: training[chosen], which };
}

/** "1.8 stops darker", "0.2 stops brighter". */
function stops(value: number): string {
  if (Math.abs(value) < 0.05) return "0.0 stops brighter or darker";
  return `${Math.abs(value).toFixed(1)} stops ${value < 0 ? "darker" : "brighter"}`;
}
