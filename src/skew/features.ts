/**
 * What a picture is like, as numbers: measured on the grey square that the network sees, at the network's own resolution, before normalization, and alike for
 * training pictures and captures. Where a face lies in the square and how it is tilted is not measured: without a face detector that would be a guess.
 */
import { DECODE } from "../augment/tone/tables.js";

export type FeatureName =
  | "brightness"
  | "contrast"
  | "shadows"
  | "highlights"
  | "range"
  | "faceStops"
  | "sideStops"
  | "sharpness"
  | "noise"
  | "margin";

export interface Feature {
  readonly name: FeatureName;
  readonly title: string;
  readonly unit: string;
  /** Values beyond are counted at the end they exceed. */
  readonly low: number;
  readonly high: number;
  /** Decimals a reader wants. */
  readonly digits: number;
  /** How it is measured, with its source. */
  readonly meaning: string;
}

/** Grey levels that count as black and as white: a few levels of room for what a resize mixes in. */
const BLACK = 12;
const WHITE = 243;

/** Features of a picture, in the order of {@link measureFeatures}; the network's own answer comes last. */
export const PICTURE_FEATURES: readonly Feature[] = [
  {
    name: "brightness",
    title: "brightness",
    unit: "grey levels",
    low: 0,
    high: 255,
    digits: 0,
    meaning: "mean grey level",
  },
  {
    name: "contrast",
    title: "contrast",
    unit: "grey levels",
    low: 0,
    high: 128,
    digits: 0,
    meaning: "standard deviation of the grey levels",
  },
  {
    name: "shadows",
    title: "shadow clipping",
    unit: "% of the pixels",
    low: 0,
    high: 100,
    digits: 1,
    meaning: `pixels of at most ${BLACK} of 255`,
  },
  {
    name: "highlights",
    title: "highlight clipping",
    unit: "% of the pixels",
    low: 0,
    high: 100,
    digits: 1,
    meaning: `pixels of at least ${WHITE} of 255`,
  },
  {
    name: "range",
    title: "dynamic range",
    unit: "stops",
    low: 0,
    high: 12,
    digits: 1,
    meaning: "light at the 95th over that at the 5th percentile, grey levels taken as sRGB",
  },
  {
    name: "faceStops",
    title: "face to background",
    unit: "stops",
    low: -8,
    high: 8,
    digits: 1,
    meaning: "mean light in the middle ellipse over that in the corners of the square, grey levels taken as sRGB",
  },
  {
    name: "sideStops",
    title: "uneven light",
    unit: "stops",
    low: 0,
    high: 6,
    digits: 1,
    meaning:
      "difference of light between the halves of the middle ellipse, left and right or above and below, whichever is larger",
  },
  {
    name: "sharpness",
    title: "sharpness",
    unit: "log2",
    low: -10,
    high: 4,
    digits: 1,
    meaning:
      "variance of the Laplacian (Pech-Pacheco et al. 2000) less what the noise adds to it, relative to the variance of the grey levels, as a power of two",
  },
  {
    name: "noise",
    title: "noise",
    unit: "grey levels",
    low: 0,
    high: 32,
    digits: 1,
    meaning:
      "standard deviation by Immerkaer (1996) in blocks of 8 x 8, lower quartile of the blocks that are not clipped",
  },
];

export const MARGIN: Feature = {
  name: "margin",
  title: "score",
  unit: "margin steps",
  low: -256,
  high: 256,
  digits: 0,
  meaning: "the network's margin: int8 logit of the positive label minus the largest other one",
};

/** Half axes of the ellipse that is mostly face, and of the one outside of which is mostly background; fractions of the side. */
const FACE = { x: 0.3, y: 0.38 };
const HEAD = { x: 0.48, y: 0.62 };
const BLOCK = 8;
/** Blocks darker or brighter than this hide their noise. */
const HIDDEN = { below: 10, above: 245 };
/** Of the 4-neighbour Laplacian of white noise: 4^2 + 4 * 1^2 times its variance. */
const LAPLACIAN_GAIN = 20;
/** Of the Laplacian's variance, where noise would explain all of it. */
const LEAST_DETAIL = 0.02;

/** Measures square pictures of one size; keeps its tables. */
export class FeatureMeter {
  /** 1: face, 2: background, 0: neither. */
  private readonly parts: Uint8Array;
  private readonly histogram = new Uint32Array(256);

  /** @param size side in pixels, at least 8 */
  constructor(readonly size: number) {
    this.parts = Uint8Array.from({ length: size * size }, (_, i) => partAt(i % size, Math.floor(i / size), size));
  }

  /** `grey`: size * size pixels. One value per {@link PICTURE_FEATURES}. */
  measure(grey: Uint8Array): Float64Array {
    const { brightness, deviation, shadows, highlights, range } = this.levels(grey);
    const { faceStops, sideStops } = this.light(grey);
    const { noise, everywhere } = this.noise(grey);
    const sharpness = this.sharpness(grey, everywhere, deviation);
    return Float64Array.of(brightness, deviation, shadows, highlights, range, faceStops, sideStops, sharpness, noise);
  }

  private levels(grey: Uint8Array) {
    const { histogram } = this;
    histogram.fill(0);
    for (const value of grey) histogram[value]++;
    let [sum, squares, black, white] = [0, 0, 0, 0];
    for (let value = 0; value < 256; value++) {
      const count = histogram[value];
      sum += value * count;
      squares += value * value * count;
      if (value <= BLACK) black += count;
      if (value >= WHITE) white += count;
    }
    const n = grey.length;
    const brightness = sum / n;
    return {
      brightness,
      deviation: Math.sqrt(Math.max(0, squares / n - brightness * brightness)),
      shadows: (100 * black) / n,
      highlights: (100 * white) / n,
      range: Math.log2(lightOf(this.level(n, 0.95)) / lightOf(this.level(n, 0.05))),
    };
  }

  /** Smallest level with at least `part` of the pixels at or below it. */
  private level(count: number, part: number): number {
    let below = 0;
    for (let value = 0; value < 256; value++) {
      below += this.histogram[value];
      if (below >= part * count) return value;
    }
    return 255;
  }

  private light(grey: Uint8Array) {
    const { size, parts } = this;
    const middle = (size - 1) / 2;
    const sums = new Float64Array(6);
    const counts = new Float64Array(6);
    const add = (at: number, value: number) => {
      sums[at] += value;
      counts[at]++;
    };
    for (let y = 0, i = 0; y < size; y++) {
      for (let x = 0; x < size; x++, i++) {
        if (parts[i] === 0) continue;
        const value = lightOf(grey[i]);
        add(parts[i] - 1, value);
        if (parts[i] === 2) continue;
        add(x < middle ? 2 : 3, value);
        add(y < middle ? 4 : 5, value);
      }
    }
    const stops = (a: number, b: number) => Math.log2(sums[a] / counts[a] / (sums[b] / counts[b]));
    return { faceStops: stops(0, 1), sideStops: Math.max(Math.abs(stops(2, 3)), Math.abs(stops(4, 5))) };
  }

  /** J. Immerkaer, "Fast Noise Variance Estimation", CVIU 64(2), 1996, block by block: texture counts as noise, so the quiet blocks are asked. */
  private noise(grey: Uint8Array): { noise: number /** Mean variance of all blocks. */; everywhere: number } {
    const { size } = this;
    const blocks: number[] = [];
    const hidden: number[] = [];
    for (let top = 1; top + BLOCK < size; top += BLOCK) {
      for (let left = 1; left + BLOCK < size; left += BLOCK) {
        const { mean, deviation } = blockNoise(grey, size, left, top);
        (mean < HIDDEN.below || mean > HIDDEN.above ? hidden : blocks).push(deviation);
      }
    }
    const asked = (blocks.length > 0 ? blocks : hidden).sort((a, b) => a - b);
    const all = [...blocks, ...hidden];
    const everywhere = all.reduce((sum, deviation) => sum + deviation * deviation, 0) / Math.max(1, all.length);
    return { noise: asked[Math.floor((asked.length - 1) / 4)] ?? 0, everywhere };
  }

  private sharpness(grey: Uint8Array, added: number, deviation: number): number {
    const { size } = this;
    let [sum, squares] = [0, 0];
    const n = (size - 2) * (size - 2);
    for (let y = 1; y < size - 1; y++) {
      for (let x = 1, i = y * size + 1; x < size - 1; x++, i++) {
        const value = grey[i - 1] + grey[i + 1] + grey[i - size] + grey[i + size] - 4 * grey[i];
        sum += value;
        squares += value * value;
      }
    }
    const laplacian = squares / n - (sum / n) ** 2;
    const detail = Math.max(LEAST_DETAIL * laplacian, laplacian - LAPLACIAN_GAIN * added);
    const signal = Math.max(1, deviation * deviation - added);
    return Math.log2(Math.max(2 ** -10, detail / signal));
  }
}

/** Linear light of a grey level; black is the light of level 1, so that ratios stay finite. */
function lightOf(grey: number): number {
  return DECODE[Math.max(1, grey)];
}

function partAt(x: number, y: number, size: number): number {
  const dx = (x + 0.5) / size - 0.5;
  const dy = (y + 0.5) / size - 0.5;
  if ((dx / FACE.x) ** 2 + (dy / FACE.y) ** 2 <= 1) return 1;
  return (dx / HEAD.x) ** 2 + (dy / HEAD.y) ** 2 > 1 ? 2 : 0;
}

function blockNoise(p: Uint8Array, width: number, left: number, top: number): { mean: number; deviation: number } {
  let [sum, grey] = [0, 0];
  for (let y = top; y < top + BLOCK; y++) {
    for (let x = left, i = y * width + left; x < left + BLOCK; x++, i++) {
      const corners = p[i - width - 1] + p[i - width + 1] + p[i + width - 1] + p[i + width + 1];
      const sides = p[i - 1] + p[i + 1] + p[i - width] + p[i + width];
      sum += Math.abs(corners - 2 * sides + 4 * p[i]);
      grey += p[i];
    }
  }
  const n = BLOCK * BLOCK;
  return { mean: grey / n, deviation: (Math.sqrt(Math.PI / 2) * sum) / (6 * n) };
}
