/** Both sides of the comparison, read one picture at a time: distributions of all, and a spread-out sample to be looked at closely. */

import { normalize } from "../preprocess/normalize.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import type { Embedder } from "./embedder.js";
import { FeatureMeter, type FeatureName, MARGIN, PICTURE_FEATURES } from "./features.js";
import { Histogram } from "./histogram.js";

/** A picture as the network gets it. */
export interface SeenPicture {
  /** size * size grey pixels, before normalization. */
  readonly grey: Uint8Array;
  readonly group: string;
  /** As a reader knows it. */
  readonly name: string;
}

export interface SampledPicture extends SeenPicture {
  /** In the order of PICTURE_FEATURES. */
  readonly features: Float64Array;
  readonly embedding: Float64Array;
  readonly margin: number;
}

export interface Side {
  /** Pictures measured. */
  readonly count: number;
  readonly histograms: Readonly<Record<FeatureName, Histogram>>;
  readonly sample: readonly SampledPicture[];
}

/** Pictures of each side that the network looks at, at most: memory and time stay bounded whatever there is. */
export const MOST_SAMPLED = 1000;

/** Whether picture `index` of `total` belongs to a sample of at most `most`, spread evenly. */
export function isSampled(index: number, total: number, most: number): boolean {
  return total <= most || Math.floor(((index + 1) * most) / total) > Math.floor((index * most) / total);
}

export function newHistograms(): Record<FeatureName, Histogram> {
  const all = [...PICTURE_FEATURES, MARGIN].map(({ name, low, high }) => [name, new Histogram(low, high)] as const);
  return Object.fromEntries(all) as Record<FeatureName, Histogram>;
}

export function addFeatures(histograms: Readonly<Record<FeatureName, Histogram>>, features: Float64Array): void {
  PICTURE_FEATURES.forEach(({ name }, i) => {
    histograms[name].add(features[i]);
  });
}

/** Measures pictures as they come. `total` is how many there will be. */
export class SideBuilder {
  private readonly meter: FeatureMeter;
  private readonly histograms = newHistograms();
  private readonly sample: SampledPicture[] = [];
  private count = 0;

  constructor(
    private readonly spec: PreprocessSpec,
    private readonly embedder: Embedder,
    private readonly total: number,
    private readonly most = MOST_SAMPLED,
  ) {
    this.meter = new FeatureMeter(spec.size);
  }

  add(picture: SeenPicture): void {
    const features = this.meter.measure(picture.grey);
    addFeatures(this.histograms, features);
    if (isSampled(this.count++, this.total, this.most)) {
      const seen = this.embedder.see(normalize(picture.grey, this.spec.normalize));
      this.histograms.margin.add(seen.margin);
      this.sample.push({ ...picture, features, ...seen });
    }
  }

  finish(): Side {
    return { count: this.count, histograms: this.histograms, sample: this.sample };
  }
}
