/**
 * Photographic texture: what is beside a head in a real picture, enlarged and mirrored on and on. Only corners are taken, where no face is.
 */

import { DECODE } from "../augment/tone/tables.js";
import { floor, max, min } from "../data/synthetic/math.js";
import type { Rng } from "../train/rng.js";
import { mix, phase } from "./shapes.js";
import { between } from "./stage.js";
import type { PersonPicture } from "./types.js";

/** A corner this narrow, in pixels, has nothing to show. */
const LEAST = 6;
/** How far patches stray from their mean. */
const DARKEST = 0.15;
const BRIGHTEST = 4;

export interface Patch {
  /** Light at a point of the frame, relative to the patch's mean. */
  at(x: number, y: number): number;
}

/** A patch from beside the head of a picture; undefined where the head fills it or the person has no background. */
export function drawPatch(rng: Rng, { image, face, coverage }: PersonPicture): Patch | undefined {
  const right = rng.uniform() < 0.5;
  const scale = between(rng, 0.7, 4);
  const [dx, dy] = [2 * rng.uniform(), 2 * rng.uniform()];
  // The head is about 1.25 face sides wide, and its sides are straight down to the cheeks.
  const beside = right ? image.width - face.x - 1.1 * face.side : face.x - 0.1 * face.side;
  const width = floor(min(beside, 0.3 * image.width));
  const height = floor(min(image.height, face.y + 0.5 * face.side));
  if (coverage !== undefined || width < LEAST || height < LEAST) return undefined;
  const left = right ? image.width - width : 0;
  const light = cornerLight(image, left, width, height);
  const pixels = height / scale;
  return {
    at: (x, y) => {
      const u = mirrored((x + dx) * pixels, width - 1);
      const v = mirrored((y + dy) * pixels, height - 1);
      const [column, row] = [min(width - 2, u | 0), min(height - 2, v | 0)];
      const from = row * width + column;
      const upper = mix(light[from], light[from + 1], u - column);
      return mix(upper, mix(light[from + width], light[from + width + 1], u - column), v - row);
    },
  };
}

function cornerLight(image: PersonPicture["image"], left: number, width: number, height: number): Float32Array {
  const light = new Float32Array(width * height);
  let sum = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) sum += light[i] = DECODE[image.pixels[y * image.width + left + x]];
  }
  const mean = max(1e-3, sum / light.length);
  for (let i = 0; i < light.length; i++) light[i] = max(DARKEST, min(BRIGHTEST, light[i] / mean));
  return light;
}

/** To and fro between 0 and `limit`. */
function mirrored(value: number, limit: number): number {
  const turn = phase(value, 2 * limit) * 2 * limit;
  return turn > limit ? 2 * limit - turn : turn;
}
