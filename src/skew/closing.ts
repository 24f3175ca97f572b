/** Which augmentation would close which gap: each is tried alone at several strengths on training pictures, and the distance to the captures measured again. */

import { Augmenter } from "../augment/pipeline.js";
import { NO_AUGMENTATION } from "../augment/strengths.js";
import type { AugmentationName, AugmentOptions } from "../augment/types.js";
import { wholeBox } from "../locate/center.js";
import { resizeArea } from "../preprocess/resize.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { relativeDistance } from "./compare.js";
import { type Feature, FeatureMeter, type FeatureName, PICTURE_FEATURES } from "./features.js";
import type { Histogram } from "./histogram.js";
import { addFeatures, newHistograms } from "./samples.js";

export type Histograms = Readonly<Record<FeatureName, Histogram>>;

/** Augmentation as it may be tried: the whole setting, and what a reader calls it. */
export interface Trial {
  readonly augmentation: AugmentationName;
  readonly setting: AugmentOptions[AugmentationName];
  /** As in the configuration: "backlight.stops 3". */
  readonly label: string;
}

/** Always happening, at each of these strengths; every candidate lies within the configuration's bounds. */
export const TRIALS: readonly Trial[] = [
  ...alone("exposure", [0.6, 1.2, 2.4], (stops) => stops, "stops"),
  ...alone("unevenLight", [0.75, 1.5, 3], (stops) => stops, "stops"),
  ...alone("backlight", [1, 2, 4], (stops) => ({ stops, veil: 0.2, probability: 1 }), "stops"),
  ...alone("vignette", [0.8, 1.6], (stops) => stops, "stops"),
  ...alone("defocus", [0.8, 1.6, 3], (radius) => ({ radius, probability: 1 }), "input pixels"),
  ...alone("motionBlur", [2, 4, 8], (length) => ({ length, probability: 1 }), "input pixels"),
  ...alone("lowResolution", [32, 24, 16], (pixels) => ({ pixels, probability: 1 }), "sensor pixels"),
  {
    augmentation: "camera",
    setting: { sensor: "ov2640", probability: 1 },
    label: "camera ov2640",
  },
  ...alone("noise", [8, 32, 128], (gain) => ({ gain, probability: 1 }), "times gain"),
  ...alone("gamma", [0.35, 0.8], (change) => change, "change of the exponent"),
  ...alone("contrast", [0.45, 0.9], (change) => change, "change of contrast"),
  ...alone("crushedShadows", [0.15, 0.3, 0.6], (level) => ({ level, probability: 1 }), "of the range"),
  ...alone("clippedHighlights", [1, 2], (stops) => ({ stops, probability: 1 }), "stops"),
  ...alone("jpeg", [60, 20], (quality) => ({ quality, probability: 1 }), "quality"),
];

function alone<Name extends AugmentationName>(
  augmentation: Name,
  strengths: readonly number[],
  setting: (strength: number) => AugmentOptions[Name],
  unit: string,
): Trial[] {
  return strengths.map((strength) => ({
    augmentation,
    setting: setting(strength),
    label: `${augmentation}, ${strength} ${unit}`,
  }));
}

/** Measures what an augmentation makes of training pictures. The same random numbers in every call, so settings are compared on equal draws. */
export class AugmentationProbe {
  private readonly meter: FeatureMeter;
  private readonly resized: Uint8Array<ArrayBuffer>;

  /** `pictures`: square, `size` pixels, with room for augmentation. */
  constructor(
    private readonly pictures: readonly Uint8Array[],
    private readonly size: number,
    private readonly spec: PreprocessSpec,
    private readonly seed: number,
  ) {
    this.meter = new FeatureMeter(spec.size);
    this.resized = new Uint8Array(spec.size * spec.size);
  }

  /** Grey pixels as the network would get them; overwritten by the next call. */
  *vary(options: AugmentOptions, epoch = 0): Generator<Uint8Array> {
    const augmenter = new Augmenter(this.size, this.spec, options, this.seed);
    const box = wholeBox(this.size, this.size);
    for (const [index, picture] of this.pictures.entries()) {
      const pixels = augmenter.vary(picture, epoch, index);
      yield resizeArea({ width: this.size, height: this.size, pixels }, box, this.spec.size, this.resized);
    }
  }

  measure(options: AugmentOptions, epoch = 0): Histograms {
    const histograms = newHistograms();
    for (const grey of this.vary(options, epoch)) addFeatures(histograms, this.meter.measure(grey));
    return histograms;
  }
}

export interface Closing {
  readonly feature: FeatureName;
  readonly title: string;
  /** Relative distance of the pictures as they are. */
  readonly before: number;
  /** The trials that shrink it most, best first; each another augmentation. */
  readonly best: readonly { readonly label: string; readonly augmentation: AugmentationName; readonly after: number }[];
}

/** Of a gap, for an augmentation to be named. */
const WORTH = 0.15;
const NAMED = 3;

export function closingAugmentations(
  probe: AugmentationProbe,
  serving: Histograms,
  gaps: readonly FeatureName[],
  onTrial: (done: number) => void,
): Closing[] {
  const plain = probe.measure(NO_AUGMENTATION);
  const tried = TRIALS.map((trial, index) => {
    const measured = probe.measure({ ...NO_AUGMENTATION, [trial.augmentation]: trial.setting });
    onTrial(index + 1);
    return { trial, measured };
  });
  return PICTURE_FEATURES.filter(({ name }) => gaps.includes(name)).map((feature) => {
    const before = relativeDistance(feature, plain[feature.name], serving[feature.name]);
    const results = tried
      .map(({ trial: { label, augmentation }, measured }) => {
        return { label, augmentation, after: relativeDistance(feature, measured[feature.name], serving[feature.name]) };
      })
      .filter(({ after }) => after < (1 - WORTH) * before)
      .sort((a, b) => a.after - b.after);
    const best = results.filter(
      ({ augmentation }, i) => results.findIndex((other) => other.augmentation === augmentation) === i,
    );
    return { feature: feature.name, title: feature.title, before, best: best.slice(0, NAMED) };
  });
}

/** Mean relative distance over all features of a picture: what a fit makes small. */
export function meanDistance(measured: Histograms, serving: Histograms): number {
  const distances = PICTURE_FEATURES.map((feature: Feature) => {
    return relativeDistance(feature, measured[feature.name], serving[feature.name]);
  });
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}
