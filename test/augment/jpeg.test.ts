import { describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { AAN_SCALE, forwardDct, inverseDct } from "#smilec/augment/coding/dct.js";
import { jpeg } from "#smilec/augment/coding/jpeg.js";
import { SENSORS } from "#smilec/augment/sensor/ov2640.js";
import { drawnCrop } from "#smilec/data/synthetic/people.js";
import { Rng } from "#smilec/train/rng.js";
import { loaded } from "../support/planes.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

/** What libjpeg makes of a grey picture. */
async function throughLibjpeg(pixels: Uint8Array, side: number, quality: number): Promise<Uint8Array> {
  const file = await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .toColourspace("b-w")
    .jpeg({ quality, mozjpeg: false })
    .toBuffer();
  return sharp(file).toColourspace("b-w").raw().toBuffer();
}

function coded(pixels: Uint8Array, side: number, quality: number, left = 0, top = 0): Uint8Array {
  const planes = loaded(() => 0, side);
  planes.grey.set(pixels);
  jpeg.apply(planes, { quality, left, top });
  return planes.grey.slice();
}

const differences = (a: Uint8Array, b: Uint8Array) => a.map((value, i) => Math.abs(value - b[i]));

describe("JPEG", () => {
  it.each([10, 25, 50, 75, 90, 100])("at quality %d is what libjpeg makes of the same picture", async (quality) => {
    for (const [index, side] of [
      [0, 64],
      [5, 48],
      [11, 40],
      [3, 61],
    ]) {
      const { pixels } = drawnCrop(3, index, side).image;
      const ours = coded(pixels, side, quality);
      const theirs = await throughLibjpeg(pixels, side, quality);
      const apart = differences(ours, theirs);
      // Its transform keeps eighths: a coefficient half-way between two steps may go to the other, which shows in all of its block.
      const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(apart)).toBeLessThan(0.15 + 0.1 * mean(differences(theirs, pixels)));
      expect(apart.filter((value) => value <= 1).length / apart.length).toBeGreaterThan(0.92);
    }
  });

  it("loses more the lower the quality", () => {
    const { pixels } = drawnCrop(3, 2, 64).image;
    const loss = [100, 80, 50, 20, 5].map((quality) => {
      const apart = differences(coded(pixels, 64, quality), pixels);
      return apart.reduce((sum, value) => sum + value * value, 0);
    });
    for (let i = 1; i < loss.length; i++) expect(loss[i]).toBeGreaterThan(loss[i - 1]);
  });

  it("has its blocks where the drawn grid lies", () => {
    const { pixels } = drawnCrop(3, 2, 64).image;
    const moved = new Uint8Array(64 * 64);
    for (let y = 0; y < 56; y++) moved.set(pixels.subarray((y + 5) * 64 + 3, (y + 5) * 64 + 59), y * 64);
    // A grid that begins 3 pixels to the left and 5 above is that of the picture before it was moved by as much.
    const [whole, part] = [coded(pixels, 64, 30), coded(moved, 64, 30, 3, 5)];
    for (let y = 3; y < 51; y++) {
      for (let x = 5; x < 53; x++) expect(part[y * 64 + x]).toBe(whole[(y + 5) * 64 + x + 3]);
    }
  });

  it("is not for cameras that give plain frames", () => {
    const { pixels } = drawnCrop(3, 2, 64).image;
    const planes = loaded(() => 0);
    planes.grey.set(pixels);
    planes.sensor = SENSORS.ov2640;
    jpeg.apply(planes, { quality: 10, left: 0, top: 0 });
    expect(planes.grey).toEqual(pixels);
  });

  it("leaves even grey alone at any quality", () => {
    for (const quality of [1, 50, 100])
      expect(new Set(coded(new Uint8Array(256).fill(128), 16, quality))).toEqual(new Set([128]));
  });
});

describe("the cosine transform", () => {
  /** ITU-T T.81, A.3.3. */
  function reference(block: Float64Array, v: number, u: number): number {
    const norm = (k: number) => (k === 0 ? Math.SQRT1_2 : 1);
    let sum = 0;
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        sum +=
          block[8 * y + x] * Math.cos(((2 * x + 1) * u * Math.PI) / 16) * Math.cos(((2 * y + 1) * v * Math.PI) / 16);
      }
    }
    return (norm(u) * norm(v) * sum) / 4;
  }

  it("is the standard's, up to its scales, and its inverse brings the block back", () => {
    const rng = new Rng(1);
    const block = Float64Array.from({ length: 64 }, () => rng.between(-128, 128));
    const transformed = block.slice();
    forwardDct(transformed);
    for (let k = 0; k < 64; k++) {
      const scale = 8 * AAN_SCALE[k >> 3] * AAN_SCALE[k & 7];
      expect(transformed[k] / scale).toBeCloseTo(reference(block, k >> 3, k & 7), 9);
      transformed[k] /= 64;
    }
    inverseDct(transformed);
    for (let i = 0; i < 64; i++) expect(transformed[i]).toBeCloseTo(block[i], 9);
  });
});
