import { describe, expect, it, jest } from "@jest/globals";
import type { Planes } from "#smilec/augment/planes.js";
import { clippedHighlights } from "#smilec/augment/tone/clipped-highlights.js";
import { contrast } from "#smilec/augment/tone/contrast.js";
import { crushedShadows } from "#smilec/augment/tone/crushed-shadows.js";
import { gamma } from "#smilec/augment/tone/gamma.js";
import { DECODE, encodeSrgb } from "#smilec/augment/tone/tables.js";
import { developed, loaded, warped } from "../support/planes.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

/** Grey levels 0 to 255 through a tone curve. */
function toned(apply: (planes: Planes) => void): Uint8Array {
  const planes = warped(loaded((x, y) => y * 16 + x, 16));
  apply(planes);
  return developed(planes).grey.slice();
}

const slope = (curve: Uint8Array, from: number, to: number) => (curve[to] - curve[from]) / (to - from);

describe("tone", () => {
  it("is the sRGB curve and back for every grey level when nothing is drawn", () => {
    expect([...toned(() => undefined)]).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(DECODE[255]).toBe(1);
    expect(encodeSrgb(DECODE[37]) * 255).toBeCloseTo(37, 4);
  });

  it("gamma raises grey as a fraction of the range to its exponent", () => {
    const curve = toned((planes) => gamma.apply(planes, 1.5));
    for (const value of [0, 20, 128, 200, 255])
      expect(Math.abs(curve[value] - 255 * (value / 255) ** 1.5)).toBeLessThan(1);
  });

  it("contrast turns about mid grey by its factor and clips", () => {
    const curve = toned((planes) => contrast.apply(planes, 2));
    expect(Math.abs(curve[128] - 128)).toBeLessThanOrEqual(1);
    expect(slope(curve, 100, 150)).toBeCloseTo(2, 1);
    expect([curve[30], curve[230]]).toEqual([0, 255]);
  });

  it("crushed shadows are black below their level, flat below the knee, and leave highlights", () => {
    const [level, softness] = [0.25, 0.1];
    const curve = toned((planes) => crushedShadows.apply(planes, { level, softness }));
    const [black, knee] = [Math.floor(255 * (level - softness)), Math.ceil(255 * (level + softness))];
    expect(Math.max(...curve.subarray(0, black))).toBe(0);
    expect(slope(curve, black, knee)).toBeLessThan(0.75);
    expect(slope(curve, knee, 255)).toBeCloseTo(1 / (1 - level), 1);
    expect(curve[255]).toBe(255);
    for (let i = 1; i < 256; i++) expect(curve[i]).toBeGreaterThanOrEqual(curve[i - 1]);
  });

  it("clipped highlights are white from their stops on and leave the shadows", () => {
    const curve = toned((planes) => clippedHighlights.apply(planes, 1));
    const white = Math.round(255 * encodeSrgb(0.5));
    expect(curve[white + 1]).toBe(255);
    expect(curve[white - 5]).toBeLessThan(255);
    for (let i = 0; i < 0.55 * white; i++) expect(curve[i]).toBe(i);
  });

  it("steps follow each other", () => {
    const curve = toned((planes) => {
      gamma.apply(planes, 1.5);
      contrast.apply(planes, 1.5);
    });
    const wanted = 255 * (0.5 + ((100 / 255) ** 1.5 - 0.5) * 1.5);
    expect(Math.abs(curve[100] - wanted)).toBeLessThan(1);
  });
});
