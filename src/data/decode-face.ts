/** From a picture file's bytes to what is kept of it: the picture, or the surroundings of its face box, within the limits. */
import { type DecodedPicture, type DecodeLimits, decodeFull, PictureError } from "./decode.js";
import { squareAround } from "./framing.js";
import { crop, reduceTo } from "./reduce.js";
import type { Box, GrayImage } from "./types.js";

/** How much of a picture is kept around a face box, in sides of the box's square. */
const SURROUNDINGS = 2;

export interface DecodedFace {
  readonly image: GrayImage;
  /** Face box; absent when the picture is the crop. */
  readonly box?: Box;
  readonly notes: readonly string[];
}

/**
 * With a face box, the surroundings of the face are cut out before the picture is reduced, so that small faces keep their pixels. Throws
 * {@link PictureError}.
 */
export async function decodeFace(bytes: Uint8Array, box: Box | undefined, limits: DecodeLimits): Promise<DecodedFace> {
  const picture: DecodedPicture = await decodeFull(bytes, limits);
  if (box === undefined) return { image: reduceTo(picture, limits.maxSide), notes: picture.notes };
  checkBox(box, picture, limits);
  const region = squareAround(box, picture.width, picture.height, SURROUNDINGS);
  const whole = crop(picture, region);
  const image = reduceTo(whole, limits.maxSide);
  const scale = (value: number) => Math.floor((value * image.width) / whole.width);
  const face = { x: scale(box.x - region.x), y: scale(box.y - region.y) };
  const side = { width: Math.max(1, scale(box.width)), height: Math.max(1, scale(box.height)) };
  return { image, box: { ...face, ...side }, notes: picture.notes };
}

function checkBox(box: Box, picture: GrayImage, limits: DecodeLimits): void {
  const shown = `${box.width}x${box.height} at ${box.x},${box.y}`;
  const fits = box.x >= 0 && box.y >= 0 && box.x + box.width <= picture.width && box.y + box.height <= picture.height;
  if (!fits)
    throw new PictureError("bad-box", `the box ${shown} is not inside the ${picture.width}x${picture.height} picture`);
  if (Math.min(box.width, box.height) >= limits.minSide) return;
  throw new PictureError("bad-box", `the box ${shown} is smaller than ${limits.minSide}x${limits.minSide} pixels`);
}
