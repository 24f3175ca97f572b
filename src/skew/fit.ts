/**
 * Strengths of `train.augment` at which augmented training pictures look like the captures: coordinate descent over fixed candidates per augmentation, on the mean
 * relative distance of the features. Bounded (passes times candidates), and deterministic: every candidate sees the same pictures and the same random draws.
 *
 * Not fitted: geometry (flip, shift, scale, rotation, perspective, shutter), hands, caps, glare, banding, hot pixels and pattern noise. No feature sees them well
 * enough to tell whether the captures have them, so they stay as the configuration has them.
 */
import { amountOf, appearanceOnly } from "../augment/strengths.js";
import type { AugmentationName, AugmentOptions } from "../augment/types.js";
import { type AugmentationProbe, type Histograms, meanDistance } from "./closing.js";

export interface FitResult {
  readonly options: AugmentOptions;
  readonly changed: readonly AugmentationName[];
  /** Mean relative distance before and after, on the pictures that were fitted on. */
  readonly before: number;
  readonly after: number;
  /** Settings that were measured. */
  readonly trials: number;
}

type Candidates = { readonly [Name in AugmentationName]?: readonly AugmentOptions[Name][] };

const shares = [0.15, 0.3, 0.5, 0.75];

/** Every combination of the first with the second. */
function grid<T>(firsts: readonly number[], seconds: readonly number[], make: (a: number, b: number) => T): T[] {
  return firsts.flatMap((first) => seconds.map((second) => make(first, second)));
}

/** In the order of the physics; nothing happens to more than three quarters of the pictures, so that training keeps some without it. Within the bounds of src/config/augment.ts. */
const CANDIDATES: Candidates = {
  unevenLight: [0.75, 1.5, 2.5, 4],
  backlight: grid([1, 2, 3, 4.5], [0.15, 0.35, 0.6, 0.75], (stops, probability) => ({ stops, veil: 0.3, probability })),
  vignette: [0.4, 0.8, 1.6],
  defocus: grid([0.8, 1.6, 2.4], [0.3, 0.6], (radius, probability) => ({ radius, probability })),
  motionBlur: grid([2, 4], [0.18, 0.5], (length, probability) => ({ length, probability })),
  lowResolution: grid([32, 24, 16], [0.18, 0.5], (pixels, probability) => ({ pixels, probability })),
  camera: shares.map((probability) => ({ sensor: "ov2640" as const, probability })),
  exposure: [0.6, 1.2, 2, 3],
  noise: grid([4, 16, 48, 128], [0.4, 0.7], (gain, probability) => ({ gain, probability })),
  gamma: [0.2, 0.35, 0.6, 1],
  contrast: [0.25, 0.45, 0.8],
  crushedShadows: grid([0.1, 0.2, 0.35], [0.2, 0.5, 0.75], (level, probability) => ({ level, probability })),
  clippedHighlights: grid([0.5, 1, 2], [0.08, 0.3, 0.7], (stops, probability) => ({ stops, probability })),
};

const PASSES = 2;
/** A change has to shrink the distance by this part of it, or it is not worth departing from the configuration. */
const WORTH = 0.015;

const NAMES = Object.keys(CANDIDATES) as AugmentationName[];

/** The captures so far do not show all the light there will be: no share and no scalar strength falls below half of what the configuration has. */
function candidatesOf(name: AugmentationName, present: AugmentOptions): readonly AugmentOptions[AugmentationName][] {
  const listed = CANDIDATES[name] ?? [];
  const amount = amountOf(present[name]);
  const enough = listed.filter((setting) => amountOf(setting) >= amount / 2);
  return amount === 0 ? enough : [halved(present[name]), ...enough];
}

function halved(setting: AugmentOptions[AugmentationName]): AugmentOptions[AugmentationName] {
  const half = Number((amountOf(setting) / 2).toPrecision(6));
  return typeof setting === "number" ? half : ({ ...(setting as object), probability: half } as typeof setting);
}

/** Settings that a fit measures, for progress. */
export function fitTrials(options: AugmentOptions): number {
  return PASSES * NAMES.reduce((sum, name) => sum + candidatesOf(name, options).length, 0);
}

export function fitAugmentation(
  probe: AugmentationProbe,
  serving: Histograms,
  start: AugmentOptions,
  onTrial: (done: number, distance: number) => void,
): FitResult {
  const distanceOf = (options: AugmentOptions) => meanDistance(probe.measure(appearanceOnly(options)), serving);
  const before = distanceOf(start);
  let [options, distance, trials] = [start, before, 0];
  for (let pass = 0; pass < PASSES; pass++) {
    for (const name of NAMES) {
      let best: { options: AugmentOptions; distance: number } | undefined;
      for (const setting of candidatesOf(name, start)) {
        const tried = { ...options, [name]: setting };
        const reached = distanceOf(tried);
        if (reached < (best?.distance ?? distance * (1 - WORTH))) best = { options: tried, distance: reached };
        onTrial(++trials, Math.min(distance, reached));
      }
      if (best !== undefined) ({ options, distance } = best);
    }
  }
  const changed = NAMES.filter((name) => JSON.stringify(options[name]) !== JSON.stringify(start[name]));
  return { options, changed, before, after: distance, trials };
}
