/**
 * The production-like test: any picture of a face as a cheap camera in a badly lit office would have taken it. In the order of the physics, in
 * linear light up to the sensor: distance, light and backlight, lens, movement, veiling glare, exposure metered on the whole frame, noise,
 * shadows, gamma, JPEG; then the crop of a locator that is not quite right.
 *
 * A picture's faults depend on its pixels, the level and the capture's number only, so they are the same in any set and order.
 */
import { createHash } from "node:crypto";
import type { Box, GrayImage } from "../../data/types.js";
import { Rng } from "../../train/rng.js";
import { EVALUATION_STREAM } from "../streams.js";
import { jpegLosses } from "./jpeg.js";
import { DEGRADATION_VERSION, type Level, LEVELS, PATCH_SHARE, type Range, RECIPES, TREMOR } from "./levels.js";
import { mapPlane, meanOf, type Plane, toGrey } from "./light.js";
import { lensBlur, motionBlur, veil } from "./optics.js";
import { backlight, bilinear, placeFace, type Window } from "./scene.js";
import { expose, meter, type SensorSettings } from "./sensor.js";

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
  readonly quality: number;
  /** Side of the crop and shift of its middle, in sides of the face. */
  readonly cropSide: number;
  readonly cropX: number;
  readonly cropY: number;
  /** Standard deviation of the crop's shift between captures, in sides of the face. */
  readonly tremor: number;
}

/** Two 32-bit words that stand for a picture's pixels and face. */
export function pictureHash({ width, height, pixels }: GrayImage, face: Box): readonly [number, number] {
  const hash = createHash("sha256")
    .update(JSON.stringify([width, height, face.x, face.y, face.width]))
    .update(pixels);
  const digest = hash.digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/**
 * Degrades a picture.
 *
 * @param face the square of the picture that shows the face
 * @param capture captures of one press, from 0, share the scene and differ in noise, in the hand's tremor and in the direction of movement
 * @returns the square that a locator would cut out of the frame, in sensor pixels
 */
export function degrade(picture: GrayImage, face: Box, level: Level, capture = 0): GrayImage {
  const hash = pictureHash(picture, face);
  const index = LEVELS.indexOf(level);
  const scene = drawScene(level, face.width, new Rng(...hash, EVALUATION_STREAM.scene, DEGRADATION_VERSION, index));
  const rng = new Rng(...hash, EVALUATION_STREAM.capture, DEGRADATION_VERSION, index, capture);
  return photograph(placeFace(picture, face, scene.faceSide), scene, rng);
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

/** Takes the picture of a patch and cuts the face out of it. */
export function photograph(patch: Plane, scene: Scene, rng: Rng): GrayImage {
  const side = scene.faceSide;
  const lit = slopedLight(patch, scene);
  const scenery = scene.window === undefined ? lit : backlight(lit, side, scene.window);
  const sharp = lensBlur(scenery, scene.lens);
  const moved = motionBlur(sharp, scene.motion, rng.uniform() * Math.PI);
  const frame = frameMean(moved, scene);
  const seen = veil(moved, scene.veil, frame);
  const raw = expose(seen, meter(frame, scene.sensor), scene.sensor.toe, rng);
  const shown = jpegLosses(raw, scene.quality);
  const tremor = () => scene.tremor * rng.normal();
  return cutOut(shown, side * scene.cropSide, (scene.cropX + tremor()) * side, (scene.cropY + tremor()) * side);
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

/** The locator's square: whole pixels of the frame, its middle shifted from the patch's by x, y. */
function cutOut(patch: Plane, side: number, x: number, y: number): GrayImage {
  const size = Math.round(side);
  const middle = patch.width / 2;
  const [left, top] = [Math.round(middle + x - size / 2), Math.round(middle + y - size / 2)];
  const values = Float64Array.from({ length: size * size }, (_, i) =>
    bilinear(patch, left + (i % size), top + Math.floor(i / size)),
  );
  return toGrey({ width: size, height: size, values });
}
