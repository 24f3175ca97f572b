/**
 * Numbers about imported pictures, per source, label and split: how many there are and how they look. All are measured on the part of the
 * picture that the network sees (the face square) at its own resolution, in grey levels 0 to 255.
 */
import type { Catalogue } from "./catalogue.js";
import { PictureReader } from "./catalogue.js";
import { faceSquare } from "./framing.js";
import { crop } from "./reduce.js";
import { splitNames } from "./split.js";
import type { GrayImage, Split } from "./types.js";

/** Measures of one picture. */
export interface PictureMeasures {
  /** Mean grey level. */
  readonly brightness: number;
  /** Standard deviation of the grey levels. */
  readonly contrast: number;
  /** 99th minus 1st percentile of the grey levels. */
  readonly range: number;
  /** Part of the pixels that are 0 or 255. */
  readonly clipped: number;
  /** Variance of the 4-neighbour Laplacian: small for blurred pictures (Pech-Pacheco et al. 2000). */
  readonly sharpness: number;
  /** Standard deviation of the noise (Immerkaer 1996); texture counts as noise, so it is an upper bound. */
  readonly noise: number;
}

/** Mean and standard deviation of a measure over pictures. */
export interface Spread {
  readonly mean: number;
  readonly std: number;
}

export interface StatsGroup {
  readonly source: string;
  readonly label: string;
  readonly split: Split;
  /** Pictures. */
  readonly count: number;
  /** Different groups (persons). */
  readonly groups: number;
  readonly measures: Readonly<Record<keyof PictureMeasures, Spread>>;
}

export interface DataStats {
  readonly formatVersion: 1;
  readonly count: number;
  /** Ordered by source, label and split. */
  readonly groups: readonly StatsGroup[];
  /** Pictures the imports kept out, per import and reason. */
  readonly rejected: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Pictures left out because imports contradict or repeat each other. */
  readonly dropped: number;
}

const MEASURES: readonly (keyof PictureMeasures)[] = [
  "brightness",
  "contrast",
  "range",
  "clipped",
  "sharpness",
  "noise",
];

class Accumulator {
  private count = 0;
  private readonly groups = new Set<string>();
  private readonly sums = new Float64Array(MEASURES.length);
  private readonly squares = new Float64Array(MEASURES.length);

  add(group: string, measures: PictureMeasures): void {
    this.count++;
    this.groups.add(group);
    MEASURES.forEach((name, i) => {
      this.sums[i] += measures[name];
      this.squares[i] += measures[name] * measures[name];
    });
  }

  finish(source: string, label: string, split: Split): StatsGroup {
    const spread = (i: number): Spread => {
      const mean = this.sums[i] / this.count;
      return { mean, std: Math.sqrt(Math.max(0, this.squares[i] / this.count - mean * mean)) };
    };
    const measures = Object.fromEntries(MEASURES.map((name, i) => [name, spread(i)])) as StatsGroup["measures"];
    return { source, label, split, count: this.count, groups: this.groups.size, measures };
  }
}

/** Measures every picture of a catalogue, one at a time. */
export function dataStats(catalogue: Catalogue, onPicture: (done: number) => void = () => undefined): DataStats {
  const reader = new PictureReader(catalogue.imports);
  const parts = new Map<string, Accumulator>();
  try {
    catalogue.records.forEach((record, i) => {
      const key = JSON.stringify([record.source, record.label, splitNames.indexOf(record.split)]);
      const part = parts.get(key) ?? new Accumulator();
      part.add(record.group, measurePicture(crop(reader.read(record), faceSquare(record, record.box))));
      parts.set(key, part);
      onPicture(i + 1);
    });
  } finally {
    reader.close();
  }
  const groups = [...parts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => {
      const [source, label, split] = JSON.parse(key) as [string, string, number];
      return part.finish(source, label, splitNames[split]);
    });
  const rejected = Object.fromEntries(catalogue.imports.map(({ summary }) => [summary.name, { ...summary.reasons }]));
  return { formatVersion: 1, count: catalogue.records.length, groups, rejected, dropped: catalogue.dropped.length };
}

export function measurePicture(image: GrayImage): PictureMeasures {
  return { ...measureLevels(image.pixels), sharpness: laplacianVariance(image), noise: noiseEstimate(image) };
}

function measureLevels(pixels: Uint8Array): Omit<PictureMeasures, "sharpness" | "noise"> {
  const histogram = new Uint32Array(256);
  for (const value of pixels) histogram[value]++;
  let sum = 0;
  let squares = 0;
  for (let value = 0; value < 256; value++) {
    sum += value * histogram[value];
    squares += value * value * histogram[value];
  }
  const n = pixels.length;
  const brightness = sum / n;
  return {
    brightness,
    contrast: Math.sqrt(Math.max(0, squares / n - brightness * brightness)),
    range: percentile(histogram, n, 0.99) - percentile(histogram, n, 0.01),
    clipped: (histogram[0] + histogram[255]) / n,
  };
}

/** Smallest level with at least `part` of the pixels at or below it. */
function percentile(histogram: Uint32Array, count: number, part: number): number {
  let below = 0;
  for (let value = 0; value < 256; value++) {
    below += histogram[value];
    if (below >= part * count) return value;
  }
  return 255;
}

function laplacianVariance({ width, height, pixels }: GrayImage): number {
  let sum = 0;
  let squares = 0;
  const n = (width - 2) * (height - 2);
  if (n <= 0) return 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
      const value = pixels[i - 1] + pixels[i + 1] + pixels[i - width] + pixels[i + width] - 4 * pixels[i];
      sum += value;
      squares += value * value;
    }
  }
  return squares / n - (sum / n) ** 2;
}

/** J. Immerkaer, "Fast Noise Variance Estimation", CVIU 64(2), 1996: sqrt(pi / 2) / (6 (W-2) (H-2)) times the sum of |picture * N|. */
function noiseEstimate({ width, height, pixels: p }: GrayImage): number {
  const n = (width - 2) * (height - 2);
  if (n <= 0) return 0;
  let sum = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
      const corners = p[i - width - 1] + p[i - width + 1] + p[i + width - 1] + p[i + width + 1];
      const sides = p[i - 1] + p[i + 1] + p[i - width] + p[i + width];
      sum += Math.abs(corners - 2 * sides + 4 * p[i]);
    }
  }
  return (Math.sqrt(Math.PI / 2) * sum) / (6 * n);
}

/** A table for the terminal: header first, one row per source, label and split. */
export function statsTable(stats: DataStats): string[][] {
  const header = [
    "source",
    "label",
    "split",
    "pictures",
    "groups",
    ...MEASURES.map((name) => (name === "clipped" ? "clipped %" : name)),
  ];
  const rows = stats.groups.map((group) => [
    group.source,
    group.label,
    group.split,
    String(group.count),
    String(group.groups),
    ...MEASURES.map((name) => shown(name, group.measures[name])),
  ]);
  return [header, ...rows];
}

function shown(name: keyof PictureMeasures, { mean, std }: Spread): string {
  const factor = name === "clipped" ? 100 : 1;
  const digits = name === "sharpness" ? 0 : 1;
  return `${(factor * mean).toFixed(digits)} ± ${(factor * std).toFixed(digits)}`;
}
