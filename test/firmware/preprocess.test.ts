/** The C preprocessing against its TypeScript twin, value for value. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Box, GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { type CenterLocator, locateCenter } from "#smilec/locate/center.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import type { PreprocessSpec } from "#smilec/preprocess/types.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { compileFirmware } from "../support/firmware.js";
import { Random } from "../support/random.js";

interface Case {
  readonly frame: GrayImage;
  readonly locator: CenterLocator;
  readonly box: Box;
  /** The box is the located one: C computes it. */
  readonly located: boolean;
  readonly spec: PreprocessSpec;
}

/** Noise, steps, flat and nearly flat pictures: rounding and the smallest spread matter in different ones. */
function pixels(random: Random, count: number): Uint8Array {
  const kind = random.integer(0, 4);
  const [low, high] = [random.integer(0, 255), random.integer(0, 255)];
  const out = new Uint8Array(count).fill(low);
  for (let i = 0; i < count; i++) {
    const bits = random.uint32();
    if (kind === 0) out[i] = bits >>> 24;
    if (kind === 2 && bits < 0x02000000) out[i] = low ^ 1;
    if (kind === 3) out[i] = bits & 1 ? 255 : 0;
    if (kind === 4 && i >= count / 2) out[i] = high;
  }
  return out;
}

function randomCase(random: Random, index: number): Case {
  const large = index % 400 === 0;
  const width = large
    ? random.integer(300, 4096)
    : random.pick([1, 2, random.integer(1, 60), random.integer(1, 200), 320]);
  const height = large
    ? random.integer(1, 100)
    : random.pick([1, 2, random.integer(1, 60), random.integer(1, 120), 240]);
  const locator: CenterLocator = {
    kind: "center",
    x: random.pick([0, 500, 1000, random.integer(0, 1000)]),
    y: random.pick([0, 500, 1000, random.integer(0, 1000)]),
    size: random.pick([1, 800, 1000, random.integer(1, 1000)]),
  };
  const located = random.chance(0.5);
  const x = random.integer(0, width - 1);
  const y = random.integer(0, height - 1);
  const free = { x, y, width: random.integer(1, width - x), height: random.integer(1, height - y) };
  const spec: PreprocessSpec = {
    size: random.pick([8, 16, 32, 48, random.integer(8, 64), random.integer(8, 128)]),
    normalize: random.pick(["standardize", "none"]),
  };
  const frame = { width, height, pixels: pixels(random, width * height) };
  return { frame, locator, located, box: located ? locateCenter(locator, width, height) : free, spec };
}

function request({ frame, locator, located, box, spec }: Case): Buffer {
  const given = located ? [0, 0, 0, 0] : [box.x, box.y, box.width, box.height];
  const normalize = spec.normalize === "standardize" ? 1 : 0;
  const words = [frame.width, frame.height, locator.x, locator.y, locator.size, ...given, spec.size, normalize];
  const head = Buffer.alloc(2 * words.length);
  for (const [i, word] of words.entries()) head.writeUInt16LE(word, 2 * i);
  return Buffer.concat([head, frame.pixels]);
}

async function compareTwins(cases: readonly Case[], flags: readonly string[]) {
  const driver = await readFile(join(packageRoot, "test/firmware/c/preprocess_driver.c"), "utf8");
  const program = await compileFirmware({ flags, files: { "driver.c": driver } });
  try {
    await writeFile(join(program.folder, "in.bin"), Buffer.concat(cases.map(request)));
    await program.run(["in.bin", "out.bin"]);
    return tally(cases, await readFile(join(program.folder, "out.bin")));
  } finally {
    await program.dispose();
  }
}

function tally(cases: readonly Case[], answer: Buffer) {
  const counts = { boxes: 0, differentBoxes: 0, values: 0, differentValues: 0 };
  const seen = new Uint8Array(256);
  let at = 0;
  for (const { frame, box, spec } of cases) {
    const [x, y, width, height] = [0, 2, 4, 6].map((offset) => answer.readUInt16LE(at + offset));
    counts.boxes++;
    if (x !== box.x || y !== box.y || width !== box.width || height !== box.height) counts.differentBoxes++;
    at += 8;
    const expected = preprocess(frame, box, spec);
    for (let i = 0; i < expected.length; i++) {
      seen[expected[i] & 255] = 1;
      if (answer[at + i] !== (expected[i] & 255)) counts.differentValues++;
    }
    counts.values += expected.length;
    at += expected.length;
  }
  expect(at).toBe(answer.length);
  return { ...counts, distinct: seen.reduce((sum, value) => sum + value, 0) };
}

describe("the firmware's preprocessing", () => {
  it("equals the TypeScript twin on every value of 2,400 frames, boxes and sizes", async () => {
    const random = new Random(11);
    const counts = await compareTwins(
      Array.from({ length: 2400 }, (_, i) => randomCase(random, i)),
      OPTIMIZED,
    );
    expect(counts).toMatchObject({ boxes: 2400, differentBoxes: 0, differentValues: 0, distinct: 256 });
    expect(counts.values).toBeGreaterThan(2400 * 64);
  }, 60_000);

  it("touches no memory but its own and overflows nowhere", async () => {
    const random = new Random(12);
    const cases = Array.from({ length: 300 }, (_, i) => randomCase(random, i));
    // The largest sums: a white frame of the largest box.
    const frame = { width: 4096, height: 4096, pixels: new Uint8Array(4096 * 4096).fill(255) };
    const locator: CenterLocator = { kind: "center", x: 500, y: 500, size: 1000 };
    const whole = { x: 0, y: 0, width: 4096, height: 4096 };
    cases.push({ frame, locator, located: true, box: whole, spec: { size: 128, normalize: "standardize" } });
    cases.push({ frame, locator, located: true, box: whole, spec: { size: 127, normalize: "none" } });
    const counts = await compareTwins(cases, SANITIZED);
    expect(counts).toMatchObject({ boxes: 302, differentBoxes: 0, differentValues: 0 });
  }, 60_000);
});
