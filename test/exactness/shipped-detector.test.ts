/** The face detector that comes with smilec: TypeScript, TFLite Micro and generated C on the same scenes, and what it promises of itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { GrayImage } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { graphMacs } from "#smilec/graph/cost.js";
import { drawCanvas } from "#smilec/locate/neural/canvas.js";
import { emitDetector } from "#smilec/locate/neural/emit.js";
import { NeuralLocator } from "#smilec/locate/neural/locate.js";
import { decodeNeuralModel, type NeuralModel } from "#smilec/locate/neural/model.js";
import { parseRecipe } from "#smilec/locate/neural/train/recipe.js";
import type { Candidate } from "#smilec/locate/types.js";
import { presentDetector } from "#smilec/pipeline/detector.js";
import { sceneAt } from "#smilec/scenes/compose.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import { OPTIMIZED } from "../support/compile.js";
import { runDetector } from "../support/detector-program.js";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { compareWithTflm, TflmOracle } from "../support/tflm.js";

const FOLDER = join(packageRoot, "models", "face-neural");
const SIZES = [
  [320, 240],
  [160, 120],
  [240, 240],
  [640, 480],
  [100, 37],
] as const;

describe("a shipped face detector's file", () => {
  it.each([
    ["classic", "cascade"],
    ["neural", "network"],
  ] as const)("of %s has the bytes that its card was written for", async (kind, part) => {
    const card = JSON.parse(readFileSync(join(packageRoot, "models", `face-${kind}`, "card.json"), "utf8"));
    expect((await presentDetector(undefined, kind))?.hash).toBe(card[part].hash);
  });
});

describe("the shipped face detector", () => {
  let model: NeuralModel;
  let bytes: Uint8Array;
  let frames: GrayImage[];
  let expected: Candidate[][];

  beforeAll(() => {
    bytes = readFileSync(join(FOLDER, "model.tflite"));
    model = decodeNeuralModel(bytes, FOLDER);
    const people = drawnPeople(1, "test");
    const scenes = SIZES.flatMap(([width, height], size) =>
      [0, 1, 2].map((i) => sceneAt(41, 10 * size + i, { width, height, people, faces: [0, 1] }).frame),
    );
    const random = new Random(9);
    const noise = Uint8Array.from({ length: 320 * 240 }, () => random.integer(0, 255));
    const flat = [0, 255].map((grey) => new Uint8Array(320 * 240).fill(grey));
    frames = [...scenes, ...[noise, ...flat].map((pixels) => ({ width: 320, height: 240, pixels }))];
    const locator = new NeuralLocator(model);
    expected = frames.map((frame) => locator.candidates(frame));
  }, 120_000);

  it("is what its recipe says, within its budget", () => {
    const path = join(FOLDER, "smilec.locator.json");
    const { canvas, normalize } = parseRecipe(readFileSync(path, "utf8"), path);
    expect(model.description).toMatchObject({ canvas, normalize });
    expect(graphMacs(model.graph)).toBeLessThanOrEqual(3e6);
    const { ramBytes, network } = emitDetector(model, { provenance: "a test", target: "lx6" });
    expect(network.arenaBytes).toBeLessThanOrEqual(64 * 1024);
    expect(ramBytes).toBeLessThanOrEqual(64 * 1024);
  });

  it("finds something in most scenes with a face, and nobody in frames of one grey", () => {
    const found = expected.map(([best]) => (best?.confidence ?? 0) >= model.description.threshold);
    expect(found.slice(0, 15).filter(Boolean).length).toBeGreaterThan(7);
    expect(found.slice(-2)).toEqual([false, false]);
  });

  it("finds the same as C", async () => {
    expect(await runDetector(model, frames, OPTIMIZED)).toEqual(expected);
  }, 300_000);

  (noOracleHere === undefined ? it : it.skip)(
    `has the same value in every tensor in TFLite Micro${noOracleHere === undefined ? "" : ` (${noOracleHere})`}`,
    async () => {
      const oracle = await TflmOracle.start();
      try {
        const { canvas, normalize } = model.description;
        const inputs = frames.map((frame) => [drawCanvas(frame, canvas, normalize)]);
        const { values, differences } = await compareWithTflm(oracle, model.graph, inputs, bytes);
        expect(differences).toEqual([]);
        expect(values).toBeGreaterThan(frames.length * 100_000);
      } finally {
        oracle.close();
      }
    },
    300_000,
  );
});
