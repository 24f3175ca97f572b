import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import type { GrayImage } from "#smilec/data/types.js";
import { CONDITIONS, CONDITIONS_VERSION, type Condition, underCondition } from "#smilec/evaluate/conditions.js";
import { degrade } from "#smilec/evaluate/degrade/degrade.js";
import { jpegLosses } from "#smilec/evaluate/degrade/jpeg.js";
import { DEGRADATION_VERSION, LEVELS, type Level, RECIPES } from "#smilec/evaluate/degrade/levels.js";
import { encodeGrey, meanOf, type Plane, toGrey, toLight } from "#smilec/evaluate/degrade/light.js";
import { lensBlur, motionBlur, veil } from "#smilec/evaluate/degrade/optics.js";
import { backlight, placeFace, rotate } from "#smilec/evaluate/degrade/scene.js";
import { expose, meter } from "#smilec/evaluate/degrade/sensor.js";
import { Subject } from "#smilec/evaluate/degrade/subject.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { wholeBox } from "#smilec/locate/center.js";
import { Rng } from "#smilec/train/rng.js";
import { noisePicture } from "../support/pictures.js";

// A busy machine takes its time.
jest.setTimeout(120_000);

/** A face of a kind: a bright oval with two dark eyes and a dark mouth; only sums and comparisons, so equal on every machine. */
function drawnFace(side: number, mouth = 0.75): GrayImage {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / side - 0.5, Math.floor(i / side) / side - 0.5];
    const within = (cx: number, cy: number, rx: number, ry: number) =>
      ((x - cx) / rx) * ((x - cx) / rx) + ((y - cy) / ry) * ((y - cy) / ry) < 1;
    if (within(-0.18, -0.12, 0.08, 0.05) || within(0.18, -0.12, 0.08, 0.05)) return 40;
    if (within(0, mouth - 0.5, 0.2, 0.06)) return 60;
    return within(0, 0, 0.45, 0.6) ? 180 + (i % 7) : 90;
  });
  return { width: side, height: side, pixels };
}

const subjectOf = (picture: GrayImage) => new Subject(picture, wholeBox(picture.width, picture.height));
const sha = (images: readonly GrayImage[]) => {
  const hash = createHash("sha256");
  for (const { width, height, pixels } of images) hash.update(`${width}x${height}`).update(pixels);
  return hash.digest("hex").slice(0, 16);
};
const faces = [drawnFace(64), drawnFace(96, 0.8), drawnFace(48, 0.7)];

const deviation = ({ values }: Plane) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};
const flatPlane = (light: number, side = 64): Plane => ({
  width: side,
  height: side,
  values: new Float64Array(side * side).fill(light),
});

/** Changing one of these is changing the test: it takes a new version, and old figures cannot be compared with new ones. */
const GOLDEN: Readonly<Record<Level | Condition, string>> = {
  mild: "112658e6b8cada9f",
  medium: "00c93b8edc16b2ce",
  hard: "ada6b86d68840263",
  dark: "73dc4a920960af2e",
  backlit: "14007ac2f98c2039",
  blurred: "9963cb2745de193a",
  noisy: "423fe0984888b435",
  "loose crop": "84ea7adea9bfbfc0",
  "tight crop": "00e305177aa56bec",
  rotated: "43cbae8fbeba5aab",
};

describe("the production-like test", () => {
  it.each(LEVELS)("never changes silently: %s, version 1", (level) => {
    expect(DEGRADATION_VERSION).toBe(1);
    expect(sha(faces.flatMap((face) => degrade(subjectOf(face), level, 2)))).toBe(GOLDEN[level]);
  });

  it.each(CONDITIONS)("never changes silently: %s, version 1", (condition) => {
    expect(CONDITIONS_VERSION).toBe(1);
    expect(sha(faces.map((face) => underCondition(subjectOf(face), condition)))).toBe(GOLDEN[condition]);
  });

  it("knows nothing of what training practises, nor training of it", () => {
    const sources = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? sources(path) : /\.ts$/.test(entry.name) ? [path] : [];
      });
    const root = join(packageRoot, "src");
    const importsOf = (path: string) =>
      [...readFileSync(path, "utf8").matchAll(/from "([^"]+)"/g)].map((match) => match[1]);
    const here = [...sources(join(root, "evaluate/degrade")), join(root, "evaluate/conditions.ts")];
    expect(here.length).toBeGreaterThan(7);
    for (const path of here) {
      const foreign = importsOf(path).filter((name) => /\/(train|augment)\//.test(name) && !name.endsWith("/rng.js"));
      expect(foreign).toEqual([]);
    }
    const training = sources(root).filter((path) => /\/(train|augment)\//.test(path));
    expect(training.length).toBeGreaterThan(20);
    for (const path of training) {
      expect(importsOf(path).filter((name) => /degrade|conditions/.test(name))).toEqual([]);
    }
  });

  it("treats a picture the same in whatever set and order it comes", () => {
    const [first, second] = faces.map((face) => sha(degrade(subjectOf(face), "hard", 3)));
    expect(sha(degrade(subjectOf(faces[1]), "hard", 3))).toBe(second);
    expect(sha(degrade(subjectOf(faces[0]), "hard", 3))).toBe(first);
    const captures = degrade(subjectOf(faces[0]), "medium", 3);
    expect(sha(degrade(subjectOf(faces[0]), "medium", 2))).toBe(sha(captures.slice(0, 2)));
    expect(new Set(captures.map((capture) => sha([capture]))).size).toBe(3);
  });

  it("treats different pictures differently", () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      for (const level of LEVELS) {
        const [{ width, height, pixels }] = degrade(subjectOf(noisePicture(seed, 64, 64)), level);
        expect(width).toBe(height);
        expect(pixels.length).toBe(width * width);
        const { faceSide, cropSide } = RECIPES[level];
        expect(width).toBeGreaterThanOrEqual(Math.floor(faceSide[0] * cropSide[0]));
        expect(width).toBeLessThanOrEqual(Math.ceil(faceSide[1] * cropSide[1]));
        expect(width).toBeGreaterThanOrEqual(16);
        sizes.add(width);
      }
    }
    expect(sizes.size).toBeGreaterThan(25);
  });

  it("leaves less of the face from level to level", () => {
    const similarity = (level: Level) => {
      let sum = 0;
      for (let i = 0; i < 30; i++) {
        const face = drawnFace(64, 0.68 + 0.005 * i);
        const [shown] = degrade(subjectOf(face), level);
        sum += correlation(face, shown);
      }
      return sum / 30;
    };
    const [mild, medium, hard] = LEVELS.map(similarity);
    expect(mild).toBeGreaterThan(medium + 0.01);
    expect(medium).toBeGreaterThan(hard + 0.03);
    expect(hard).toBeGreaterThan(0.05);
    expect(mild).toBeLessThan(0.98);
  });
});

/** Correlation of two square pictures, the smaller one enlarged to the larger by its nearest pixels. */
function correlation(a: GrayImage, b: GrayImage): number {
  const at = (image: GrayImage, i: number) => {
    const [x, y] = [(i % a.width) / a.width, Math.floor(i / a.width) / a.width];
    return image.pixels[Math.floor(y * image.height) * image.width + Math.floor(x * image.width)];
  };
  const n = a.pixels.length;
  const pairs = Array.from({ length: n }, (_, i) => [at(a, i), at(b, i)]);
  const [ma, mb] = [0, 1].map((side) => pairs.reduce((sum, pair) => sum + pair[side], 0) / n);
  const sum = (f: (x: number, y: number) => number) => pairs.reduce((all, [x, y]) => all + f(x - ma, y - mb), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y) + 1e-9);
}

describe("light", () => {
  it("is linear: half of the light is 188 of 255, and every grey value comes back", () => {
    expect(encodeGrey(0.5)).toBeCloseTo(187.5, 0);
    const ramp = { width: 256, height: 1, pixels: Uint8Array.from({ length: 256 }, (_, i) => i) };
    const { width, height, values } = toLight(ramp);
    expect([...toGrey({ width, height, values: values.map(encodeGrey) }).pixels]).toEqual([...ramp.pixels]);
  });
});

describe("the scene", () => {
  it("averages light, not grey values, when the face is far away", () => {
    const stripes = { width: 64, height: 64, pixels: Uint8Array.from({ length: 4096 }, (_, i) => (i % 2) * 255) };
    const patch = placeFace(toLight(stripes), wholeBox(64, 64), 16);
    const middle = patch.values[(patch.width / 2) * patch.width + patch.width / 2];
    expect(middle).toBeCloseTo(0.5, 9);
    expect(encodeGrey(middle)).toBeGreaterThan(180);
  });

  it("shows the face pixel by pixel at its own size, in the middle, and keeps the picture's own surroundings", () => {
    const picture = noisePicture(3, 120, 100);
    const face = { x: 40, y: 30, width: 40, height: 40 };
    const light = toLight(picture);
    const patch = placeFace(light, face, 40);
    const margin = (patch.width - 40) / 2;
    let compared = 0;
    for (let y = -Math.min(margin, 14); y < 54; y++) {
      for (let x = -margin; x < 40 + margin; x++) {
        const seen = patch.values[(margin + y) * patch.width + margin + x];
        expect(seen).toBeCloseTo(light.values[(30 + y) * 120 + 40 + x], 12);
        compared++;
      }
    }
    expect(compared).toBe(68 * 68);
  });

  it("turns clockwise about the middle", () => {
    const plane = flatPlane(0, 21);
    plane.values[10 * 21 + 18] = 1;
    const turned = rotate(plane, Math.PI / 2);
    expect(turned.values[18 * 21 + 10]).toBeCloseTo(1, 9);
    expect(turned.values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  });

  it("puts the window behind the head and not before it", () => {
    const patch = flatPlane(0.2, 108);
    const lit = backlight(patch, 64, { light: 5, from: 0 });
    const at = (x: number, y: number) => lit.values[Math.round(54 + 64 * y) * 108 + Math.round(54 + 64 * x)];
    expect([at(0, 0), at(0, -0.5), at(0.3, 0.2), at(-0.5, 0.75)]).toEqual([0.2, 0.2, 0.2, 0.2]);
    expect([at(-0.8, -0.5), at(0.8, -0.5), at(0.7, 0)]).toEqual([5, 5, 5]);
    const left = backlight(patch, 64, { light: 5, from: -1 });
    expect(left.values[54 * 108 + 2]).toBe(5);
    expect(left.values[54 * 108 + 105]).toBe(0.2);
  });
});

describe("the optics", () => {
  const point = flatPlane(0, 33);
  point.values[16 * 33 + 16] = 1;

  it("spread a point as a Gaussian of the given width, and lose no light", () => {
    const { values } = lensBlur(point, 2);
    const moment = values.reduce((sum, value, i) => sum + value * ((i % 33) - 16) ** 2, 0);
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    expect(Math.sqrt(moment)).toBeCloseTo(2, 1);
    expect(values[16 * 33 + 18]).toBeCloseTo(values[18 * 33 + 16], 12);
    expect(lensBlur(point, 0)).toBe(point);
  });

  it("smear a point along the movement only", () => {
    const { values } = motionBlur(point, 8, 0);
    const row = values.slice(16 * 33, 17 * 33);
    expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 1);
    expect(row.filter((value) => value > 0.01).length).toBeGreaterThanOrEqual(8);
    expect(values.filter((value) => value > 1e-9).length).toBeLessThanOrEqual(11);
    const upright = motionBlur(point, 8, Math.PI / 2).values;
    expect(upright[12 * 33 + 16]).toBeCloseTo(row[12], 9);
  });

  it("take contrast by a veil and keep the mean", () => {
    const plane = toLight(noisePicture(1, 64, 64));
    const veiled = veil(plane, 0.3, meanOf(plane));
    expect(meanOf(veiled)).toBeCloseTo(meanOf(plane), 9);
    expect(deviation(veiled) / deviation(plane)).toBeCloseTo(0.7, 9);
  });
});

describe("the sensor", () => {
  const settings = { light: 4000, maxGain: 8, exposureError: 0, toe: 0 };

  it("exposes by the frame's mean: a bright window makes the face dark", () => {
    const alone = meter(0.2, settings);
    const backlit = meter(2, settings);
    expect(backlit.scale / alone.scale).toBeCloseTo(0.1, 9);
    expect(meter(0.2, { ...settings, exposureError: 1 }).scale).toBeCloseTo(2 * alone.scale, 9);
    // With hardly any light the gain ends, and the picture stays dark.
    const dark = meter(0.2, { ...settings, light: 50 });
    expect(dark.gain).toBe(8);
    expect(dark.scale).toBeCloseTo((8 * 50) / 8000, 9);
  });

  it("has noise that falls with the square root of the light", () => {
    const noiseAt = (light: number) => {
      const exposure = { scale: 0.5, gain: Math.max(1, (0.5 * 8000) / light) };
      return deviation(expose(flatPlane(0.5, 96), exposure, 0, new Rng(1)));
    };
    const [bright, dim] = [noiseAt(4000), noiseAt(1000)];
    expect(dim / bright).toBeGreaterThan(1.9);
    expect(dim / bright).toBeLessThan(2.3);
    expect(noiseAt(100)).toBeGreaterThan(3 * dim);
  });

  it("clips what is brighter than full scale, and starts at black", () => {
    const exposure = { scale: 1, gain: 1 };
    expect(Math.min(...expose(flatPlane(2), exposure, 0, new Rng(1)).values)).toBeCloseTo(255, 9);
    expect(Math.max(...expose(flatPlane(0), exposure, 0.05, new Rng(1)).values)).toBeLessThan(12);
  });

  it("destroys contrast in the shadows by its toe, and keeps it in the light", () => {
    const mean = (value: number, toe: number) =>
      meanOf(expose(flatPlane(value, 128), { scale: 1, gain: 1 }, toe, new Rng(2)));
    const step = (light: number, toe: number) => mean(1.2 * light, toe) - mean(light, toe);
    expect(mean(0.01, 0.05) / mean(0.01, 0)).toBeLessThan(0.4);
    expect(step(0.01, 0.05) / step(0.01, 0)).toBeLessThan(0.75);
    expect(step(0.5, 0.05) / step(0.5, 0)).toBeGreaterThan(0.95);
  });
});

describe("JPEG losses", () => {
  it.each([35, 60, 90])("are those of a real JPEG of quality %i", async (quality) => {
    const random = new Rng(quality);
    const waves = Array.from({ length: 12 }, () => [
      random.between(0, 0.8),
      random.between(0, 0.8),
      random.between(0, 6),
    ]);
    const pixels = Uint8Array.from({ length: 96 * 96 }, (_, i) => {
      const sum = waves.reduce((all, [a, b, c]) => all + Math.sin(a * (i % 96) + b * Math.floor(i / 96) + c), 0);
      return 128 + 9 * sum + random.between(-6, 6);
    });
    const ours = toGrey(jpegLosses({ width: 96, height: 96, values: Float64Array.from(pixels) }, quality)).pixels;
    const raw = { width: 96, height: 96, channels: 1 } as const;
    const jpeg = await sharp(pixels, { raw }).toColourspace("b-w").jpeg({ quality }).toBuffer();
    const real = await sharp(jpeg).toColourspace("b-w").raw().toBuffer();
    const apart = (other: ArrayLike<number>) =>
      Array.from(ours, (value, i) => Math.abs(value - other[i])).sort((a, b) => a - b);
    // A coefficient just between two steps may be rounded the other way by the library's integer transform.
    const differences = apart(real);
    expect(differences[Math.floor(0.95 * differences.length)]).toBeLessThanOrEqual(3);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(differences)).toBeLessThan(0.5);
    expect(mean(apart(pixels))).toBeGreaterThan(quality === 90 ? 1 : 3);
  });

  it("treat pictures that are no multiple of a block as a JPEG does", () => {
    const values = Float64Array.from(noisePicture(5, 13, 21).pixels);
    const odd = jpegLosses({ width: 13, height: 21, values }, 80);
    expect([odd.width, odd.height, odd.values.length]).toEqual([13, 21, 273]);
    // The first block does not know of what comes after it.
    const block = Float64Array.from({ length: 64 }, (_, i) => values[Math.floor(i / 8) * 13 + (i % 8)]);
    const alone = jpegLosses({ width: 8, height: 8, values: block }, 80).values;
    alone.forEach((value, i) => {
      expect(odd.values[Math.floor(i / 8) * 13 + (i % 8)]).toBeCloseTo(value, 9);
    });
  });
});

describe("conditions", () => {
  const face = drawnFace(64);
  const shown = (condition: Condition) => underCondition(subjectOf(face), condition);
  const mean = ({ pixels }: GrayImage) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const centre = ({ width, pixels }: GrayImage) => pixels[Math.floor(width / 2) * width + Math.floor(width / 2)];

  it("are what they are called", () => {
    expect(mean(shown("dark"))).toBeLessThan(0.8 * mean(shown("noisy")));
    expect(centre(shown("backlit"))).toBeLessThan(0.6 * centre(shown("rotated")));
    expect(shown("loose crop").width).toBe(85);
    expect(shown("tight crop").width).toBe(51);
    const steps = ({ width, pixels }: GrayImage) =>
      Array.from(pixels, (value, i) => (i % width === 0 ? 0 : Math.abs(value - pixels[i - 1])));
    const steepest = (image: GrayImage) => Math.max(...steps(image));
    const restless = (image: GrayImage) => steps(image).reduce((sum, step) => sum + step, 0);
    expect(steepest(shown("blurred"))).toBeLessThan(0.6 * steepest(shown("rotated")));
    expect(restless(shown("noisy"))).toBeGreaterThan(1.5 * restless(shown("rotated")));
    expect(correlation(face, shown("rotated"))).toBeLessThan(0.97);
  });

  it("turn about half of the pictures to each side", () => {
    let right = 0;
    for (let i = 0; i < 60; i++) {
      const bar: GrayImage = {
        width: 40,
        height: 40,
        pixels: Uint8Array.from({ length: 1600 }, (_, at) => (Math.abs((at % 40) - 20) < 3 ? 200 + (i % 50) : 50)),
      };
      bar.pixels[0] = i;
      const { width, pixels } = underCondition(subjectOf(bar), "rotated");
      if (pixels[5 * width + 24] > pixels[5 * width + 15]) right++;
    }
    expect(right).toBeGreaterThan(15);
    expect(right).toBeLessThan(45);
  });
});
