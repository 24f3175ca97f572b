/** Training against serving: feature by feature, as one number, and as a map. */
import type { Interval } from "../evaluate/bootstrap.js";
import { holm, kolmogorovSmirnov, type Stability, stability, type TwoSampleTest, wasserstein } from "./distances.js";
import { type DomainSample, domainClassifier } from "./domain-classifier.js";
import { type Feature, type FeatureName, MARGIN, PICTURE_FEATURES } from "./features.js";
import { type Plane, principalPlane, type Rows, scaled, scalingOf } from "./matrix.js";
import type { SampledPicture, Side } from "./samples.js";

export interface Spread {
  readonly quarter: number;
  readonly median: number;
  readonly threeQuarters: number;
}

export interface FeatureComparison {
  readonly name: FeatureName;
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  readonly meaning: string;
  readonly training: Spread;
  readonly serving: Spread;
  readonly stability: Stability;
  readonly test: TwoSampleTest;
  /** p of the test corrected for the number of features (Holm). */
  readonly corrected: number;
  /** Wasserstein-1 distance in units of the captures' spread. */
  readonly distance: number;
  /** Beyond chance, and large enough to matter. */
  readonly differs: boolean;
  readonly chart: {
    readonly low: number;
    readonly high: number;
    /** Shares of the pictures in equal parts of low to high. */
    readonly training: readonly number[];
    readonly serving: readonly number[];
  };
}

/** A difference counts when chance would hardly make it, and the index says that it is one worth having. */
const SURE = 0.01;
const NOTEWORTHY = 0.1;
const CHART_BINS = 32;

const FEATURES: readonly Feature[] = [...PICTURE_FEATURES, MARGIN];

export function compareFeatures(training: Side, serving: Side): FeatureComparison[] {
  const tests = FEATURES.map(({ name }) => kolmogorovSmirnov(training.histograms[name], serving.histograms[name]));
  const corrected = holm(tests.map(({ p }) => p));
  return FEATURES.map((feature, i) => compareOne(feature, training, serving, tests[i], corrected[i]));
}

function compareOne(feature: Feature, training: Side, serving: Side, test: TwoSampleTest, corrected: number) {
  const { low, high, ...shown } = feature;
  const [before, now] = [training.histograms[feature.name], serving.histograms[feature.name]];
  const index = stability(before, now);
  // Where almost all is, rounded outwards.
  const from = Math.min(before.quantile(0.005), now.quantile(0.005));
  const to = Math.max(before.quantile(0.995), now.quantile(0.995));
  const room = Math.max((to - from) * 0.05, (high - low) / 256);
  const range = { low: Math.max(low, from - room), high: Math.min(high, to + room) };
  return {
    ...shown,
    training: spreadOf(before),
    serving: spreadOf(now),
    stability: index,
    test,
    corrected,
    distance: relativeDistance(feature, before, now),
    differs: corrected < SURE && index.index - index.chance > NOTEWORTHY,
    chart: {
      ...range,
      training: before.shares(CHART_BINS, range.low, range.high),
      serving: now.shares(CHART_BINS, range.low, range.high),
    },
  };
}

type Distribution = Side["histograms"][FeatureName];

function spreadOf(histogram: Distribution): Spread {
  const [quarter, median, threeQuarters] = [0.25, 0.5, 0.75].map((part) => histogram.quantile(part));
  return { quarter, median, threeQuarters };
}

/** In units of half the width of the captures' middle two thirds, at least a hundredth of the feature's range: the same unit whatever the other side is. */
export function relativeDistance({ low, high }: Feature, training: Distribution, serving: Distribution): number {
  const spread = (serving.quantile(5 / 6) - serving.quantile(1 / 6)) / 2;
  return wasserstein(training, serving) / Math.max(spread, (high - low) / 100);
}

export function tellApart(training: Side, serving: Side): Interval {
  return domainClassifier(training.sample.map(domainSample), serving.sample.map(domainSample)).auc;
}

function domainSample({ features, embedding, group }: SampledPicture): DomainSample {
  const values = new Float64Array(features.length + embedding.length);
  values.set(features);
  values.set(embedding, features.length);
  return { values, group };
}

export interface EmbeddingMap extends Plane {
  /** The first so many points are training pictures. */
  readonly training: number;
}

/** Points of each side on the map. */
const ON_MAP = 400;

export function embeddingMap(training: Side, serving: Side): EmbeddingMap {
  const few = (sample: readonly SampledPicture[]) =>
    sample.filter((_, i) => i % Math.max(1, Math.ceil(sample.length / ON_MAP)) === 0);
  const [before, now] = [few(training.sample), few(serving.sample)];
  const plane = principalPlane(standardized([...before, ...now], training.sample));
  return { ...plane, training: before.length };
}

function standardized(pictures: readonly SampledPicture[], reference: readonly SampledPicture[]): Rows {
  const scaling = scalingOf(reference.map(({ embedding }) => embedding));
  return pictures.map(({ embedding }) => scaled(embedding, scaling));
}

export interface StrangePair {
  readonly capture: SampledPicture;
  readonly nearest: SampledPicture;
  /** Mean distance to the nearest training pictures, in the typical distance between training pictures. */
  readonly strangeness: number;
}

/** Neighbours that strangeness is the mean distance to (Ramaswamy et al. 2000). */
const NEIGHBOURS = 5;

/** The captures farthest from what training showed the network, each with the training picture nearest to it. */
export function strangestCaptures(training: Side, serving: Side, count: number): StrangePair[] {
  const known = standardized(training.sample, training.sample);
  const usual = medianOf(known.filter((_, i) => i % 10 === 0).map((row) => nearestTo(row, known, NEIGHBOURS + 1).mean));
  const pairs = standardized(serving.sample, training.sample).map((row, i) => {
    const { mean, first } = nearestTo(row, known, NEIGHBOURS);
    return { capture: serving.sample[i], nearest: training.sample[first], strangeness: mean / Math.max(1e-9, usual) };
  });
  return pairs.sort((a, b) => b.strangeness - a.strangeness).slice(0, count);
}

function nearestTo(row: Float64Array, known: Rows, count: number): { mean: number; first: number } {
  const distances = known.map((other, index) => {
    let sum = 0;
    for (let k = 0; k < row.length; k++) sum += (row[k] - other[k]) ** 2;
    return { distance: Math.sqrt(sum), index };
  });
  distances.sort((a, b) => a.distance - b.distance);
  const nearest = distances.slice(0, count);
  return { mean: nearest.reduce((sum, { distance }) => sum + distance, 0) / nearest.length, first: nearest[0].index };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
