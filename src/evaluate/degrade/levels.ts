/**
 * The production-like test's three levels: how strong each fault of a cheap camera in a badly lit office is. Fixed: a changed number is another
 * test, so it takes a new {@link DEGRADATION_VERSION}, and test/evaluate/degrade.test.ts holds the pictures' hashes.
 *
 * Written apart from src/train/augment.ts and src/augment on purpose, and not to be aligned with them: a test whose faults are those that
 * training practises measures practice. Chosen by looking, and by the difficulty of validation pictures only.
 */

export const DEGRADATION_VERSION = 1;

export const LEVELS = ["mild", "medium", "hard"] as const;
export type Level = (typeof LEVELS)[number];

/** Lowest and highest value; drawn evenly between. */
export type Range = readonly [low: number, high: number];

export interface Recipe {
  /** Face on the sensor, pixels. */
  readonly faceSide: Range;
  /** Side of the crop in sides of the face, and its shift. */
  readonly cropSide: Range;
  readonly cropShift: Range;
  /** Part of the pictures with a window behind the head, and its light in powers of two above a white surface. */
  readonly backlit: number;
  readonly window: Range;
  /** Powers of two by which the light falls off from one side of the face to the other. */
  readonly slope: Range;
  /** Standard deviation of the lens' blur, part of the face's side. */
  readonly lens: Range;
  /** Movement during the exposure, part of the face's side. */
  readonly motion: Range;
  readonly veil: Range;
  /** Electrons of a white surface: powers of two. */
  readonly light: Range;
  readonly maxGain: number;
  readonly exposureError: Range;
  readonly toe: Range;
  /** JPEG quality. */
  readonly quality: Range;
}

/** Between the captures of one press: shift of the crop in sides of the face (standard deviation). */
export const TREMOR = 0.015;

/** Part of the camera's frame that the patch around the face takes; the rest is background, which exposure is metered on as well. */
export const PATCH_SHARE = 0.35;

export const RECIPES: Readonly<Record<Level, Recipe>> = {
  mild: {
    faceSide: [40, 64],
    cropSide: [0.95, 1.12],
    cropShift: [0, 0.04],
    backlit: 0.2,
    window: [0.5, 1.5],
    slope: [0, 0.8],
    lens: [0.005, 0.02],
    motion: [0, 0.03],
    veil: [0.02, 0.12],
    light: [10.5, 13],
    maxGain: 8,
    exposureError: [-0.6, 0.4],
    toe: [0, 0.01],
    quality: [75, 92],
  },
  medium: {
    faceSide: [30, 54],
    cropSide: [0.92, 1.18],
    cropShift: [0, 0.06],
    backlit: 0.35,
    window: [0.5, 1.8],
    slope: [0, 1.2],
    lens: [0.005, 0.022],
    motion: [0, 0.045],
    veil: [0.05, 0.2],
    light: [9, 12],
    maxGain: 8,
    exposureError: [-1, 0.5],
    toe: [0.002, 0.02],
    quality: [60, 88],
  },
  hard: {
    faceSide: [24, 44],
    cropSide: [0.9, 1.28],
    cropShift: [0, 0.1],
    backlit: 0.5,
    window: [0.8, 2.4],
    slope: [0, 2],
    lens: [0.008, 0.03],
    motion: [0, 0.06],
    veil: [0.1, 0.3],
    light: [8, 11],
    maxGain: 8,
    exposureError: [-1.4, 0.6],
    toe: [0.005, 0.04],
    quality: [45, 80],
  },
};
