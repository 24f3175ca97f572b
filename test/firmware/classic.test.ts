/** The C cascade against its TypeScript twin, candidate for candidate. */
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { type Cascade, parseCascade } from "#smilec/locate/classic/cascade.js";
import {
  cascadeBytes,
  DETECTOR_FILE,
  emitCascade,
  emitClassicDetector,
  workBytes,
} from "#smilec/locate/classic/emit.js";
import { locateClassic } from "#smilec/locate/classic/locate.js";
import type { Candidate } from "#smilec/locate/types.js";
import { detectorPath } from "#smilec/pipeline/detector.js";
import { sceneAt } from "#smilec/scenes/compose.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import { randomCascade } from "../support/cascades.js";
import { compile, OPTIMIZED, SANITIZED } from "../support/compile.js";
import { coreFolder } from "../support/firmware.js";
import { Random } from "../support/random.js";

const SOURCES = ["sm_classic.c", "sm_cascade.c", "sm_classic_group.c", "sm_resize.c"];

/** Flat, noise, steps, gradients, and drawn people. */
function pixels(random: Random, width: number, height: number): Uint8Array {
  const kind = random.integer(0, 6);
  const [low, high] = [random.integer(0, 255), random.integer(0, 255)];
  const flat = kind === 0 ? 0 : kind === 1 ? 255 : low;
  const out = new Uint8Array(width * height).fill(flat);
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (kind === 2) out[i] = random.uint32() >>> 24;
    if (kind === 3) out[i] = (x * low + y * high) >> 6;
    if (kind === 4 && (x >> (1 + (low & 7))) & (y >> (1 + (high & 7))) & 1) out[i] = high;
    if (kind === 5) out[i] = random.uint32() & 1 ? 255 : 0;
    if (kind === 6 && x > y) out[i] = high;
  }
  return out;
}

function randomFrame(random: Random, index: number): GrayImage {
  if (index % 40 === 1) return drawnFrame(9, index, random.pick([160, 320]), random.pick([120, 240])).image;
  if (index % 100 === 0) return { width: 640, height: 480, pixels: pixels(random, 640, 480) };
  const side = () =>
    random.pick([1, random.integer(1, 30), random.integer(20, 90), random.integer(20, 200), random.integer(60, 200)]);
  const [width, height] = [side(), side()];
  return { width, height, pixels: pixels(random, width, height) };
}

/** The extremes of what a frame may be. */
function extremeFrames(random: Random): GrayImage[] {
  const sizes = [1, 24, 4096].flatMap((width) => [1, 24, 4096].map((height) => ({ width, height })));
  return sizes
    .filter(({ width, height }) => width * height <= 4096 * 24)
    .flatMap((size) =>
      [0, 255].map((grey) => ({ ...size, pixels: new Uint8Array(size.width * size.height).fill(grey) })),
    )
    .concat({ width: 4096, height: 4096, pixels: Uint8Array.from(pixels(random, 4096, 4096)) });
}

async function answers(
  cascade: Cascade,
  frames: readonly GrayImage[],
  flags: readonly string[],
): Promise<Candidate[][]> {
  const core = await Promise.all(SOURCES.map(async (name) => [name, await readFile(join(coreFolder, name), "utf8")]));
  const driver = await readFile(join(packageRoot, "test/firmware/c/classic_driver.c"), "utf8");
  const generated = emitCascade(cascade, { provenance: "a test", frame: { width: 320, height: 240 } });
  const files = { ...Object.fromEntries(core), ...generated, "driver.c": driver };
  const program = await compile(files, [...flags, `-I${coreFolder}`]);
  try {
    const requests = frames.map(({ width, height, pixels: grey }) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(width, 0);
      head.writeUInt16LE(height, 2);
      return Buffer.concat([head, grey]);
    });
    await writeFile(join(program.folder, "in.bin"), Buffer.concat(requests));
    await program.run(["in.bin", "out.bin"]);
    return parse(await readFile(join(program.folder, "out.bin")), frames.length);
  } finally {
    await program.dispose();
  }
}

function parse(bytes: Buffer, count: number): Candidate[][] {
  let at = 0;
  const next = () => {
    at += 2;
    return bytes.readUInt16LE(at - 2);
  };
  const all = Array.from({ length: count }, () =>
    Array.from({ length: next() }, () => {
      const [x, y, side, confidence] = [next(), next(), next(), next()];
      return { box: { x, y, width: side, height: side }, confidence };
    }),
  );
  expect(at).toBe(bytes.length);
  return all;
}

async function compareTwins(cascade: Cascade, frames: readonly GrayImage[], flags: readonly string[]) {
  const found = await answers(cascade, frames, flags);
  const counts = { different: 0, withCandidates: 0, candidates: 0, most: 0 };
  frames.forEach((frame, i) => {
    const expected = locateClassic(cascade, frame);
    if (JSON.stringify(found[i]) !== JSON.stringify(expected)) counts.different++;
    counts.candidates += expected.length;
    counts.withCandidates += Number(expected.length > 0);
    counts.most = Math.max(counts.most, expected.length);
    for (const { box, confidence } of found[i]) {
      expect(box.x + box.width <= frame.width && box.y + box.height <= frame.height && box.width > 0).toBe(true);
      expect(confidence).toBeGreaterThanOrEqual(0);
      expect(confidence).toBeLessThanOrEqual(1000);
    }
  });
  return counts;
}

/** What self_test says, with a change to the generated C. */
async function selfTest(cascade: Cascade, change: (source: string) => string): Promise<string> {
  const core = await Promise.all(SOURCES.map(async (name) => [name, await readFile(join(coreFolder, name), "utf8")]));
  const generated = emitClassicDetector(cascade, { provenance: "a */ test", frame: { width: 320, height: 240 } });
  const main = `#include <stdio.h>
#include "smilec_cascade.h"
extern const sm_detector_t smilec_detector;
int main(void) {
    return printf("%d %d", smilec_detector.init(), smilec_detector.self_test()) < 0;
}
`;
  const files = {
    ...Object.fromEntries(core),
    ...generated,
    [DETECTOR_FILE]: change(generated[DETECTOR_FILE]),
    "main.c": main,
  };
  const program = await compile(files, [...SANITIZED, `-I${coreFolder}`]);
  try {
    return await program.run([]);
  } finally {
    await program.dispose();
  }
}

describe("the firmware's classic locator", () => {
  it.each([
    [18, 12],
    [9, 3],
    [24, 40],
  ])(
    "equals the TypeScript twin on every candidate of 700 frames with a window of %d and %d tables",
    async (window, tables) => {
      const random = new Random(window);
      const frames = Array.from({ length: 700 }, (_, i) => randomFrame(random, i));
      const counts = await compareTwins(randomCascade(random, window, tables), frames, OPTIMIZED);
      expect(counts.different).toBe(0);
      expect(counts.withCandidates).toBeGreaterThan(100);
      // More hits than are kept, and more groups than are answered.
      expect(counts.most).toBeGreaterThan(6);
    },
    300_000,
  );

  it("touches no memory but its own and overflows nowhere", async () => {
    const random = new Random(4);
    const frames = [...Array.from({ length: 150 }, (_, i) => randomFrame(random, i)), ...extremeFrames(random)];
    const counts = await compareTwins(randomCascade(random, 16, 6), frames, SANITIZED);
    expect(counts.different).toBe(0);
    expect(counts.withCandidates).toBeGreaterThan(20);
  }, 300_000);

  it("passes its self-test, and fails it when it finds something else", async () => {
    const cascade = randomCascade(new Random(18), 18, 12);
    expect(await selfTest(cascade, (source) => source)).toBe("0 0");
    const other = (source: string) => source.replace(/\{\{(\d+), /, (_, x) => `{{${Number(x) + 1}, `);
    expect(await selfTest(cascade, other)).toBe("0 -5");
  }, 120_000);
});

describe("the cascade that comes with smilec", () => {
  const path = detectorPath(packageRoot, "classic");
  const cascade = parseCascade(readFileSync(path, "utf8"), path);

  it("takes less than 64 KB of constants, and of working memory", () => {
    const frame = { width: 320, height: 240 };
    expect(cascadeBytes(cascade)).toBeLessThan(64_000);
    expect(workBytes(cascade, frame)).toBeLessThan(64_000);
  });

  it("equals its C twin on real scenes, and finds faces in them", async () => {
    const people = drawnPeople(1, "test");
    const frames = Array.from({ length: 60 }, (_, i) => sceneAt(5, i, { width: 320, height: 240, people }).frame);
    const counts = await compareTwins(cascade, frames, OPTIMIZED);
    expect(counts.different).toBe(0);
    expect(counts.withCandidates).toBeGreaterThan(30);
  }, 300_000);

  it("passes its self-test on a face", async () => {
    const source = emitClassicDetector(cascade, { provenance: "x", frame: { width: 320, height: 240 } })[DETECTOR_FILE];
    expect(source).toMatch(/candidates\(golden, 64, 48, found\) != [1-9]/);
    expect(await selfTest(cascade, (text) => text)).toBe("0 0");
  }, 120_000);
});
