/** The neural locator from frame to candidates: codes, canvas, decoding, the file it lives in, and the C that is made of it. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { GrayImage } from "#smilec/data/types.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { type CanvasFace, CELL, type DecodeTables, decodeTables, encodeFace } from "#smilec/locate/neural/box-code.js";
import { drawCanvas, fitFrame } from "#smilec/locate/neural/canvas.js";
import { decodeMap } from "#smilec/locate/neural/decode.js";
import { emitDetector } from "#smilec/locate/neural/emit.js";
import { NeuralLocator } from "#smilec/locate/neural/locate.js";
import {
  decodeNeuralModel,
  encodeNeuralModel,
  loadNeuralModel,
  type NeuralModel,
} from "#smilec/locate/neural/model.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { runDetector } from "../support/detector-program.js";
import { Random } from "../support/random.js";
import { simulateDetector } from "../support/simulated-detector.js";
import { TINY_CANVAS, tinyDetector } from "../support/tiny-detector.js";
import { missingSimulator } from "../support/xtensa.js";

const CANVAS = { width: 160, height: 128 };
const SCALE = { scale: Float32Array.of(0.08), zeroPoint: Int32Array.of(-20), axis: 0 };
const TABLES = decodeTables(SCALE);
const COLUMNS = CANVAS.width / CELL;

/** A map on which the cells around each face say what they should, with these confidences. */
function paintedMap(faces: readonly (CanvasFace & { readonly logit: number })[]): Int8Array {
  const map = new Int8Array(4 * COLUMNS * (CANVAS.height / CELL)).fill(-128);
  const quantized = (value: number) => Math.max(-128, Math.min(127, Math.round(value / SCALE.scale[0]) - 20));
  for (const face of faces) {
    for (let cell = 0; cell < map.length / 4; cell++) {
      const [a, b] = [CELL * ((cell % COLUMNS) + 0.5), CELL * (Math.floor(cell / COLUMNS) + 0.5)];
      const distance = Math.max(Math.abs(face.x - a), Math.abs(face.y - b));
      if (distance > Math.max(0.75 * CELL, 0.2 * face.side)) continue;
      map.set([face.logit - distance / 20, ...encodeFace(face, a, b)].map(quantized), 4 * cell);
    }
  }
  return map;
}

function gradient(width: number, height: number): GrayImage {
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => Math.floor((255 * (i % width)) / width));
  return { width, height, pixels };
}

function noise(random: Random, width: number, height: number): GrayImage {
  return { width, height, pixels: Uint8Array.from({ length: width * height }, () => random.integer(0, 255)) };
}

describe("the canvas", () => {
  it("takes a frame of its own shape whole, in the middle of what is left", () => {
    expect(fitFrame(CANVAS, 320, 240)).toEqual({ x: 0, y: 4, width: 160, height: 120 });
    expect(fitFrame(CANVAS, 640, 480)).toEqual({ x: 0, y: 4, width: 160, height: 120 });
    expect(fitFrame(CANVAS, 240, 240)).toEqual({ x: 16, y: 0, width: 128, height: 128 });
    expect(fitFrame(CANVAS, 100, 400)).toEqual({ x: 64, y: 0, width: 32, height: 128 });
  });

  it("keeps at least a line of the thinnest frame, and never leaves the canvas", () => {
    expect(fitFrame(CANVAS, 4096, 1)).toEqual({ x: 0, y: 63, width: 160, height: 1 });
    expect(fitFrame(CANVAS, 1, 4096)).toEqual({ x: 79, y: 0, width: 1, height: 128 });
    const random = new Random(3);
    for (let i = 0; i < 2000; i++) {
      const { x, y, width, height } = fitFrame(CANVAS, random.integer(1, 4096), random.integer(1, 4096));
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(CANVAS.width);
      expect(y + height).toBeLessThanOrEqual(CANVAS.height);
    }
  });

  it("has zeros around the frame, and the frame's own mean and spread inside", () => {
    const values = drawCanvas(noise(new Random(4), 320, 240), CANVAS, "standardize");
    expect(values.subarray(0, 4 * 160).every((value) => value === 0)).toBe(true);
    expect(values.subarray(124 * 160).every((value) => value === 0)).toBe(true);
    const inside = [...values.subarray(4 * 160, 124 * 160)];
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
    const spread = Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length);
    expect(Math.abs(mean)).toBeLessThan(0.5);
    expect(spread).toBeCloseTo(127 / 3, 0);
  });
});

describe("decoding a map", () => {
  it("finds painted faces of every size where they are, in frames of every size", () => {
    const random = new Random(7);
    for (let i = 0; i < 300; i++) {
      const side = 11 * 10 ** random.real(0, 1);
      const x = random.real(side / 2, 160 - side / 2);
      const y = random.real(4 + side / 2, 124 - side / 2);
      const times = random.pick([1, 2, 4]);
      const [found, ...others] = decodeMap(
        paintedMap([{ x, y, side, logit: 4 }]),
        TABLES,
        CANVAS,
        160 * times,
        120 * times,
      );
      expect(others).toEqual([]);
      // One step of an int8 offset is a hundredth of a face, rounding half a pixel.
      const slack = 0.02 * side * times + 1;
      expect(Math.abs(found.box.width - side * times)).toBeLessThan(slack);
      expect(Math.abs(found.box.x + found.box.width / 2 - x * times)).toBeLessThan(slack);
      expect(Math.abs(found.box.y + found.box.height / 2 - (y - 4) * times)).toBeLessThan(slack);
    }
  });

  it("keeps two faces apart, the surer first, and merges what is one", () => {
    const left = { x: 40, y: 60, side: 40, logit: 2 };
    const right = { x: 115, y: 60, side: 44, logit: 3 };
    const candidates = decodeMap(paintedMap([left, right]), TABLES, CANVAS, 320, 240);
    expect(candidates.map(({ box }) => Math.round((box.x + box.width / 2) / 10))).toEqual([23, 8]);
    expect(candidates[0].confidence).toBeGreaterThan(candidates[1].confidence);
    expect(decodeMap(paintedMap([left, { ...left, x: 46, side: 46 }]), TABLES, CANVAS, 320, 240)).toHaveLength(1);
  });

  it("moves a face that the border cuts into the frame", () => {
    const cut = paintedMap([{ x: 6, y: 118, side: 50, logit: 4 }]);
    const [{ box }] = decodeMap(cut, TABLES, CANVAS, 320, 240);
    expect(box.x).toBe(0);
    expect(box.y).toBe(240 - box.height);
    expect(Math.abs(box.width - 100)).toBeLessThan(4);
  });

  it("sees nobody in an empty map, and no more than sixteen in a full one", () => {
    expect(decodeMap(paintedMap([]), TABLES, CANVAS, 320, 240)).toEqual([]);
    const crowd = Array.from({ length: 70 }, (_, i) => ({
      x: 8 + 16 * (i % 10),
      y: 8 + 16 * Math.floor(i / 10),
      side: 10,
      logit: 3,
    }));
    expect(decodeMap(paintedMap(crowd), TABLES, CANVAS, 320, 240)).toHaveLength(16);
  });

  it("has tables that rise with the output and mean what the network was taught", () => {
    for (const table of [TABLES.confidence, TABLES.side]) {
      expect(table).toHaveLength(256);
      table.forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(i === 0 ? 0 : table[i - 1]);
      });
    }
    expect(TABLES.confidence[128 - 20]).toBe(500);
    // log2(80 / 40) octaves of 4 units, 0.08 each.
    expect(TABLES.side[128 - 20 + 50] / 16).toBeCloseTo(80, 0);
  });
});

describe("a detector's file", () => {
  let model: NeuralModel;
  beforeAll(async () => {
    model = await tinyDetector();
  });

  it("keeps graph and description, and has the hash of its bytes", () => {
    const again = decodeNeuralModel(encodeNeuralModel(model.graph, model.description), "here");
    expect(again.description).toEqual(model.description);
    expect(again.hash).toBe(model.hash);
    expect(again.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each<[string, (tables: DecodeTables) => object, string]>([
    ["falls somewhere", (tables) => ({ ...tables, side: [...tables.side].reverse() }), "falls"],
    ["is too short", (tables) => ({ ...tables, confidence: tables.confidence.slice(1) }), "confidence"],
    ["has a step of nothing", (tables) => ({ ...tables, offset: 0 }), "offset"],
  ])("is refused when a table %s", (_, damage, detail) => {
    const description = { ...model.description, tables: damage(model.description.tables) };
    const bytes = new TextEncoder().encode(JSON.stringify(description));
    const graph = { ...model.graph, metadata: { "smilec-locator": bytes } };
    expect(() => decodeNeuralModel(writeTflite(graph), "face.tflite")).toThrow(
      expect.objectContaining({ where: "face.tflite", detail: expect.stringContaining(detail) }),
    );
  });

  it("is refused when it is another model, or its canvas is not the graph's", () => {
    expect(() => decodeNeuralModel(writeTflite({ ...model.graph, metadata: {} }), "smile.tflite")).toThrow(
      "no face detector",
    );
    const wider = { ...model.description, canvas: { width: 160, height: 64 } };
    expect(() => decodeNeuralModel(encodeNeuralModel(model.graph, wider), "face.tflite")).toThrow("does not fit");
  });

  it("is told apart from one that is not there", async () => {
    await expect(loadNeuralModel("/nowhere/face.tflite")).rejects.toThrow("no such detector");
  });

  it("gives the same C for the same model, with names of its own", () => {
    const one = emitDetector(model, { provenance: "x" });
    expect(emitDetector(model, { provenance: "x" })).toEqual(one);
    expect(Object.keys(one.files).sort()).toEqual(["smilec_detector.c", "smilec_locator.c", "smilec_locator.h"]);
    expect(one.ramBytes).toBeGreaterThan(one.network.arenaBytes + TINY_CANVAS.width * TINY_CANVAS.height);
  });
});

describe("a detector as C", () => {
  const random = new Random(17);
  const sizes = [
    [320, 240],
    [1, 1],
    [96, 60],
    [64, 64],
    [640, 480],
    [3, 200],
    [31, 17],
  ];
  const frames = sizes.flatMap(([width, height]) => [
    noise(random, width, height),
    gradient(width, height),
    { width, height, pixels: new Uint8Array(width * height) },
    { width, height, pixels: new Uint8Array(width * height).fill(255) },
  ]);
  let model: NeuralModel;
  beforeAll(async () => {
    model = await tinyDetector();
  });

  it("finds what the TypeScript locator finds, black and white and one pixel included", async () => {
    const locator = new NeuralLocator(model);
    const expected = frames.map((frame) => locator.candidates(frame));
    expect(expected.filter(({ length }) => length > 0).length).toBeGreaterThan(5);
    expect(await runDetector(model, frames, OPTIMIZED)).toEqual(expected);
  }, 120_000);

  it("touches no memory but its own", async () => {
    const few = frames.filter(({ width }) => width < 100);
    const locator = new NeuralLocator(model);
    expect(await runDetector(model, few, SANITIZED)).toEqual(few.map((frame) => locator.candidates(frame)));
  }, 120_000);
});

const missing = await missingSimulator();

(missing === undefined ? describe : describe.skip)(`a detector on the simulated Xtensa (${missing ?? "there"})`, () => {
  it("finds the same with the ESP32's kernels", async () => {
    const model = await tinyDetector();
    const frames = [noise(new Random(1), 80, 60), gradient(80, 60)];
    const locator = new NeuralLocator(model);
    const simulated = await simulateDetector(model, frames);
    expect(simulated.map(({ candidates }) => candidates)).toEqual(frames.map((frame) => locator.candidates(frame)));
    for (const { instructions } of simulated) expect(instructions).toBeGreaterThan(100_000);
  }, 300_000);
});
