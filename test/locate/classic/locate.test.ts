/** What the classic locator looks at, and how hits become candidates. */
import { describe, expect, it } from "@jest/globals";
import type { Box } from "#smilec/data/types.js";
import { groupHits, type Hit, HitList, MAX_HITS } from "#smilec/locate/classic/group.js";
import { Integral, patternAt } from "#smilec/locate/classic/integral.js";
import { baseSize, frameBox, octaves, smallestFace } from "#smilec/locate/classic/pyramid.js";
import { Random } from "../../support/random.js";

const GEOMETRY = { window: 18, smallest: 24 };
const FRAME = { width: 320, height: 240 };

function hit(x: number, y: number, side: number, weight: number): Hit {
  return { box: { x, y, width: side, height: side }, weight };
}

describe("a pattern", () => {
  it("has a bit for each block that is darker than the middle one", () => {
    const random = new Random(1);
    // By columns from the left, without the middle.
    const order = [0, 3, 6, 1, 7, 2, 5, 8];
    for (let trial = 0; trial < 200; trial++) {
      const [width, height] = [random.integer(1, 4), random.integer(1, 4)];
      const size = { width: 3 * width + 2, height: 3 * height + 3 };
      const pixels = Uint8Array.from({ length: size.width * size.height }, () => random.integer(0, 255));
      const integral = new Integral();
      const sums = integral.load({ ...size, pixels });
      const block = (index: number) => {
        let sum = 0;
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const row = 2 + Math.floor(index / 3) * height + y;
            sum += pixels[row * size.width + 1 + (index % 3) * width + x];
          }
        return sum;
      };
      const expected = order.reduce((bits, index) => 2 * bits + Number(block(index) < block(4)), 0);
      expect(patternAt(sums, 2 * integral.stride + 1, width, height * integral.stride)).toBe(expected);
    }
  });
});

describe("the pyramid", () => {
  it("looks for faces from 24 pixels to the whole height of a 320x240 frame", () => {
    expect(smallestFace(GEOMETRY, FRAME)).toBe(24);
    expect(baseSize(GEOMETRY, FRAME)).toEqual({ width: 240, height: 180 });
    const levels = octaves(GEOMETRY, FRAME).flat();
    const sides = levels.map((level) => frameBox(18, FRAME, level, 0, 0).width);
    expect(sides[0]).toBe(24);
    expect(sides.at(-1)).toBeGreaterThan(190);
    sides.slice(1).forEach((side, i) => {
      expect(side / sides[i]).toBeLessThan(1.31);
    });
  });

  it("keeps its size for larger frames and is empty for tiny ones", () => {
    expect(baseSize(GEOMETRY, { width: 640, height: 480 })).toEqual({ width: 240, height: 180 });
    expect(Math.max(...Object.values(baseSize(GEOMETRY, { width: 4096, height: 4096 })))).toBeLessThanOrEqual(240);
    expect(octaves(GEOMETRY, { width: 23, height: 400 })).toEqual([]);
    expect(octaves(GEOMETRY, { width: 24, height: 24 }).flat()).toHaveLength(1);
  });

  it("has windows inside the frame", () => {
    const random = new Random(2);
    for (let trial = 0; trial < 300; trial++) {
      const frame = { width: random.integer(24, 700), height: random.integer(24, 500) };
      for (const level of octaves(GEOMETRY, frame).flat()) {
        const box = frameBox(18, frame, level, level.width - 18, level.height - 18);
        expect(box.x + box.width).toBeLessThanOrEqual(frame.width);
        expect(box.y + box.height).toBeLessThanOrEqual(frame.height);
        expect(frame.width - box.x - box.width).toBeLessThanOrEqual((2 * frame.width) / level.width + 1);
      }
    }
  });
});

describe("grouping", () => {
  const boxes = (hits: readonly Hit[]): Box[] => groupHits(hits, FRAME, 100).map(({ box }) => box);

  it("takes the weighted mean of hits on one face", () => {
    expect(groupHits([hit(100, 50, 40, 30), hit(108, 54, 40, 10)], FRAME, 40)).toEqual([
      { box: { x: 102, y: 51, width: 40, height: 40 }, confidence: 500 },
    ]);
  });

  it("keeps faces apart, the one with more evidence first", () => {
    const found = boxes([hit(10, 10, 40, 50), hit(200, 10, 40, 30), hit(202, 12, 40, 30)]);
    expect(found.map(({ x }) => x)).toEqual([201, 10]);
  });

  it("takes a part of a face, or its surroundings, for no second one", () => {
    expect(boxes([hit(100, 50, 80, 90), hit(110, 60, 30, 60), hit(60, 10, 180, 20)])).toEqual([
      { x: 100, y: 50, width: 80, height: 80 },
    ]);
  });

  it("finds nobody without hits", () => {
    expect(groupHits([], FRAME, 100)).toEqual([]);
  });

  it("keeps the strongest hits when there are too many, of equal ones the first", () => {
    const list = new HitList();
    for (let i = 0; i < MAX_HITS; i++) list.add(hit(i, 0, 24, 5));
    list.add(hit(200, 0, 24, 5));
    expect(list.hits.some(({ box }) => box.x === 200)).toBe(false);
    list.add(hit(201, 0, 24, 6));
    expect(list.hits).toHaveLength(MAX_HITS);
    expect(list.hits.at(-1)?.box.x).toBe(201);
    expect(list.hits.some(({ box }) => box.x === MAX_HITS - 1)).toBe(false);
  });
});
