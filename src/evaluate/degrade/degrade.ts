/**
 * The production-like test: any picture of a face as a cheap camera in a badly lit office would have taken it. In the order of the physics, in
 * linear light up to the sensor: distance, light and backlight, lens, movement, veiling glare, exposure metered on the whole frame, noise,
 * shadows, gamma, JPEG; then the crop of a locator that is not quite right.
 *
 * A picture's faults depend on its pixels, the level and the capture's number only, so they are the same in any set and order.
 */
import type { Box, GrayImage } from "../../data/types.js";
import { Rng } from "../../train/rng.js";
import { EVALUATION_STREAM } from "../streams.js";
import { BLOCK, jpegLosses } from "./jpeg.js";
import { DEGRADATION_VERSION, LEVELS, type Level, PATCH_SHARE, type Range, RECIPES, TREMOR } from "./levels.js";
import { cropPlane, mapPlane, meanOf, type Plane, toGrey } from "./light.js";
import { lensBlur, motionBlur, veil } from "./optics.js";
import { backlight, type Window } from "./scene.js";
import { expose, meter, type SensorSettings } from "./sensor.js";
import type { Subject } from "./subject.js";

/** What all captures of a press have in common. Lengths in sensor pixels, angles in radians. */
export interface Scene {
  readonly faceSide: number;
  readonly window: Window | undefined;
  /** Light on the face falls off along `slopeAngle` by this many powers of two over its side. */
  readonly slope: number;
  readonly slopeAngle: number;
  readonly lens: number;
  readonly motion: number;
  readonly veil: number;
  readonly sensor: SensorSettings;
  /** JPEG quality; undefined: no JPEG. */
  readonly quality: number | undefined;
  /** Side of the crop and shift of its middle, in sides of the face. */
  readonly cropSide: number;
  readonly cropX: number;
  readonly cropY: number;
  /** Standard deviation of the crop's shift between captures, in sides of the face. */
  readonly tremor: number;
}

/**
 * Degrades a picture: the captures of one press, which share the scene and differ in noise, in the hand's tremor and in the direction of
 * movement. Each is the square that a locator would cut out of the frame, in sensor pixels.
 */
export function degrade(subject: Subject, level: Level, captures = 1): GrayImage[] {
  const index = LEVELS.indexOf(level);
  const { scene: sceneStream, capture: captureStream } = EVALUATION_STREAM;
  const scene = drawScene(level, subject.side, new Rng(...subject.hash, sceneStream, DEGRADATION_VERSION, index));
  const image = throughLens(subject.patch(scene.faceSide), scene);
  return Array.from({ length: captures }, (_, capture) =>
    photograph(image, scene, new Rng(...subject.hash, captureStream, DEGRADATION_VERSION, index, capture)),
  );
}

function drawScene(level: Level, sourceSide: number, rng: Rng): Scene {
  const recipe = RECIPES[level];
  const draw = ([low, high]: Range) => rng.between(low, high);
  // A picture smaller than the face on the sensor stays as it is: no detail is invented.
  const faceSide = Math.min(Math.round(draw(recipe.faceSide)), sourceSide);
  const isBacklit = rng.uniform() < recipe.backlit;
  const light = 2 ** draw(recipe.window);
  const from = ([-1, 0, 0, 1] as const)[rng.below(4)];
  const shift = draw(recipe.cropShift);
  const direction = rng.uniform() * 2 * Math.PI;
  return {
    faceSide,
    window: isBacklit ? { light, from } : undefined,
    slope: draw(recipe.slope),
    slopeAngle: rng.uniform() * 2 * Math.PI,
    lens: draw(recipe.lens) * faceSide,
    motion: draw(recipe.motion) * faceSide,
    veil: draw(recipe.veil),
    sensor: {
      light: 2 ** draw(recipe.light),
      maxGain: recipe.maxGain,
      exposureError: draw(recipe.exposureError),
      toe: draw(recipe.toe),
    },
    quality: Math.round(draw(recipe.quality)),
    cropSide: draw(recipe.cropSide),
    cropX: shift * Math.cos(direction),
    cropY: shift * Math.sin(direction),
    tremor: TREMOR,
  };
}

/** What the lens throws on the sensor while nothing moves. */
export function throughLens(patch: Plane, scene: Scene): Plane {
  const lit = slopedLight(patch, scene);
  const scenery = scene.window === undefined ? lit : backlight(lit, scene.faceSide, scene.window);
  return lensBlur(scenery, scene.lens);
}

/** One capture: movement, exposure, noise, JPEG, and the face cut out. */
export function photograph(image: Plane, scene: Scene, rng: Rng): GrayImage {
  const moved = motionBlur(image, scene.motion, rng.uniform() * Math.PI);
  const frame = frameMean(moved, scene);
  const cut = cutSquare(image.width, scene, rng);
  // Only the JPEG blocks that the square touches are worth computing.
  const first = (start: number) => start - (start % BLOCK);
  const [left, top] = [first(cut.x), first(cut.y)];
  const part = cropPlane(moved, left, top, cut.x + cut.width - left, cut.y + cut.height - top);
  const raw = expose(veil(part, scene.veil, frame), meter(frame, scene.sensor), scene.sensor.toe, rng);
  const shown = scene.quality === undefined ? raw : jpegLosses(raw, scene.quality);
  return toGrey(cropPlane(shown, cut.x - left, cut.y - top, cut.width, cut.height));
}

function slopedLight(patch: Plane, { slope, slopeAngle, faceSide }: Scene): Plane {
  if (slope === 0) return patch;
  const middle = (patch.width - 1) / 2;
  const [dx, dy] = [Math.cos(slopeAngle) / faceSide, Math.sin(slopeAngle) / faceSide];
  return mapPlane(patch, (value, x, y) => value * 2 ** (-slope * ((x - middle) * dx + (y - middle) * dy)));
}

/** Mean light of the whole frame: around the patch there is more window, or more of what surrounds the face. */
function frameMean(patch: Plane, { window }: Scene): number {
  const inside = meanOf(patch);
  const outside = window === undefined ? inside : window.from === 0 ? window.light : (window.light + inside) / 2;
  return PATCH_SHARE * inside + (1 - PATCH_SHARE) * outside;
}

/** The locator's square: whole pixels of the frame, inside the patch. */
function cutSquare(extent: number, { faceSide, cropSide, cropX, cropY, tremor }: Scene, rng: Rng): Box {
  const side = Math.min(extent, Math.round(faceSide * cropSide));
  const place = (shift: number) => {
    const start = Math.round((extent - side) / 2 + (shift + tremor * rng.normal()) * faceSide);
    return Math.max(0, Math.min(extent - side, start));
  };
  return { x: place(cropX), y: place(cropY), width: side, height: side };
}
