import { describe, expect, it, jest } from "@jest/globals";
import { camera } from "#smilec/augment/sensor/camera.js";
import { exposure } from "#smilec/augment/sensor/exposure.js";
import { hotPixels } from "#smilec/augment/sensor/hot-pixels.js";
import { noiseLevel } from "#smilec/augment/sensor/model.js";
import { noise } from "#smilec/augment/sensor/noise.js";
import { OV2640, SENSORS } from "#smilec/augment/sensor/ov2640.js";
import { patternNoise } from "#smilec/augment/sensor/pattern-noise.js";
import { developed, lightOf, lit, loaded, mean, SIDE, spread, warped } from "../support/planes.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

describe("exposure", () => {
  it("of one stop doubles linear light below clipping", () => {
    const planes = warped(loaded((x) => x * 2));
    const before = planes.light.slice();
    exposure.apply(planes, 1);
    for (let i = 0; i < SIDE; i++) expect(planes.light[i]).toBeCloseTo(2 * before[i], 6);
  });

  it("shows as the grey level of twice the light, and clips at white", () => {
    const planes = warped(loaded((x) => (x < 32 ? 100 : 220)));
    exposure.apply(planes, 1);
    developed(planes);
    expect(lightOf(planes.grey[0])).toBeCloseTo(2 * lightOf(100), 2);
    expect(planes.grey[63]).toBe(255);
  });
});

describe("sensor noise", () => {
  const variances = (gain: number, levels: readonly number[]) =>
    levels.map((level) => {
      const planes = lit(() => level);
      noise.apply(planes, { gain, seed: 7 });
      const { mean: middle, variance } = spread(planes.light);
      expect(Math.abs(middle - level)).toBeLessThan(4 * Math.sqrt(variance / SIDE ** 2));
      return variance;
    });

  it("has a variance that grows linearly with light", () => {
    const [a, b, c] = variances(8, [0.1, 0.4, 0.7]);
    expect((c - b) / (b - a)).toBeCloseTo(1, 0);
    const slope = (c - a) / 0.6;
    // 8000 electrons at gain 1: a thousand are white here.
    expect(slope * 1000).toBeGreaterThan(0.85);
    expect(slope * 1000).toBeLessThan(1.15);
  });

  it("has shot noise that grows with the gain and read noise in the dark", () => {
    const [once] = variances(4, [0.5]);
    const [twice] = variances(8, [0.5]);
    expect(twice / once).toBeCloseTo(2, 0);
    const [dark] = variances(16, [0]);
    // 6 electrons before and 10/16 after the amplifier, of 500 that are white.
    expect(Math.sqrt(dark) * 500).toBeCloseTo(Math.hypot(6, 10 / 16), 0);
  });

  it("differs from row to row and picture to picture", () => {
    const [one, other] = [lit(() => 0.5), lit(() => 0.5)];
    noise.apply(one, { gain: 8, seed: 1 });
    noise.apply(other, { gain: 8, seed: 2 });
    const correlation = (a: Float32Array, b: Float32Array) => {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += (a[i] - 0.5) * (b[i] - 0.5);
      return sum / a.length / spread(one.light).variance;
    };
    expect(Math.abs(correlation(one.light, other.light))).toBeLessThan(0.1);
    expect(Math.abs(correlation(one.light.subarray(0, SIDE * 63), one.light.subarray(SIDE)))).toBeLessThan(0.1);
  });

  it("is averaged where the sensor has more pixels than the picture", () => {
    const sensor = SENSORS.ov2640;
    expect(noiseLevel(sensor, 4, 9).shot * 9).toBeCloseTo(noiseLevel(sensor, 4, 1).shot, 12);
    const planes = lit(() => 0.5);
    planes.sensor = sensor;
    noise.apply(planes, { gain: 4, seed: 3 });
    const { shot, read } = noiseLevel(sensor, 4, 1);
    expect(spread(planes.light).variance / ((read + 0.5 * shot) / 9)).toBeCloseTo(1, 0);
  });

  it("stops at the sensor's greatest gain", () => {
    const [most, more] = [lit(() => 0.5), lit(() => 0.5)];
    for (const planes of [most, more]) planes.sensor = SENSORS.ov2640;
    noise.apply(most, { gain: OV2640.greatestGain, seed: 3 });
    noise.apply(more, { gain: 100, seed: 3 });
    expect(more.light).toEqual(most.light);
  });
});

describe("pattern noise", () => {
  it("gives every row and every column an offset of its own, in grey levels at mid grey", () => {
    const rows = warped(loaded(() => 128));
    patternNoise.apply(rows, { rows: 5, columns: 0, seed: 1 });
    developed(rows);
    const levels = Array.from({ length: SIDE }, (_, y) => rows.grey[y * SIDE]);
    for (let y = 0; y < SIDE; y++) expect(new Set(rows.grey.subarray(y * SIDE, (y + 1) * SIDE)).size).toBe(1);
    expect(Math.sqrt(spread(levels).variance)).toBeGreaterThan(3.5);
    expect(Math.sqrt(spread(levels).variance)).toBeLessThan(6.5);
    const columns = lit(() => 0.5);
    patternNoise.apply(columns, { rows: 0, columns: 5, seed: 1 });
    expect(columns.light.subarray(0, SIDE)).toEqual(columns.light.subarray(SIDE, 2 * SIDE));
  });
});

describe("hot pixels", () => {
  it("lights its share of the pixels and no other", () => {
    const planes = lit(() => 0.1);
    hotPixels.apply(planes, { share: 0.01, seed: 1 });
    const hot = planes.light.filter((value) => value > 0.2).length;
    expect(hot).toBeGreaterThan(36);
    expect(hot).toBeLessThanOrEqual(41);
    expect(planes.light.filter((value) => Math.abs(value - 0.1) < 1e-6).length).toBe(SIDE * SIDE - hot);
  });
});

describe("the camera", () => {
  const target = OV2640.metering!;

  it.each([0.02, 0.2, 0.9])("exposes a mean of %d for its target", (level) => {
    const planes = lit((x) => (level * (x + 1)) / 32.5);
    camera.apply(planes, SENSORS.ov2640);
    expect(mean(planes.light.map((value) => Math.min(1, value)))).toBeCloseTo(target, 1);
  });

  it("meters the whole frame: a bright background darkens the face", () => {
    const face = (background: number) => {
      const planes = lit((x, y) => (Math.hypot(x - 32, y - 32) < 20 ? 0.2 : background));
      camera.apply(planes, SENSORS.ov2640);
      return planes.light[32 * SIDE + 32];
    };
    expect(face(2)).toBeLessThan(face(0.2) / 2);
  });

  it("shows light by the curve of its gamma registers, which is darker than sRGB in the shadows", () => {
    const planes = lit((x) => [16 / 256, 64 / 256, 144 / 256, 1][x % 4]);
    planes.sensor = SENSORS.ov2640;
    developed(planes);
    expect([...planes.grey.subarray(0, 4)]).toEqual([0x31, 0x88, 0xc4, 255]);
    const other = developed(lit(() => 16 / 256));
    expect(other.grey[0]).toBeGreaterThan(0x31 + 15);
  });

  it("has the dynamic range and the signal-to-noise ratio of its datasheet", () => {
    const { shot, read } = noiseLevel(SENSORS.ov2640, 1, 1);
    expect(20 * Math.log10(1 / Math.sqrt(read))).toBeCloseTo(50, 0);
    expect(Math.abs(20 * Math.log10(1 / Math.sqrt(read + shot)) - 40)).toBeLessThan(1);
  });

  it("is made of numbers that can be kept as JSON", () => {
    expect(JSON.parse(JSON.stringify(OV2640))).toEqual(OV2640);
  });
});
