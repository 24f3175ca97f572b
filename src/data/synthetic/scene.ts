/** Where and how a person is seen: pose, light, what is behind, and how the camera takes it. */
import type { Rng } from "../../train/rng.js";

/** Radians. Positive yaw turns the face to the right of the picture, positive pitch looks down, positive roll tilts clockwise. */
export interface Pose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/** One main light and light from everywhere. Directions are from the head: x right, y down, z to the camera; unit length. */
export interface Light {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly direct: number;
  readonly ambient: number;
  /** How far the light reaches around edges, 0 (lamp) to 1 (overcast sky). */
  readonly softness: number;
  /** Strength of reflections in glasses, 0 to 1. */
  readonly glare: number;
  /** Length of (x, y, z + 1). */
  readonly halfLength: number;
}

export type BackgroundKind = "plain" | "window" | "shelf" | "wall" | "blinds" | "lamps" | "foliage";

export interface Background {
  readonly kind: BackgroundKind;
  /** Mean light of the wall. */
  readonly level: number;
  /** Light of windows and lamps; above 1 the person is lit from behind. */
  readonly bright: number;
  readonly seed: number;
}

export interface CameraSettings {
  /** Exposure error in powers of two. */
  readonly exposure: number;
  /** How much of the metering looks at the face rather than at everything, 0 to 1. */
  readonly faceWeight: number;
  /** Standard deviation of the lens blur in output pixels. */
  readonly blur: number;
  /** Length of a horizontal motion smear in output pixels. */
  readonly motion: number;
  /** Standard deviation of read noise, fraction of full scale. */
  readonly readNoise: number;
  /** Standard deviation of shot noise at full scale. */
  readonly shotNoise: number;
  /** Stray light, fraction of full scale. */
  readonly veil: number;
  /** Exponent of the tone curve; 2.2 is sRGB-like. */
  readonly gamma: number;
  /** Darkening of the corners, 0 to 1. */
  readonly vignette: number;
  readonly seed: number;
}

/** The face in the picture, in fractions of the picture's shorter side. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  /** Half the height of the head. */
  readonly scale: number;
}

export interface Scene {
  readonly pose: Pose;
  readonly light: Light;
  readonly background: Background;
  readonly camera: CameraSettings;
  readonly placement: Placement;
}

/** A face crop is this many head units wide: from above the brows to the chin, as in the sets of face crops that people share. */
export const CROP_UNITS = 1.45;
/** The middle of a crop is this far below the middle of the head, head units. */
export const CROP_DROP = 0.22;

/** A face fills this part of a frame's shorter side: the default of the locator (src/config/schema.ts, locator.size). */
const FRAME_FILL = 0.8;
const TONE_EXPONENTS = [1.9, 2.05, 2.2, 2.35, 2.5];

/** Draws the circumstances of a face crop. */
export function drawCropScene(rng: Rng): Scene {
  const scale = 1 / (CROP_UNITS * Math.exp(0.07 * rng.normal()));
  const placement = { x: 0.5 + 0.02 * rng.normal(), y: 0.5 - CROP_DROP * scale + 0.02 * rng.normal(), scale };
  return { ...drawCircumstances(rng, 1), placement };
}

/** Draws the circumstances of a whole frame: the face somewhere near the middle, as somebody who presses a button stands. */
export function drawFrameScene(rng: Rng, aspect: number): Scene {
  const scale = (FRAME_FILL / CROP_UNITS) * Math.exp(0.07 * rng.normal());
  const x = aspect / 2 + 0.02 * rng.normal();
  const placement = { x, y: 0.5 - CROP_DROP * scale + 0.02 * rng.normal(), scale };
  return { ...drawCircumstances(rng, 2), placement };
}

function drawCircumstances(rng: Rng, blurFactor: number) {
  const background = drawBackground(rng);
  return {
    background,
    light: drawLight(rng, background),
    pose: {
      yaw: clampedNormal(rng, 0.15, 0.42),
      pitch: clampedNormal(rng, 0.08, 0.25),
      roll: clampedNormal(rng, 0.07, 0.25),
    },
    camera: drawCamera(rng, blurFactor),
  };
}

function clampedNormal(rng: Rng, deviation: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, deviation * rng.normal()));
}

function drawBackground(rng: Rng): Background {
  const kinds: readonly BackgroundKind[] = [
    "plain",
    "window",
    "shelf",
    "wall",
    "blinds",
    "lamps",
    "foliage",
    "plain",
    "wall",
  ];
  const backlit = rng.uniform() < 0.1;
  return {
    kind: kinds[rng.below(kinds.length)],
    level: Math.exp(rng.between(Math.log(0.03), Math.log(0.6))),
    bright: backlit ? rng.between(1.2, 2.6) : rng.between(0.4, 1),
    seed: rng.uint32(),
  };
}

function drawLight(rng: Rng, background: Background): Light {
  const azimuth = clampedNormal(rng, 0.65, 1.45);
  const elevation = rng.between(-0.15, 1.05);
  const x = Math.sin(azimuth) * Math.cos(elevation);
  const y = -Math.sin(elevation);
  const z = Math.cos(azimuth) * Math.cos(elevation);
  const hard = rng.uniform();
  const fill = background.bright > 1.1 ? 0.6 : 1;
  return {
    x,
    y,
    z,
    direct: fill * rng.between(0.45, 1),
    ambient: rng.between(0.06, 0.32),
    softness: 0.1 + 0.7 * hard,
    glare: rng.uniform() < 0.4 ? rng.uniform() : 0.05,
    halfLength: Math.sqrt(x * x + y * y + (z + 1) * (z + 1)),
  };
}

function drawCamera(rng: Rng, blurFactor: number): CameraSettings {
  const poor = rng.uniform();
  return {
    exposure: clampedNormal(rng, 0.35, 1),
    faceWeight: rng.uniform(),
    blur: blurFactor * (0.25 + 0.65 * rng.uniform() * rng.uniform()),
    motion: rng.uniform() < 0.06 ? blurFactor * rng.between(1.5, 3) : 0,
    readNoise: 0.001 + 0.008 * poor * poor * rng.uniform(),
    shotNoise: 0.004 + 0.022 * poor * poor,
    veil: rng.uniform() < 0.12 ? rng.between(0.02, 0.1) : 0.004,
    gamma: TONE_EXPONENTS[rng.below(TONE_EXPONENTS.length)],
    vignette: rng.between(0, 0.25),
    seed: rng.uint32(),
  };
}
