/** Pictures of captures as they lie on the disk, checked, and what the page is shown of them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import { payloadCrc } from "../captures/format.js";
import { isInside } from "../data/paths.js";
import { readNetpbmHeader } from "../data/pgm.js";
import type { Box, GrayImage } from "../data/types.js";
import { preprocess } from "../preprocess/preprocess.js";
import type { PreprocessSpec } from "../preprocess/types.js";

/** What of a capture says where its picture is and what it must be. */
export type PictureReference = Pick<CatalogueCapture, "path" | "payloadCrc" | "width" | "height">;

/** A picture that cannot be shown, and why. */
export class PictureProblem extends Error {}

/** Absolute path of a capture's picture; undefined when it leaves the captures' folder, as only a damaged catalogue's does. */
export function picturePath(dir: string, path: string): string | undefined {
  const whole = join(dir, path);
  return isInside(Buffer.from(dir), Buffer.from(whole)) && whole !== dir ? whole : undefined;
}

/** The frame as the device saw it. Throws PictureProblem when the file is missing or not as it was pulled. */
export async function readFrame(dir: string, reference: PictureReference): Promise<GrayImage> {
  const path = picturePath(dir, reference.path);
  if (path === undefined) throw new PictureProblem("its path leads out of the captures' folder");
  const payload = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new PictureProblem(
      error.code === "ENOENT" ? "the file is missing" : `the file cannot be read (${error.code})`,
    );
  });
  if (payloadCrc(payload) !== reference.payloadCrc) throw new PictureProblem("the file is damaged: its CRC is wrong");
  const { width, height } = reference;
  const { offset } = readNetpbmHeader(payload);
  const pixels = payload.subarray(offset, offset + width * height);
  if (pixels.length < width * height) throw new PictureProblem("the file is smaller than its picture");
  return { width, height, pixels };
}

/** The frame as PNG. */
export function framePng({ width, height, pixels }: GrayImage): Promise<Buffer> {
  return greyPng(pixels, width, height);
}

/** The network's int8 input as the device computed it, as PNG of size x size grey pixels: -128 is black, 127 white. */
export function inputPng(frame: GrayImage, box: Box, spec: PreprocessSpec): Promise<Buffer> {
  const input = preprocess(frame, box, spec);
  return greyPng(
    Uint8Array.from(input, (value) => value + 128),
    spec.size,
    spec.size,
  );
}

function greyPng(pixels: Uint8Array, width: number, height: number): Promise<Buffer> {
  // Loopback is faster than deflate.
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace("b-w")
    .png({ compressionLevel: 1 })
    .toBuffer();
}
