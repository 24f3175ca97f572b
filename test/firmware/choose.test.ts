/** Which of several faces is looked at: the rule by cases, and the C against its TypeScript twin. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Counting, chooseFace, MAX_CANDIDATES } from "#smilec/locate/choose.js";
import type { Candidate } from "#smilec/locate/types.js";
import type { Program } from "../support/compile.js";
import { compileUnit } from "../support/core-unit.js";
import { Random } from "../support/random.js";

const square = (x: number, y: number, side: number, confidence: number): Candidate => ({
  box: { x, y, width: side, height: side },
  confidence,
});

/** Candidates of at least that confidence, whatever the surest has. */
const from = (threshold: number): Counting => ({ threshold, spread: 1000 });

describe("of several faces the bot looks at", () => {
  const [large, middle, surest] = [square(60, 40, 120, 600), square(140, 100, 40, 700), square(250, 20, 30, 990)];

  it("a large one near the middle, not the surest", () => {
    expect(chooseFace([surest, large, middle], from(500), 320, 240)).toBe(large);
  });

  it("one that counts, if any does, and else the surest", () => {
    expect(chooseFace([large, middle, surest], from(650), 320, 240)).toBe(middle);
    expect(chooseFace([large, middle, surest], from(1000), 320, 240)).toBe(surest);
    expect(chooseFace([], from(1), 320, 240)).toBeUndefined();
  });

  it("none that is far less sure than another: a window is, beside a face", () => {
    expect(chooseFace([surest, large, middle], { threshold: 500, spread: 390 }, 320, 240)).toBe(large);
    expect(chooseFace([surest, large, middle], { threshold: 500, spread: 389 }, 320, 240)).toBe(middle);
    expect(chooseFace([surest, large, middle], { threshold: 500, spread: 0 }, 320, 240)).toBe(surest);
  });

  it("of equally prominent ones the surer, then the higher, then the one more to the left", () => {
    const [left, right] = [square(100, 100, 40, 800), square(180, 100, 40, 800)];
    expect(chooseFace([right, left], from(500), 320, 240)).toBe(left);
    expect(chooseFace([left, { ...right, confidence: 801 }], from(500), 320, 240)?.box).toEqual(right.box);
    const [upper, lower] = [square(140, 40, 40, 800), square(140, 160, 40, 800)];
    expect(chooseFace([lower, upper], from(500), 320, 240)).toBe(upper);
  });
});

describe("the C", () => {
  let program: Program;
  beforeAll(async () => {
    program = await compileUnit("choose_driver.c", ["sm_locate.c"]);
  });
  afterAll(() => program?.dispose());

  it("chooses as the twin does in 5,000 frames, ties and none at all included", async () => {
    const random = new Random(8);
    const cases = Array.from({ length: 5000 }, () => {
      const [width, height] = [random.integer(1, 400), random.integer(1, 300)];
      // Few values, so that many are equal.
      const candidates = Array.from({ length: random.integer(0, MAX_CANDIDATES) }, () => {
        const side = random.pick([1, Math.min(width, height), random.integer(1, Math.min(width, height))]);
        const x = random.pick([0, width - side, random.integer(0, width - side)]);
        return square(x, random.pick([0, height - side]), side, random.pick([0, 500, 501, 1000]));
      });
      const counting = { threshold: random.pick([1, 500, 501, 1000]), spread: random.pick([0, 1, 499, 500, 1000]) };
      return { width, height, candidates, counting };
    });
    const lines = cases.map(({ width, height, candidates, counting: { threshold, spread } }) => {
      const numbers = candidates.flatMap(({ box, confidence }) => [box.x, box.y, box.width, confidence]);
      return [threshold, spread, width, height, candidates.length, ...numbers].join(" ");
    });
    writeFileSync(join(program.folder, "frames.txt"), `${lines.join("\n")}\n`);
    const chosen = (await program.run(["frames.txt"])).trim().split("\n").map(Number);
    const expected = cases.map(({ width, height, candidates, counting }) => {
      const face = chooseFace(candidates, counting, width, height);
      return face === undefined ? -1 : candidates.indexOf(face);
    });
    expect(chosen).toEqual(expected);
    expect(expected.filter((index) => index === -1).length).toBeGreaterThan(50);
  });
});
