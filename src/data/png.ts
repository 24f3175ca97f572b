/** Grey pictures as PNG. */
import type { GrayImage } from "./types.js";

/** What zlib does by default; 1 is several times as fast, and enough for what does not leave the machine. */
const USUAL_COMPRESSION = 6;

/** An 8-bit greyscale PNG. `compressionLevel`: 0 to 9. */
export async function encodeGrayPng(
  { width, height, pixels }: GrayImage,
  compressionLevel = USUAL_COMPRESSION,
): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace("b-w")
    .png({ compressionLevel })
    .toBuffer();
}
