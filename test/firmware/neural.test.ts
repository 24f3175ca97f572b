/** The firmware's neural locator against its TypeScript twin: every canvas value, every box, every confidence. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { type DecodeTables, decodeTables } from "#smilec/locate/neural/box-code.js";
import { type Canvas, drawCanvas } from "#smilec/locate/neural/canvas.js";
import { decodeMap } from "#smilec/locate/neural/decode.js";
import type { PreprocessSpec } from "#smilec/preprocess/types.js";
import { compile, OPTIMIZED, SANITIZED } from "../support/compile.js";
import { locatorCore } from "../support/detector-program.js";
import { Random } from "../support/random.js";

interface Case {
  readonly frame: GrayImage;
  readonly canvas: Canvas;
  readonly normalize: PreprocessSpec["normalize"];
  readonly tables: DecodeTables;
  readonly map: Int8Array;
}

/** Black, white, noise, a gradient, steps. */
function pixels(random: Random, width: number, height: number): Uint8Array {
  const kind = random.integer(0, 4);
  const cut = random.integer(0, width);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const x = i % width;
    if (kind === 0) return 0;
    if (kind === 1) return 255;
    if (kind === 2) return random.integer(0, 255);
    return kind === 3 ? Math.floor((255 * x) / width) : x < cut ? 30 : 220;
  });
}

/** From nearly empty to crowded: logits around a level, boxes of all sizes. */
function randomMap(random: Random, cells: number): Int8Array {
  const level = random.pick([-128, -40, 0, 60]);
  const spread = random.pick([3, 40, 200]);
  const near = () => Math.max(-128, Math.min(127, level + random.integer(-spread, spread)));
  return Int8Array.from({ length: 4 * cells }, (_, i) => (i % 4 === 0 ? near() : random.integer(-128, 127)));
}

function randomCase(random: Random, index: number): Case {
  const large = index % 200 === 0;
  const side = () => random.pick([1, 2, random.integer(1, 40), random.integer(1, 160)]);
  const [width, height] = large
    ? random.pick([
        [640, 480],
        [320, 240],
        [4096, 3],
        [2, 4096],
      ])
    : [side(), side()];
  const canvas = random.pick([
    { width: 160, height: 128 },
    { width: 128, height: 96 },
    { width: 64, height: 128 },
    { width: 8, height: 8 },
  ]);
  const tables = decodeTables({
    scale: Float32Array.of(random.pick([0.03, 0.1, 0.2])),
    zeroPoint: Int32Array.of(random.integer(-60, 60)),
    axis: 0,
  });
  return {
    frame: { width, height, pixels: pixels(random, width, height) },
    canvas,
    normalize: random.pick(["standardize", "none"]),
    tables,
    map: randomMap(random, (canvas.width * canvas.height) / 64),
  };
}

function request({ frame, canvas, normalize, tables, map }: Case): Buffer {
  const kind = normalize === "standardize" ? 1 : 0;
  const { confidence, side, offset, zero } = tables;
  const head = [frame.width, frame.height, canvas.width, canvas.height, kind, zero + 128, offset];
  const words = Uint16Array.from([...head, ...confidence, ...side]);
  return Buffer.concat([Buffer.from(words.buffer), frame.pixels, Buffer.from(map.buffer)]);
}

async function compareTwins(cases: readonly Case[], flags: readonly string[]) {
  const driver = await readFile(join(packageRoot, "test/firmware/c/neural_driver.c"), "utf8");
  const program = await compile({ ...(await locatorCore()), "driver.c": driver }, flags);
  try {
    await writeFile(join(program.folder, "in.bin"), Buffer.concat(cases.map(request)));
    await program.run(["in.bin", "out.bin"]);
    return tally(cases, await readFile(join(program.folder, "out.bin")));
  } finally {
    await program.dispose();
  }
}

function tally(cases: readonly Case[], answer: Buffer) {
  const counts = { frames: 0, candidates: 0, different: 0, differentValues: 0 };
  const wanted = new Set<number>();
  let at = 0;
  const word = () => {
    at += 2;
    return answer.readUInt16LE(at - 2);
  };
  for (const { frame, canvas, normalize, tables, map } of cases) {
    const expected = decodeMap(map, tables, canvas, frame.width, frame.height);
    const actual = Array.from({ length: word() }, () => {
      const box = { x: word(), y: word(), width: word(), height: word() };
      return { box, confidence: word() };
    });
    counts.frames++;
    counts.candidates += actual.length;
    wanted.add(expected.length);
    if (JSON.stringify(actual) !== JSON.stringify(expected)) counts.different++;
    for (const { box } of actual) {
      expect(box.width).toBe(box.height);
      expect(box.width).toBeGreaterThan(0);
      expect(Math.max(box.x + box.width - frame.width, box.y + box.height - frame.height)).toBeLessThanOrEqual(0);
    }
    for (const value of drawCanvas(frame, canvas, normalize)) {
      if (answer.readInt8(at++) !== value) counts.differentValues++;
    }
  }
  expect(at).toBe(answer.length);
  return { ...counts, numbers: wanted.size };
}

describe("the firmware's neural locator", () => {
  it("equals the TypeScript twin on every canvas, box and confidence of 3,000 frames and maps", async () => {
    const random = new Random(21);
    const cases = Array.from({ length: 3000 }, (_, i) => randomCase(random, i));
    const counts = await compareTwins(cases, OPTIMIZED);
    expect(counts).toMatchObject({ frames: 3000, different: 0, differentValues: 0 });
    expect(counts.candidates).toBeGreaterThan(10_000);
    // From nobody to many.
    expect(counts.numbers).toBeGreaterThan(10);
  }, 120_000);

  it("touches no memory but its own and overflows nowhere", async () => {
    const random = new Random(22);
    const cases = Array.from({ length: 250 }, (_, i) => randomCase(random, i));
    const counts = await compareTwins(cases, SANITIZED);
    expect(counts).toMatchObject({ frames: 250, different: 0, differentValues: 0 });
  }, 120_000);
});
