/**
 * One fault at a time, always equally strong: which of them a model cannot stand. Made of the production-like test's optics and sensor, and as
 * that apart from what training practises.
 */
import type { GrayImage } from "../data/types.js";
import { Rng } from "../train/rng.js";
import { photograph, type Scene, throughLens } from "./degrade/degrade.js";
import { rotate } from "./degrade/scene.js";
import type { Subject } from "./degrade/subject.js";
import { EVALUATION_STREAM } from "./streams.js";

/** Raise when a condition's pictures change; test/evaluate/degrade.test.ts holds their hashes. */
export const CONDITIONS_VERSION = 1;

/** Besides `clean`, the picture as it is. */
export const CONDITIONS = ["dark", "backlit", "blurred", "noisy", "loose crop", "tight crop", "rotated"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** What each condition is, for readers. */
export const CONDITION_MEANING: Readonly<Record<Condition | "clean", string>> = {
  clean: "the pictures as they are",
  dark: "a thirtieth of the light: full gain, noise, crushed shadows",
  backlit: "a window 8 times as bright as white behind the head, veiling glare",
  blurred: "out of focus by 3 % and moved by 8 % of the face's side",
  noisy: "little light made up for by gain",
  "loose crop": "the face at three quarters of its expected size",
  "tight crop": "the face at five quarters of its expected size",
  rotated: "the head tilted by 18 degrees to either side",
};

/** Largest face on the sensor, pixels. */
const FACE_SIDE = 64;
const TILT = (18 * Math.PI) / 180;

/** Good light, a sharp lens, a steady hand, an exact locator. */
function goodScene(faceSide: number): Scene {
  return {
    faceSide,
    window: undefined,
    slope: 0,
    slopeAngle: 0,
    lens: 0,
    motion: 0,
    veil: 0,
    sensor: { light: 2 ** 15, maxGain: 8, exposureError: 0, toe: 0 },
    quality: undefined,
    cropSide: 1,
    cropX: 0,
    cropY: 0,
    tremor: 0,
  };
}

function faulty(condition: Condition, good: Scene): Scene {
  const side = good.faceSide;
  switch (condition) {
    case "dark":
      return { ...good, sensor: { light: 200, maxGain: 4, exposureError: 0, toe: 0.02 } };
    case "backlit":
      return { ...good, window: { light: 8, from: 0 }, veil: 0.1 };
    case "blurred":
      return { ...good, lens: 0.03 * side, motion: 0.08 * side };
    case "noisy":
      return { ...good, sensor: { light: 150, maxGain: 64, exposureError: 0, toe: 0 } };
    case "loose crop":
      return { ...good, cropSide: 4 / 3 };
    case "tight crop":
      return { ...good, cropSide: 4 / 5 };
    case "rotated":
      return good;
  }
}

/** The face under a condition. */
export function underCondition(subject: Subject, condition: Condition): GrayImage {
  const side = Math.min(FACE_SIDE, subject.side);
  const index = CONDITIONS.indexOf(condition);
  const rng = new Rng(...subject.hash, EVALUATION_STREAM.condition, CONDITIONS_VERSION, index);
  const patch = subject.patch(side);
  const turned = condition === "rotated" ? rotate(patch, rng.uniform() < 0.5 ? TILT : -TILT) : patch;
  const scene = faulty(condition, goodScene(side));
  return photograph(throughLens(turned, scene), scene, rng);
}
