import { describe, expect, it, jest } from "@jest/globals";
import { shift } from "#smilec/augment/geometry/shift.js";
import { type Backlight, backlight } from "#smilec/augment/scene/backlight.js";
import { banding } from "#smilec/augment/scene/banding.js";
import { cap } from "#smilec/augment/scene/cap.js";
import { glare } from "#smilec/augment/scene/glare.js";
import { hand } from "#smilec/augment/scene/hand.js";
import { unevenLight } from "#smilec/augment/scene/uneven-light.js";
import { lit, mean, SIDE } from "../support/planes.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

const at = (light: Float32Array, x: number, y: number) => light[y * SIDE + x];
const stopsBetween = (a: number, b: number) => Math.log2(a / b);

describe("backlight", () => {
  const plain: Backlight = { stops: 2, veil: 0, sided: 0, angle: 0, metered: 1, width: 1, height: 1 };
  const flat = () => lit(() => 0.2);

  it("makes the background brighter than the face by its stops", () => {
    for (const stops of [1, 2, 3.5]) {
      const planes = flat();
      backlight.apply(planes, { ...plain, stops });
      expect(stopsBetween(at(planes.light, 1, 1), at(planes.light, 32, 32))).toBeCloseTo(stops, 1);
    }
  });

  it("keeps the picture's mean when exposure follows it, and so darkens the face", () => {
    const planes = flat();
    backlight.apply(planes, plain);
    expect(mean(planes.light)).toBeCloseTo(0.2, 3);
    expect(at(planes.light, 32, 32)).toBeLessThan(0.15);
  });

  it("keeps the face when exposure does not follow", () => {
    const planes = flat();
    backlight.apply(planes, { ...plain, metered: 0 });
    expect(at(planes.light, 32, 32)).toBeCloseTo(0.2, 5);
  });

  it("comes from one side", () => {
    const planes = flat();
    backlight.apply(planes, { ...plain, sided: 1, metered: 0 });
    expect(at(planes.light, 62, 1)).toBeGreaterThan(0.7);
    expect(at(planes.light, 1, 1)).toBeLessThan(0.25);
  });

  it("lays a veil of its share of the mean light over all, which takes contrast", () => {
    const [clear, veiled] = [lit((x) => (x < 32 ? 0.05 : 0.2)), lit((x) => (x < 32 ? 0.05 : 0.2))];
    backlight.apply(clear, { ...plain, metered: 0 });
    backlight.apply(veiled, { ...plain, metered: 0, veil: 0.25 });
    const added = 0.25 * mean(clear.light);
    for (const i of [0, 32 * SIDE + 20, 32 * SIDE + 44]) expect(veiled.light[i] - clear.light[i]).toBeCloseTo(added, 4);
  });

  it("stays behind the face when the picture is moved", () => {
    const planes = flat();
    shift.apply(planes, { x: 0.4, y: 0 });
    backlight.apply(planes, { ...plain, metered: 0 });
    expect(at(planes.light, 60, 32)).toBeCloseTo(0.2, 5);
    expect(at(planes.light, 20, 10)).toBeGreaterThan(0.7);
  });
});

describe("uneven light", () => {
  it("is darker by its stops on the far side and unchanged on the near side", () => {
    const planes = lit(() => 0.4);
    unevenLight.apply(planes, { stops: 1.5, angle: 0, place: 0, width: 0.5 });
    expect(at(planes.light, 2, 30)).toBeCloseTo(0.4, 6);
    expect(stopsBetween(0.4, at(planes.light, 61, 30))).toBeCloseTo(1.5, 5);
    expect(at(planes.light, 2, 2)).toBe(at(planes.light, 2, 61));
  });

  it("turns with its angle: 90 degrees darkens the bottom", () => {
    const planes = lit(() => 0.4);
    unevenLight.apply(planes, { stops: 1, angle: Math.PI / 2, place: 0, width: 0.5 });
    expect(at(planes.light, 30, 2)).toBeCloseTo(0.4, 6);
    expect(at(planes.light, 30, 61)).toBeCloseTo(0.2, 6);
  });
});

describe("banding", () => {
  it("dips by its depth as many times as it has bands, row by row", () => {
    const planes = lit(() => 1);
    banding.apply(planes, { depth: 0.4, bands: 4, phase: 0 });
    const rows = Array.from({ length: SIDE }, (_, y) => at(planes.light, 5, y));
    expect(Math.min(...rows)).toBeCloseTo(0.6, 2);
    expect(Math.max(...rows)).toBeCloseTo(1, 2);
    const dips = rows.filter((value, y) => value < (rows[y - 1] ?? 1) && value <= (rows[y + 1] ?? 1)).length;
    expect(dips).toBe(4);
    expect(at(planes.light, 60, 7)).toBe(at(planes.light, 5, 7));
  });
});

describe("occlusion", () => {
  const changedWhere = (apply: (planes: ReturnType<typeof lit>) => void) => {
    const planes = lit(() => 0.3);
    apply(planes);
    return (x: number, y: number) => Math.abs(at(planes.light, x, y) - 0.3) > 0.01;
  };

  it("by a hand reaches as far as it says from its edge, and no further", () => {
    const changed = changedWhere((planes) => {
      hand.apply(planes, { reach: 0.5, edge: 0, place: 0, tilt: 0, tone: 0.7 });
    });
    const row = Array.from({ length: SIDE }, (_, x) =>
      Array.from({ length: SIDE }, (_, y) => y).some((y) => changed(x, y)),
    );
    expect(row.slice(0, 15).every(Boolean)).toBe(true);
    expect(row.slice(17).some(Boolean)).toBe(false);
  });

  it("by a hand comes from the right and from above too, never from below", () => {
    for (const [edge, x, y] of [
      [1, 32, 2],
      [2, 61, 32],
    ]) {
      const changed = changedWhere((planes) => {
        hand.apply(planes, { reach: 0.5, edge, place: 0, tilt: 0, tone: 0.5 });
      });
      expect(changed(x, y)).toBe(true);
      expect(changed(32, 55)).toBe(false);
    }
  });

  it("by a cap covers from above down to its reach and shades what is below", () => {
    const planes = lit(() => 0.3);
    cap.apply(planes, { reach: 0.5, tone: 0.1, shadow: 0.5 });
    expect(at(planes.light, 32, 5)).toBeLessThan(0.05);
    expect(at(planes.light, 32, 18)).toBeLessThan(0.25);
    expect(at(planes.light, 32, 18)).toBeGreaterThan(0.1);
    expect(at(planes.light, 32, 50)).toBeCloseTo(0.3, 5);
  });

  it("by glare brightens the glasses by its stops and leaves the mouth", () => {
    const planes = lit(() => 0.1);
    glare.apply(planes, { stops: 2, place: 0, width: 0.6, angle: 0, frame: 0.05 });
    const eye = at(planes.light, Math.round(((0.38 + 1) * SIDE) / 2), Math.round(((-0.33 + 1) * SIDE) / 2));
    expect(stopsBetween(eye, 0.1)).toBeCloseTo(2, 2);
    expect(at(planes.light, 32, 48)).toBeCloseTo(0.1, 6);
    expect(Math.min(...planes.light)).toBeLessThan(0.05);
  });
});
