import { describe, expect, it, jest } from "@jest/globals";
import { defocus } from "#smilec/augment/optics/defocus.js";
import { gaussianKernel } from "#smilec/augment/optics/kernels.js";
import { enlarge, lowResolution } from "#smilec/augment/optics/low-resolution.js";
import { motionBlur } from "#smilec/augment/optics/motion-blur.js";
import { vignette } from "#smilec/augment/optics/vignette.js";
import { developed, lit, mean, moments, SIDE } from "../support/planes.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

const impulse = () => lit((x, y) => (x === 32 && y === 32 ? 1 : 0));
const noisy = () => lit((x, y) => ((x * 37 + y * 91 + ((x * y) % 17) * 13) % 64) / 64);

describe("motion blur", () => {
  it.each([
    [6, 0],
    [6, 90],
    [8, 45],
    [5, 30],
    [10, 120],
  ])("spreads a point over %d pixels along %d degrees", (length, degrees) => {
    const planes = impulse();
    const angle = (degrees * Math.PI) / 180;
    motionBlur.apply(planes, { length, angle });
    const { sum, x, y, xx, xy, yy } = moments(planes.light, SIDE);
    expect(sum).toBeCloseTo(1, 5);
    expect([x, y]).toEqual([expect.closeTo(32, 3), expect.closeTo(32, 3)]);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const along = xx * cos * cos + 2 * xy * cos * sin + yy * sin * sin;
    const across = xx * sin * sin - 2 * xy * cos * sin + yy * cos * cos;
    // An even smear of length L has variance L^2 / 12; placing it on the grid adds at most that of a pixel's interpolation.
    expect(Math.abs(along - length ** 2 / 12)).toBeLessThan(0.3);
    expect(across).toBeLessThan(0.3);
  });
});

describe("defocus", () => {
  it.each([1.5, 2.5, 4])("spreads a point evenly over a disc of radius %d", (radius) => {
    const planes = impulse();
    defocus.apply(planes, radius);
    const at = (dx: number, dy: number) => planes.light[(32 + dy) * SIDE + 32 + dx];
    expect(moments(planes.light, SIDE).sum).toBeCloseTo(1, 5);
    for (let d = 0; d <= radius - 0.5; d++) expect(at(d, 0)).toBeCloseTo(at(0, 0), 6);
    expect(at(Math.ceil(radius + 0.5), 0)).toBe(0);
    expect(at(2, 1)).toBe(at(-1, -2));
    // Area of the disc in pixels.
    expect(1 / at(0, 0) / (Math.PI * radius ** 2)).toBeCloseTo(1, 0);
  });
});

describe("every blur", () => {
  const blurs = [
    ["motion blur", (planes: ReturnType<typeof lit>) => motionBlur.apply(planes, { length: 7, angle: 1 })],
    ["defocus", (planes: ReturnType<typeof lit>) => defocus.apply(planes, 3)],
    [
      "lens blur",
      (planes: ReturnType<typeof lit>) =>
        planes.convolver.convolve(planes, gaussianKernel(planes.convolver.kernel, 1.2)),
    ],
  ] as const;

  it.each(blurs)("%s keeps even light as it is, edges included", (_, blur) => {
    const planes = lit(() => 0.3);
    blur(planes);
    for (const value of planes.light) expect(value).toBeCloseTo(0.3, 6);
  });

  it.each(blurs)("%s never leaves the range of what it smooths", (_, blur) => {
    const planes = noisy();
    const before = planes.light.slice();
    blur(planes);
    expect(Math.max(...planes.light)).toBeLessThanOrEqual(Math.max(...before) + 1e-6);
    expect(Math.min(...planes.light)).toBeGreaterThanOrEqual(Math.min(...before) - 1e-6);
    expect(planes.light).not.toEqual(before);
  });
});

describe("vignetting", () => {
  it("darkens the corners by its stops and leaves the axis", () => {
    const planes = lit(() => 0.5);
    vignette.apply(planes, { stops: 1, x: 0, y: 0 });
    expect(Math.log2(0.5 / planes.light[0])).toBeCloseTo(1, 1);
    expect(planes.light[32 * SIDE + 32]).toBeCloseTo(0.5, 3);
  });

  it("has its axis where it is drawn", () => {
    const planes = lit(() => 0.5);
    vignette.apply(planes, { stops: 2, x: 0.5, y: -0.5 });
    const brightest = planes.light.indexOf(Math.max(...planes.light));
    expect(Math.abs((brightest % SIDE) - 48)).toBeLessThanOrEqual(1);
    expect(Math.abs(Math.floor(brightest / SIDE) - 16)).toBeLessThanOrEqual(1);
  });
});

describe("low resolution", () => {
  it.each([63, 40, 32, 21, 8, 1])("averages the light onto %d pixels across", (across) => {
    const planes = noisy();
    const before = mean(planes.light);
    lowResolution.apply(planes, across);
    expect(planes.side).toBe(across);
    expect(mean(planes.light, across * across)).toBeCloseTo(before, 5);
  });

  it("gives each pixel the mean of the light on it", () => {
    const planes = lit((x, y) => x + 100 * y);
    lowResolution.apply(planes, 16);
    expect(planes.light[0]).toBeCloseTo(1.5 + 150, 3);
    expect(planes.light[16 + 2]).toBeCloseTo(9.5 + 550, 3);
  });

  it("is enlarged again, and then lacks detail", () => {
    const planes = lit((x) => (x % 2 === 0 ? 0 : 0.5));
    lowResolution.apply(planes, 24);
    enlarge(developed(planes));
    expect(planes.side).toBe(SIDE);
    const row = planes.grey.subarray(0, SIDE);
    expect(Math.max(...row) - Math.min(...row)).toBeLessThan(100);
  });

  it("keeps an even slope where it was when enlarged", () => {
    const planes = lit((x) => 0.1 + x / 128);
    const before = developed(lit((x) => 0.1 + x / 128)).grey;
    lowResolution.apply(planes, 32);
    enlarge(developed(planes));
    for (let x = 4; x < 60; x++)
      expect(Math.abs(planes.grey[30 * SIDE + x] - before[30 * SIDE + x])).toBeLessThanOrEqual(1);
  });
});
