/** Pictures of captures as they lie on the disk, checked, and what the page is shown of them. */
import { readStoredCapture, type StoredPicture } from "../captures/stored.js";
import { encodeGrayPng } from "../data/png.js";
import type { Box, GrayImage } from "../data/types.js";
import { preprocess } from "../preprocess/preprocess.js";
import type { PreprocessSpec } from "../preprocess/types.js";

/** A picture that cannot be shown, and why. */
export class PictureProblem extends Error {}

/** Loopback is faster than deflate. */
const COMPRESSION = 1;

/** The frame as the device saw it. Throws PictureProblem when the file is missing or not as it was pulled. */
export async function readFrame(dir: string, picture: StoredPicture): Promise<GrayImage> {
  const capture = await readStoredCapture(dir, picture);
  if (typeof capture === "string") throw new PictureProblem(capture);
  return capture.frame;
}

/** The frame as PNG. */
export function framePng(frame: GrayImage): Promise<Buffer> {
  return encodeGrayPng(frame, COMPRESSION);
}

/** The network's int8 input as the device computed it, as PNG of size x size grey pixels: -128 is black, 127 white. */
export function inputPng(frame: GrayImage, box: Box, spec: PreprocessSpec): Promise<Buffer> {
  const pixels = Uint8Array.from(preprocess(frame, box, spec), (value) => value + 128);
  return encodeGrayPng({ width: spec.size, height: spec.size, pixels }, COMPRESSION);
}
