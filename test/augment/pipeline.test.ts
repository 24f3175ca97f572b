import { describe, expect, it, jest } from "@jest/globals";
import { Augmenter, STAGES } from "#smilec/augment/pipeline.js";
import { Planes } from "#smilec/augment/planes.js";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import type { AugmentationName, AugmentOptions } from "#smilec/augment/types.js";
import { augmentSchema } from "#smilec/config/augment.js";
import { drawnCrop } from "#smilec/data/synthetic/people.js";
import { wholeBox } from "#smilec/locate/center.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import type { PreprocessSpec } from "#smilec/preprocess/types.js";
import { Rng } from "#smilec/train/rng.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

const SIZE = 32;
const SPEC: PreprocessSpec = { size: 24, normalize: "standardize" };
const DEFAULT = augmentSchema.parse({});
const AUGMENTATIONS = STAGES.flatMap(({ augmentations }) => augmentations);

/** Everything as strong as the configuration allows, in every picture. */
const EXTREME: AugmentOptions = augmentSchema.parse({
  shift: 0.5,
  scale: { smallest: 0.4, largest: 2 },
  rotate: 45,
  perspective: 0.5,
  rollingShutter: 0.3,
  exposure: 4,
  unevenLight: 6,
  backlight: { stops: 6, veil: 1, probability: 1 },
  banding: { depth: 0.9, probability: 1 },
  hand: { reach: 0.4, probability: 1 },
  cap: { reach: 0.4, probability: 1 },
  glare: { stops: 6, probability: 1 },
  vignette: 4,
  defocus: { radius: 4, probability: 1 },
  motionBlur: { length: 12, probability: 1 },
  lowResolution: { pixels: 8, probability: 1 },
  camera: { probability: 1 },
  noise: { gain: 128, probability: 1 },
  patternNoise: { deviation: 30, probability: 1 },
  hotPixels: { share: 0.05, probability: 1 },
  gamma: 2,
  contrast: 2,
  crushedShadows: { level: 0.8, probability: 1 },
  clippedHighlights: { stops: 4, probability: 1 },
  jpeg: { quality: 1, probability: 1 },
});

function picture(size = SIZE, index = 0): Uint8Array {
  return drawnCrop(5, index, size).image.pixels;
}

function augmented(options: AugmentOptions, epoch: number, index: number, seed = 1): Int8Array {
  const out = new Int8Array(SPEC.size ** 2);
  new Augmenter(SIZE, SPEC, options, seed).augment(picture(), epoch, index, out);
  return out;
}

function plain(size: number, spec: PreprocessSpec, pixels: Uint8Array): Int8Array {
  return preprocess({ width: size, height: size, pixels }, wholeBox(size, size), spec);
}

describe("the augmentation pipeline", () => {
  it("with all strengths 0 is exactly the device's preprocessing", () => {
    for (const [size, input] of [
      [SIZE, 24],
      [64, 48],
      [40, 40],
      [61, 48],
    ]) {
      for (const normalize of ["standardize", "none"] as const) {
        const spec = { size: input, normalize };
        const augmenter = new Augmenter(size, spec, NO_AUGMENTATION, 1);
        const out = new Int8Array(input ** 2);
        for (let index = 0; index < 8; index++) {
          augmenter.augment(picture(size, index), index, index, out);
          expect(out).toEqual(plain(size, spec, picture(size, index)));
        }
      }
    }
  });

  it("shows every grey level as it is when nothing is drawn", () => {
    const levels = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(new Augmenter(16, { size: 16, normalize: "none" }, NO_AUGMENTATION, 1).vary(levels, 0, 0)).toEqual(levels);
  });

  it("knows an augmentation for every strength of the configuration, once, with random numbers of its own", () => {
    expect(AUGMENTATIONS.map(({ name }) => name).sort()).toEqual(Object.keys(DEFAULT).sort());
    expect(new Set(AUGMENTATIONS.map(({ stream }) => stream)).size).toBe(AUGMENTATIONS.length);
  });

  it.each(AUGMENTATIONS.map((augmentation) => [augmentation.name, augmentation] as const))(
    "%s is off at strength 0 and on at its default",
    (name, augmentation) => {
      const view = new Planes(64, 48);
      const drawn = (options: AugmentOptions) =>
        Array.from({ length: 400 }, (_, i) => augmentation.draw(new Rng(3, i), options[name], view)).filter(
          (value) => value !== undefined,
        ).length;
      expect(drawn(NO_AUGMENTATION)).toBe(0);
      expect(drawn(DEFAULT)).toBeGreaterThan(0);
    },
  );

  it.each(AUGMENTATIONS.map(({ name }) => [name]))("%s alone changes the pictures it happens to", (name) => {
    const options = { ...NO_AUGMENTATION, [name]: EXTREME[name] };
    const before = plain(SIZE, SPEC, picture());
    const changed = Array.from({ length: 30 }, (_, i) => augmented(options, 0, i)).filter((result) =>
      result.some((value, i) => value !== before[i]),
    ).length;
    expect(changed).toBeGreaterThan(name === "flip" ? 5 : 20);
  });

  it("depends on seed, epoch and picture, and on nothing that came before", () => {
    const shared = new Augmenter(SIZE, SPEC, DEFAULT, 1);
    const seen = new Set<string>();
    for (const [epoch, index] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [7, 3],
      [0, 0],
    ]) {
      const out = new Int8Array(SPEC.size ** 2);
      shared.augment(picture(), epoch, index, out);
      expect(out).toEqual(augmented(DEFAULT, epoch, index));
      seen.add(Buffer.from(out).toString("hex"));
    }
    seen.add(Buffer.from(augmented(DEFAULT, 0, 0, 2)).toString("hex"));
    expect(seen.size).toBe(5);
  });

  it("draws the same numbers whatever the other strengths, and in proportion to its own", () => {
    const view = new Planes(64, 48);
    const rotate = AUGMENTATIONS.find(({ name }) => name === "rotate")!;
    const half = rotate.draw(new Rng(1, 2), 10, view) as number;
    expect(rotate.draw(new Rng(1, 2), 20, view)).toBeCloseTo(2 * half, 10);
    // With and without the rest, the same picture is turned by the same angle: the rest leaves a picture of one grey alone.
    const flat = new Uint8Array(SIZE * SIZE).fill(90);
    const onlyExposure = { ...NO_AUGMENTATION, exposure: 2 };
    const alsoGeometry = {
      ...onlyExposure,
      rotate: 30,
      shift: 0.3,
      flip: true,
      scale: { smallest: 0.5, largest: 1.5 },
    };
    const vary = (options: AugmentOptions) => new Augmenter(SIZE, SPEC, options, 1).vary(flat, 0, 4)[SIZE * 16 + 16];
    expect(vary(alsoGeometry)).toBe(vary(onlyExposure));
    expect(vary(onlyExposure)).not.toBe(90);
  });

  it("at every extreme, on black, white, even and busy pictures, gives numbers in range", () => {
    const busy = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 7919) % 256);
    for (const source of [new Uint8Array(SIZE * SIZE), new Uint8Array(SIZE * SIZE).fill(255), busy, picture()]) {
      const augmenter = new Augmenter(SIZE, SPEC, EXTREME, 9);
      const out = new Int8Array(SPEC.size ** 2);
      for (let index = 0; index < 60; index++) {
        augmenter.augment(source, 0, index, out);
        expect(Math.min(...out)).toBeGreaterThanOrEqual(-127);
      }
    }
  });

  it("never makes light that is not a number", () => {
    const planes = new Planes(SIZE, 24);
    for (let index = 0; index < 60; index++) {
      planes.load(picture(SIZE, index % 8));
      for (const stage of STAGES) {
        for (const augmentation of stage.augmentations) {
          const options = EXTREME[augmentation.name as AugmentationName];
          const drawn = augmentation.draw(new Rng(index, augmentation.stream), options, planes);
          if (drawn !== undefined) augmentation.apply(planes, drawn);
        }
        stage.conclude(planes, new Rng(index));
        const seen = planes.light.subarray(0, planes.side ** 2);
        expect(seen.every((value) => Number.isFinite(value))).toBe(true);
      }
    }
  });

  it.each([
    [8, 8],
    [16, 16],
    [24, 16],
    [16, 128],
    [168, 128],
  ])("works on pictures of %d pixels for inputs of %d", (size, input) => {
    const spec = { size: input, normalize: "none" } as const;
    const augmenter = new Augmenter(size, spec, EXTREME, 1);
    const out = new Int8Array(input ** 2);
    const source = Uint8Array.from({ length: size * size }, (_, i) => (i * 31) % 256);
    const seen = new Set<string>();
    for (let index = 0; index < 12; index++) {
      augmenter.augment(source, 0, index, out);
      seen.add(Buffer.from(out).toString("hex"));
    }
    expect(seen.size).toBeGreaterThan(6);
  });

  it("keeps the mouth in sight: at the defaults few pictures lose all contrast", () => {
    const augmenter = new Augmenter(64, { size: 48, normalize: "none" }, DEFAULT, 1);
    let lost = 0;
    for (let index = 0; index < 200; index++) {
      const varied = augmenter.vary(picture(64, index % 16), 1, index);
      const middle = Array.from({ length: 32 }, (_, y) => varied.subarray((y + 24) * 64 + 16, (y + 24) * 64 + 48));
      const values = middle.flatMap((row) => [...row]).sort((a, b) => a - b);
      if (values[Math.floor(0.95 * values.length)] - values[Math.floor(0.05 * values.length)] < 8) lost++;
    }
    expect(lost).toBeLessThan(10);
  });
});
