import { describe, expect, it, jest } from "@jest/globals";
import { flip } from "#smilec/augment/geometry/flip.js";
import { perspective } from "#smilec/augment/geometry/perspective.js";
import { rollingShutter } from "#smilec/augment/geometry/rolling-shutter.js";
import { rotate } from "#smilec/augment/geometry/rotate.js";
import { scale } from "#smilec/augment/geometry/scale.js";
import { shift } from "#smilec/augment/geometry/shift.js";
import { compose, mapPoint } from "#smilec/augment/geometry/transform.js";
import { drawSurround, warp } from "#smilec/augment/geometry/warp.js";
import type { Planes } from "#smilec/augment/planes.js";
import { Rng } from "#smilec/train/rng.js";
import { lightOf, loaded, moments, SIDE, warped } from "../support/planes.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

/** A soft bright spot at a point in half sides from the middle. */
function spotAt(u: number, v: number): Planes {
  const [x0, y0] = [((u + 1) * SIDE - 1) / 2, ((v + 1) * SIDE - 1) / 2];
  return loaded((x, y) => (Math.hypot(x - x0, y - y0) < 2.5 ? 255 : 0));
}

/** Where the spot is after warping, in half sides from the middle. */
function place(planes: Planes): [u: number, v: number] {
  const { x, y } = moments(warped(planes).light, SIDE);
  return [(2 * x + 1) / SIDE - 1, (2 * y + 1) / SIDE - 1];
}

function expectSpot(planes: Planes, u: number, v: number): void {
  const [x, y] = place(planes);
  // A tenth of a pixel.
  expect(Math.abs(x - u)).toBeLessThan(0.1 / (SIDE / 2));
  expect(Math.abs(y - v)).toBeLessThan(0.1 / (SIDE / 2));
}

describe("geometry moves known points to known places:", () => {
  it("flip mirrors left to right", () => {
    const planes = spotAt(0.5, -0.25);
    flip.apply(planes, true);
    expectSpot(planes, -0.5, -0.25);
  });

  it("shift moves right and down by fractions of the side", () => {
    const planes = spotAt(-0.5, -0.25);
    shift.apply(planes, { x: 0.125, y: 0.25 });
    expectSpot(planes, -0.25, 0.25);
  });

  it("scale moves points away from the middle by its factor, and makes things larger by it", () => {
    const planes = spotAt(0.25, 0.5);
    const before = moments(warped(spotAt(0.25, 0.5)).light, SIDE);
    scale.apply(planes, 1.5);
    expectSpot(planes, 0.375, 0.75);
    expect(moments(planes.light, SIDE).sum / before.sum).toBeCloseTo(1.5 ** 2, 1);
  });

  it("rotate turns clockwise by degrees", () => {
    const planes = spotAt(0.5, 0);
    rotate.apply(planes, 30);
    expectSpot(planes, 0.5 * Math.cos(Math.PI / 6), 0.25);
  });

  it("perspective moves a point at r to r / (1 - a r) along its direction", () => {
    const planes = spotAt(0.5, 0);
    perspective.apply(planes, { x: 0.2, y: 0 });
    expectSpot(planes, 0.5 / (1 - 0.2 * 0.5), 0);
    const other = spotAt(-0.5, 0);
    perspective.apply(other, { x: 0.2, y: 0 });
    expectSpot(other, -0.5 / (1 + 0.2 * 0.5), 0);
  });

  it("rolling shutter shifts the bottom row against the top row by its fraction of the side", () => {
    const [top, bottom] = [spotAt(0, -0.75), spotAt(0, 0.75)];
    rollingShutter.apply(top, 0.1);
    rollingShutter.apply(bottom, 0.1);
    expectSpot(top, -0.075, -0.75);
    expectSpot(bottom, 0.075, 0.75);
  });

  it("one after the other is one map", () => {
    const planes = spotAt(0.25, 0);
    scale.apply(planes, 2);
    rotate.apply(planes, 90);
    shift.apply(planes, { x: 0.1, y: 0 });
    expectSpot(planes, 0.2, 0.5);
  });
});

describe("a transform", () => {
  it("composes projective maps: the second is applied first", () => {
    const [a, b] = [[1, 0.1, 0.2, 0, 0.9, -0.1, 0.05, 0.1, 1] as const, [0.8, 0, 0, 0.1, 0.8, 0, 0, 0, 1] as const];
    const [x, y] = mapPoint(compose(a, b), 0.3, -0.4);
    const [u, v] = mapPoint(a, ...mapPoint(b, 0.3, -0.4));
    expect(x).toBeCloseTo(u, 12);
    expect(y).toBeCloseTo(v, 12);
  });
});

describe("what is seen beside the picture", () => {
  const ramp = () => loaded((x) => 40 + 3 * x);
  const shrunk = (kind: "edge" | "mirror" | "background") => {
    const planes = ramp();
    scale.apply(planes, 0.5);
    warp(planes, { kind, level: 0.6, fade: 0.1 });
    return Array.from({ length: SIDE }, (_, x) => planes.light[32 * SIDE + x]);
  };

  it("is its edge", () => {
    const row = shrunk("edge");
    expect(new Set(row.slice(0, 15)).size).toBe(1);
    expect(new Set(row.slice(49)).size).toBe(1);
  });

  it("is its mirror image", () => {
    const row = shrunk("mirror");
    // Output pixel x shows 2 x - 31.5, mirrored at 0 and 63: the edge's own pixel is not repeated.
    const source = (x: number) => lightOf(40 + 3 * x);
    expect(row[12]).toBeCloseTo((source(7) + source(8)) / 2, 4);
    expect(row[51]).toBeCloseTo((source(55) + source(56)) / 2, 4);
  });

  it("is a background that the edge fades to", () => {
    const row = shrunk("background");
    expect(row[0]).toBeCloseTo(0.6, 5);
    expect(row[63]).toBeCloseTo(0.6, 5);
    expect(row[15]).toBeGreaterThan(row[17]);
    expect(row[15]).toBeLessThan(0.6);
  });

  it("is drawn in all its kinds", () => {
    const kinds = Array.from({ length: 200 }, (_, i) => drawSurround(new Rng(i)).kind);
    expect(new Set(kinds)).toEqual(new Set(["edge", "mirror", "background"]));
  });
});

describe("strengths of geometry", () => {
  const draws = <Drawn>(draw: (rng: Rng) => Drawn | undefined) =>
    Array.from({ length: 5000 }, (_, i) => draw(new Rng(1, i))).filter((drawn) => drawn !== undefined);
  const view = { size: SIDE, pixel: 4 / 3 };

  it("are the largest that are drawn, and are nearly reached", () => {
    const shifts = draws((rng) => shift.draw(rng, 0.2, view)).flatMap(({ x, y }) => [x, y]);
    const sizes = draws((rng) => scale.draw(rng, { smallest: 0.6, largest: 1.3 }, view));
    const turns = draws((rng) => rotate.draw(rng, 30, view));
    for (const [values, low, high] of [
      [shifts, -0.2, 0.2],
      [sizes, 0.6, 1.3],
      [turns, -30, 30],
    ] as const) {
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.min(...values)).toBeLessThan(low + 0.05 * (high - low));
      expect(Math.max(...values)).toBeGreaterThan(high - 0.05 * (high - low));
    }
  });

  it("flips half of the pictures", () => {
    const flips = draws((rng) => flip.draw(rng, true, view)).length;
    expect(flips).toBeGreaterThan(2350);
    expect(flips).toBeLessThan(2650);
  });
});
