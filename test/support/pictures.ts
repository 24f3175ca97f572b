/** Small picture files and folders of them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import type { GrayImage } from "#smilec/data/types.js";
import { Random } from "./random.js";

/** Interleaved RGB of smooth colours and some noise, different for every seed. */
export function colourPixels(seed: number, width: number, height: number): Uint8Array {
  const random = new Random(seed);
  const [a, b, c] = [random.real(0.02, 0.2), random.real(0.02, 0.2), random.real(0, 6)];
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const x = pixel % width;
    const y = Math.floor(pixel / width);
    return 128 + 90 * Math.sin(a * x + b * y + c + (i % 3)) + random.real(-12, 12);
  });
}

export function colourPicture(seed: number, width = 32, height = 32): Sharp {
  return sharp(colourPixels(seed, width, height), { raw: { width, height, channels: 3 } });
}

export async function png(seed: number, width = 32, height = 32): Promise<Buffer> {
  return await colourPicture(seed, width, height).png().toBuffer();
}

/** Grey noise. */
export function noisePicture(seed: number, width: number, height: number): GrayImage {
  const random = new Random(seed);
  return { width, height, pixels: Uint8Array.from({ length: width * height }, () => random.integer(0, 255)) };
}

export function put(root: string, file: string, data: Uint8Array | string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), data);
}

/** `<label>/<person>/<n>.png` for two labels; returns how many pictures were written. */
export async function putPersons(root: string, persons: number, perLabel = 1, seed = 1): Promise<number> {
  let count = 0;
  for (let person = 0; person < persons; person++) {
    for (const label of ["smile", "neutral"]) {
      for (let n = 0; n < perLabel; n++) put(root, `${label}/p${person}/${n}.png`, await png(seed * 100_000 + count++));
    }
  }
  return count;
}
