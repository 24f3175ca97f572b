import { describe, expect, it } from "@jest/globals";
import type { GrayImage } from "#smilec/data/types.js";
import { locateCenter, wholeBox } from "#smilec/locate/center.js";
import { integerSqrt, normalize } from "#smilec/preprocess/normalize.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import { resizeArea, resizeAreaTo } from "#smilec/preprocess/resize.js";

/** Small deterministic generator for test data (Numerical Recipes' LCG). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomImage(next: () => number, width: number, height: number): GrayImage {
  return { width, height, pixels: Uint8Array.from({ length: width * height }, () => Math.floor(next() * 256)) };
}

/** The specification's formula taken literally, in BigInt. */
function resizeBySpecification(
  image: GrayImage,
  box: { x: number; y: number; width: number; height: number },
  columns: number,
  rows = columns,
): number[] {
  const overlap = (i: number, extent: number, x: number, out: number) =>
    Math.max(0, Math.min((i + 1) * extent, (x + 1) * out) - Math.max(i * extent, x * out));
  const area = BigInt(box.width * box.height);
  const out: number[] = [];
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      let sum = 0n;
      for (let y = 0; y < box.height; y++)
        for (let x = 0; x < box.width; x++) {
          const weight = overlap(j, box.height, y, rows) * overlap(i, box.width, x, columns);
          if (weight > 0) sum += BigInt(weight) * BigInt(image.pixels[(box.y + y) * image.width + box.x + x]);
        }
      out.push(Number((sum + area / 2n) / area));
    }
  return out;
}

describe("resize", () => {
  it("is the specification's formula for enlarging, reducing and odd ratios", () => {
    const next = generator(7);
    let compared = 0;
    for (let trial = 0; trial < 60; trial++) {
      const image = randomImage(next, 1 + Math.floor(next() * 60), 1 + Math.floor(next() * 60));
      const width = 1 + Math.floor(next() * image.width);
      const height = 1 + Math.floor(next() * image.height);
      const box = {
        x: Math.floor(next() * (image.width - width + 1)),
        y: Math.floor(next() * (image.height - height + 1)),
        width,
        height,
      };
      const size = 8 + Math.floor(next() * 20);
      expect([...resizeArea(image, box, size)]).toEqual(resizeBySpecification(image, box, size));
      const other = 1 + Math.floor(next() * 40);
      expect([...resizeAreaTo(image, box, size, other)]).toEqual(resizeBySpecification(image, box, size, other));
      compared += size * size + size * other;
    }
    expect(compared).toBeGreaterThan(10_000);
  });

  it("leaves a picture of the wanted size as it is", () => {
    const image = randomImage(generator(3), 48, 48);
    expect(resizeArea(image, wholeBox(48, 48), 48)).toEqual(image.pixels);
  });

  it("stays exact for the largest box", () => {
    const image = { width: 4096, height: 4096, pixels: new Uint8Array(4096 * 4096).fill(255) };
    expect(new Set(resizeArea(image, wholeBox(4096, 4096), 8))).toEqual(new Set([255]));
  });
});

describe("normalize", () => {
  it("gives mean 0 and one standard deviation of about 42 steps", () => {
    const image = randomImage(generator(11), 48, 48);
    const q = normalize(image.pixels, "standardize");
    const mean = q.reduce((a, b) => a + b, 0) / q.length;
    const std = Math.sqrt(q.reduce((a, b) => a + (b - mean) ** 2, 0) / q.length);
    expect(Math.abs(mean)).toBeLessThan(0.5);
    expect(std).toBeGreaterThan(41);
    expect(std).toBeLessThan(43.5);
  });

  it("rounds halves away from zero and clips at three standard deviations", () => {
    const pixels = new Uint8Array(64).fill(100);
    pixels[0] = 255;
    const q = normalize(pixels, "standardize");
    expect(q[0]).toBe(127);
    expect(Math.min(...q)).toBeGreaterThanOrEqual(-127);
  });

  it("does not blow up a flat picture", () => {
    expect(new Set(normalize(new Uint8Array(64).fill(9), "standardize"))).toEqual(new Set([0]));
    const almostFlat = new Uint8Array(64).fill(9);
    almostFlat[5] = 10;
    expect(normalize(almostFlat, "standardize")[5]).toBe(Math.round((127 * (1 - 1 / 64)) / 12));
  });

  it("does not change with exposure that scales the picture", () => {
    const image = randomImage(generator(5), 32, 32);
    const dark = image.pixels.map((value) => 20 + 2 * Math.floor(value / 8));
    const bright = image.pixels.map((value) => 30 + 6 * Math.floor(value / 8));
    expect(normalize(dark, "standardize")).toEqual(normalize(bright, "standardize"));
  });

  it("maps grey to grey - 128 when asked for none", () => {
    expect([...normalize(Uint8Array.of(0, 128, 255), "none")]).toEqual([-128, 0, 127]);
  });

  it("takes exact integer square roots", () => {
    for (const root of [0, 1, 2, 181, 65535, 94906265]) {
      expect(integerSqrt(root * root)).toBe(root);
      if (root > 0) expect(integerSqrt(root * root - 1)).toBe(root - 1);
    }
  });
});

describe("locate", () => {
  it("centres a square and keeps it inside the frame", () => {
    expect(locateCenter({ kind: "center", x: 500, y: 500, size: 800 }, 320, 240)).toEqual({
      x: 64,
      y: 24,
      width: 192,
      height: 192,
    });
    expect(locateCenter({ kind: "center", x: 0, y: 1000, size: 500 }, 320, 240)).toEqual({
      x: 0,
      y: 120,
      width: 120,
      height: 120,
    });
    expect(locateCenter({ kind: "center", x: 500, y: 500, size: 1 }, 1, 1)).toEqual({
      x: 0,
      y: 0,
      width: 1,
      height: 1,
    });
  });

  it("feeds the network the located part only", () => {
    const image = randomImage(generator(13), 320, 240);
    const box = locateCenter({ kind: "center", x: 500, y: 500, size: 800 }, 320, 240);
    const before = preprocess(image, box, { size: 48, normalize: "standardize" });
    image.pixels.fill(255, 0, 24 * 320);
    expect(preprocess(image, box, { size: 48, normalize: "standardize" })).toEqual(before);
  });
});
