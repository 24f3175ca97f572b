import { describe, expect, it } from "@jest/globals";
import { FeatureMeter, type FeatureName, PICTURE_FEATURES } from "#smilec/skew/features.js";
import { Rng } from "#smilec/train/rng.js";
import { boxMean, drawnGrey } from "../support/skew-pictures.js";

const SIZE = 48;
const meter = new FeatureMeter(SIZE);

function features(grey: Uint8Array): Record<FeatureName, number> {
  const values = meter.measure(grey);
  return Object.fromEntries(PICTURE_FEATURES.map(({ name }, i) => [name, values[i]])) as Record<FeatureName, number>;
}

function picture(at: (x: number, y: number) => number): Uint8Array {
  return Uint8Array.from({ length: SIZE * SIZE }, (_, i) =>
    Math.max(0, Math.min(255, Math.round(at(i % SIZE, Math.floor(i / SIZE))))),
  );
}

function noisy(grey: Uint8Array, deviation: number): Uint8Array {
  const rng = new Rng(5);
  return grey.map((value) => Math.max(0, Math.min(255, Math.round(value + deviation * rng.normal()))));
}

/** sRGB: mid grey, and one and two stops below. */
const MID = 128;
const STOP_BELOW = 92;

describe("features of a picture", () => {
  it("counts grey levels", () => {
    const half = features(picture((x) => (x < SIZE / 2 ? 0 : 255)));
    expect(half.brightness).toBeCloseTo(127.5);
    expect(half.contrast).toBeCloseTo(127.5);
    expect(half.shadows).toBeCloseTo(50);
    expect(half.highlights).toBeCloseTo(50);
  });

  it("tells how much darker the face is than what is behind it, in stops", () => {
    const middle = (x: number, y: number) => Math.hypot(x - 23.5, y - 23.5) < 21;
    expect(features(picture((x, y) => (middle(x, y) ? STOP_BELOW : MID))).faceStops).toBeCloseTo(-1, 1);
    expect(features(picture((x, y) => (middle(x, y) ? MID : STOP_BELOW))).faceStops).toBeCloseTo(1, 1);
    expect(features(picture(() => MID)).faceStops).toBeCloseTo(0);
  });

  it("tells light from one side, and the range of light", () => {
    const sided = features(picture((x) => (x < SIZE / 2 ? STOP_BELOW : MID)));
    expect(sided.sideStops).toBeCloseTo(1, 1);
    expect(sided.range).toBeCloseTo(1, 1);
    expect(features(picture((_, y) => (y < SIZE / 2 ? STOP_BELOW : MID))).sideStops).toBeCloseTo(1, 1);
  });

  it("measures noise within a fifth, whatever the light", () => {
    for (const deviation of [3, 6, 12]) {
      const measured = features(
        noisy(
          picture((x) => 90 + x),
          deviation,
        ),
      ).noise;
      expect(measured / deviation).toBeGreaterThan(0.75);
      expect(measured / deviation).toBeLessThan(1.05);
    }
  });

  it("calls a blurred face less sharp, and noise no sharpness", () => {
    for (const index of [0, 3, 17]) {
      const face = drawnGrey(7, index, SIZE);
      const sharp = features(face).sharpness;
      expect(features(boxMean(face, SIZE)).sharpness).toBeLessThan(sharp - 1);
      // Without taking the noise off, this much would make it sharper by more than 2.
      expect(features(noisy(face, 8)).sharpness).toBeLessThan(sharp + 1);
    }
  });

  it("says something of pictures that are all black or all white", () => {
    for (const level of [0, 255]) for (const value of meter.measure(picture(() => level))) expect(value).not.toBeNaN();
  });
});
