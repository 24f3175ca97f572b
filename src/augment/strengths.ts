import type { AugmentationName, AugmentOptions } from "./types.js";

/** Every augmentation off: training sees preprocess() of its pictures. */
export const NO_AUGMENTATION: AugmentOptions = {
  flip: false,
  shift: 0,
  scale: { smallest: 1, largest: 1 },
  rotate: 0,
  perspective: 0,
  rollingShutter: 0,
  exposure: 0,
  unevenLight: 0,
  backlight: { stops: 0, veil: 0, probability: 0 },
  banding: { depth: 0, probability: 0 },
  hand: { reach: 0, probability: 0 },
  cap: { reach: 0, probability: 0 },
  glare: { stops: 0, probability: 0 },
  vignette: 0,
  defocus: { radius: 0, probability: 0 },
  motionBlur: { length: 0, probability: 0 },
  lowResolution: { pixels: 128, probability: 0 },
  camera: { sensor: "none", probability: 0 },
  noise: { gain: 1, probability: 0 },
  patternNoise: { deviation: 0, probability: 0 },
  hotPixels: { share: 0, probability: 0 },
  gamma: 0,
  contrast: 0,
  crushedShadows: { level: 0, probability: 0 },
  clippedHighlights: { stops: 0, probability: 0 },
  jpeg: { quality: 100, probability: 0 },
};

const GEOMETRY = ["flip", "shift", "scale", "rotate", "perspective", "rollingShutter"] as const;

/** Whether training changes its pictures' light, lens, camera, tone or coding at all. */
export function changesAppearance(options: AugmentOptions): boolean {
  const geometry: readonly string[] = GEOMETRY;
  return Object.entries(options).some(([name, setting]) => !geometry.includes(name) && amountOf(setting) > 0);
}

/** The share of the pictures it happens to, or the strength where it happens to all. */
export function amountOf(setting: AugmentOptions[AugmentationName]): number {
  if (typeof setting === "number") return setting;
  return typeof setting === "object" && "probability" in setting ? setting.probability : 0;
}

/** Strengths without geometry: where the face lies and how it is turned stays as it is; light, lens, camera and coding vary. */
export function appearanceOnly(options: AugmentOptions): AugmentOptions {
  return withGeometryOf(options, NO_AUGMENTATION);
}

/** Where faces lie and how they are turned from `geometry`, everything else from `options`. */
export function withGeometryOf(options: AugmentOptions, geometry: AugmentOptions): AugmentOptions {
  return { ...options, ...Object.fromEntries(GEOMETRY.map((name) => [name, geometry[name]])) };
}
