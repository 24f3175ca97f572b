/** What a picture looks like: the light on the face and around it, blur, noise, and a sketch that tells how alike two faces are. */
import type { Look } from "../captures/catalogue/types.js";
import { measurePicture } from "../data/stats.js";
import { crop } from "../data/reduce.js";
import type { Box, GrayImage } from "../data/types.js";
import { preprocess } from "../preprocess/preprocess.js";
import { resizeArea } from "../preprocess/resize.js";
import type { Light } from "./protocol.js";

/** Raise when a measure or the sketch changes: pictures are then measured again. */
export const LOOK_REVISION = 1;

/** Side of a sketch: the standardised face in this many pixels. */
export const SKETCH_SIDE = 12;
/** Side of the picture that blur is measured on, whatever the box's size. */
const BLUR_SIDE = 64;

/** Mean grey of a face below which it is dark. */
const DARK = 50;
/** How much brighter than the face the surroundings are when a picture is backlit, as a ratio of grey levels; about 1.5 stops of light. */
const BACKLIT = 1.6;
/** A face this bright is well lit whatever is behind it. */
const WELL_LIT = 130;
/** Laplacian variance in parts of the picture's own variance below which it is blurred. */
const BLURRED = 0.02;
/** Standard deviation of the noise in grey levels. */
const NOISY = 7;

/** Measures a frame; `box` is where the bot looked. */
export function measureLook(frame: GrayImage, box: Box): Look {
  const face = middleOf(box);
  const faceMean = meanOf(frame, face);
  const small = { width: BLUR_SIDE, height: BLUR_SIDE, pixels: resizeArea(frame, box, BLUR_SIDE) };
  const { sharpness, contrast } = measurePicture(small);
  const { noise } = measurePicture(crop(frame, face));
  const measures = {
    face: faceMean,
    around: meanOutside(frame, face, faceMean),
    sharpness: contrast === 0 ? 0 : sharpness / contrast ** 2,
    noise,
  };
  const sketch = preprocess(frame, box, { size: SKETCH_SIDE, normalize: "standardize" });
  return { measures: rounded(measures), sketch: new Uint8Array(sketch.buffer) };
}

/** What is wrong with a picture, of its measures. */
export function lightsOf({ face, around, sharpness, noise }: Readonly<Record<string, number>>): Light[] {
  const lights: Light[] = [];
  if (face < DARK) lights.push("dark");
  if (face < WELL_LIT && around + 1 >= BACKLIT * (face + 1)) lights.push("backlit");
  if (sharpness < BLURRED) lights.push("blurred");
  if (noise >= NOISY) lights.push("noisy");
  return lights;
}

/** The half of the box's side in which the face is, whatever the framing. */
function middleOf({ x, y, width, height }: Box): Box {
  const inner = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
  return { x: x + ((width - inner.width) >> 1), y: y + ((height - inner.height) >> 1), ...inner };
}

function meanOf(frame: GrayImage, box: Box): number {
  const { pixels } = crop(frame, box);
  return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
}

/** Mean of the rest of the frame; that of the box when there is none. */
function meanOutside({ width, height, pixels }: GrayImage, box: Box, inside: number): number {
  const count = width * height - box.width * box.height;
  const total = pixels.reduce((sum, value) => sum + value, 0);
  return count === 0 ? inside : (total - inside * box.width * box.height) / count;
}

function rounded<K extends string>(measures: Readonly<Record<K, number>>): Record<K, number> {
  const entries = Object.entries<number>(measures).map(([name, value]) => [name, Number(value.toFixed(4))]);
  return Object.fromEntries(entries) as Record<K, number>;
}
