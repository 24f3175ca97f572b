import { describe, expect, it } from "@jest/globals";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import type { GrayImage } from "#smilec/data/types.js";
import { lightsOf, measureLook, SKETCH_SIDE } from "#smilec/label/measure.js";
import { locateCenter } from "#smilec/locate/center.js";
import { Random } from "../support/random.js";

const box = locateCenter({ kind: "center", x: 500, y: 500, size: 800 }, 320, 240);

/** A drawn face on a grey wall, evenly lit. */
function frame(change: (value: number, x: number, y: number) => number = (value) => value): GrayImage {
  const { image } = drawnFrame(3, 2, 320, 240);
  const mean = image.pixels.reduce((sum, value) => sum + value, 0) / image.pixels.length;
  const pixels = image.pixels.map((value, i) =>
    Math.max(0, Math.min(255, Math.round(change((value / mean) * 120, i % 320, Math.floor(i / 320))))),
  );
  return { ...image, pixels };
}

/** A box blur, along rows and then along columns. */
function blurred(image: GrayImage, radius: number): GrayImage {
  const { width, height } = image;
  const along = (pixels: Uint8Array, step: (i: number, by: number) => number) =>
    pixels.map((_, i) => {
      let sum = 0;
      for (let by = -radius; by <= radius; by++) sum += pixels[step(i, by)];
      return sum / (2 * radius + 1);
    });
  const clamp = (value: number, end: number) => Math.max(0, Math.min(end - 1, value));
  const rows = along(image.pixels, (i, by) => i - (i % width) + clamp((i % width) + by, width));
  return {
    ...image,
    pixels: along(rows, (i, by) => (i % width) + width * clamp(Math.floor(i / width) + by, height)),
  };
}

const lights = (image: GrayImage) => lightsOf(measureLook(image, box).measures);

describe("what a picture looks like", () => {
  it("finds nothing wrong with a good one", () => {
    expect(lights(frame())).toEqual([]);
  });

  it("sees a dark one", () => {
    expect(lights(frame((value) => value / 4))).toEqual(["dark"]);
  });

  it("sees a face before a window", () => {
    const inFace = (x: number, y: number) => Math.hypot((x - 160) / 75, (y - 120) / 95) < 1;
    expect(lights(frame((value, x, y) => (inFace(x, y) ? value * 0.6 : 245)))).toContain("backlit");
  });

  it("sees a blurred one", () => {
    expect(lights(blurred(frame(), 7))).toEqual(["blurred"]);
  });

  it("sees a noisy one", () => {
    const random = new Random(1);
    expect(lights(frame((value) => value + random.integer(-25, 25)))).toEqual(["noisy"]);
  });

  it("survives flat pictures and boxes that fill the frame", () => {
    const flat = { width: 20, height: 20, pixels: new Uint8Array(400).fill(128) };
    const { measures, sketch } = measureLook(flat, { x: 0, y: 0, width: 20, height: 20 });
    expect(Object.values(measures).every(Number.isFinite)).toBe(true);
    expect(lightsOf(measures)).toEqual(["blurred"]);
    expect(sketch).toEqual(new Uint8Array(SKETCH_SIDE ** 2));
  });

  it("sketches the same face in other light alike, and another face differently", () => {
    const sketchOf = (image: GrayImage) => new Int8Array(measureLook(image, box).sketch.buffer);
    const distance = (a: Int8Array, b: Int8Array) =>
      Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
    const own = sketchOf(frame());
    const darker = sketchOf(frame((value) => 20 + value / 2));
    const { image: other } = drawnFrame(3, 9, 320, 240);
    expect(distance(own, darker)).toBeLessThan(distance(own, sketchOf(other)) / 5);
  });
});
