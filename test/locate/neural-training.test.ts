/** Training the neural locator: what cells are asked for, how scenes vary, and that a small network learns to find a painted thing. */
import { fileURLToPath } from "node:url";
import { describe, expect, it, jest } from "@jest/globals";
import { CELL } from "#smilec/locate/neural/box-code.js";
import { CropBatches, SceneBatches } from "#smilec/locate/neural/train/batches.js";
import { parseRecipe } from "#smilec/locate/neural/train/recipe.js";
import { writeTargets } from "#smilec/locate/neural/train/targets.js";
import { FrameVariation } from "#smilec/locate/neural/train/vary.js";
import { composeScenes } from "#smilec/locate/train/compose.js";
import { ScenePool, type WantedFace } from "#smilec/locate/train/scene-pool.js";
import { chooseConfidence, operatingPoint, type SearchedScene } from "#smilec/locate/train/threshold.js";
import type { StageContext } from "#smilec/pipeline/reporter.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { runOrThrow } from "#smilec/process/run.js";
import { TARGET_CHANNELS } from "#smilec/train/detection-loss.js";
import { Rng } from "#smilec/train/rng.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);

const temporaryFolder = temporaryFolders();
const CANVAS = { width: 96, height: 64 };
const CONTEXT: StageContext = { reporter: silentReporter, signal: new AbortController().signal };

function targetsOf(faces: readonly WantedFace[]): number[][] {
  const cells = (CANVAS.width * CANVAS.height) / (CELL * CELL);
  const out = new Float32Array(cells * TARGET_CHANNELS).fill(7);
  writeTargets(faces, CANVAS, out);
  return Array.from({ length: cells }, (_, cell) => [
    ...out.subarray(cell * TARGET_CHANNELS, (cell + 1) * TARGET_CHANNELS),
  ]);
}

const CHILD = fileURLToPath(new URL("../support/detector-child.mjs", import.meta.url));

function noisyPool(count: number): ScenePool {
  const pool = new ScenePool(CANVAS.width, CANVAS.height, count);
  for (let i = 0; i < count; i++) {
    const rng = new Rng(3, i);
    const frame = Uint8Array.from({ length: CANVAS.width * CANVAS.height }, () => rng.below(256));
    pool.add(frame, { faces: [{ x: 40, y: 30, side: 24, counts: true }], fixtures: [] });
  }
  return pool;
}

describe("what a cell is asked for", () => {
  it("is a face in its core, with the whole weight shared, and nothing around it", () => {
    const face = { x: 44, y: 28, side: 40, counts: true };
    const cells = targetsOf([face]);
    const wanted = cells.filter(([there]) => there === 1);
    // Cell centres at 36, 44, 52 and 20, 28, 36 are within 8 pixels.
    expect(wanted).toHaveLength(9);
    expect(wanted.reduce((sum, [, weight]) => sum + weight, 0)).toBeCloseTo(4, 5);
    expect(wanted.reduce((sum, [, , weight]) => sum + weight, 0)).toBeCloseTo(1, 5);
    const [, , , right, down, size] = cells[3 * 12 + 5];
    expect([right, down, size].map((value) => Math.abs(value))).toEqual([0, 0, 0]);
    // Two cells away: 16 pixels of 40.
    expect(cells[3 * 12 + 7][1]).toBe(0);
    expect(cells[0]).toEqual([0, 1, 0, 0, 0, 0]);
  });

  it("is nothing where a face hardly shows or is too small", () => {
    for (const face of [
      { x: 44, y: 28, side: 40, counts: false },
      { x: 44, y: 28, side: 6, counts: true },
    ]) {
      const cells = targetsOf([face]);
      expect(cells.every(([there]) => there === 0)).toBe(true);
      expect(cells[3 * 12 + 5][1]).toBe(0);
    }
  });

  it("is the nearer of two faces, in terms of their sizes", () => {
    const cells = targetsOf([
      { x: 40, y: 32, side: 60, counts: true },
      { x: 52, y: 36, side: 12, counts: true },
    ]);
    expect(cells[4 * 12 + 6][5]).toBeCloseTo(4 * Math.log2(12 / 40), 4);
    expect(cells[4 * 12 + 4][5]).toBeCloseTo(4 * Math.log2(60 / 40), 4);
  });
});

describe("a varied scene", () => {
  it("has its faces where the picture shows them, mirrored, zoomed or cut out", () => {
    const [width, height] = [CANVAS.width, CANVAS.height];
    const source = new Uint8Array(width * height).fill(40);
    const face = { x: 60.5, y: 30.5, side: 20, counts: true };
    for (let y = 28; y < 33; y++) source.fill(230, y * width + 58, y * width + 63);
    const scene = { faces: [face], fixtures: [] };
    for (const out of [CANVAS, { width: 32, height: 32 }]) {
      const variation = new FrameVariation(CANVAS, out, new Rng(1));
      let checked = 0;
      for (let i = 0; i < 60; i++) {
        const shown = variation[out === CANVAS ? "vary" : "crop"](source, scene, new Rng(4, i));
        const [seen] = shown.faces;
        if (seen === undefined || !seen.counts) continue;
        const bright = [...shown.pixels.keys()].sort((a, b) => shown.pixels[b] - shown.pixels[a]).slice(0, 9);
        const middle = (of: (at: number) => number) =>
          bright.reduce((sum, at) => sum + of(at) + 0.5, 0) / bright.length;
        expect(Math.abs(middle((at) => at % out.width) - seen.x)).toBeLessThan(3.5);
        expect(Math.abs(middle((at) => Math.floor(at / out.width)) - seen.y)).toBeLessThan(3.5);
        checked++;
      }
      expect(checked).toBeGreaterThan(25);
    }
  });

  it("is the same for the same stream, whatever came before", () => {
    const pool = noisyPool(6);
    const input = { canvas: CANVAS, normalize: "standardize" } as const;
    const [one, other] = [new SceneBatches(pool, input, 9), new SceneBatches(pool, input, 9)];
    other.varied([5, 1], 1, 0);
    expect(other.varied([2, 3], 4, 2)).toEqual(one.varied([2, 3], 4, 2));
    const crops = () => new CropBatches(pool, "standardize", 9, 32);
    expect(crops().varied([2, 3], 4, 2)).toEqual(crops().varied([2, 3], 4, 2));
    expect(crops().varied([2, 3], 5, 2)).not.toEqual(crops().varied([2, 3], 4, 2));
  });
});

describe("composing scenes for training", () => {
  it("gives the same scenes with one thread and with three, and reads back what it saved", async () => {
    const recipe = { people: { kind: "drawn", seed: 1, split: "train" }, seed: 5, options: { faces: [0, 1] } } as const;
    const pools = await Promise.all(
      [1, 3].map(async (threads) => {
        const pool = new ScenePool(64, 48, 5);
        const request = { recipe, first: 7, count: 5, threads, context: CONTEXT };
        await composeScenes(request, pool, (frame, scene) => pool.add(frame, scene));
        return pool;
      }),
    );
    expect(pools[0].count).toBe(5);
    expect(pools[1]).toEqual(pools[0]);
    expect(pools[0].scenes.flatMap(({ faces }) => faces).length).toBeGreaterThan(2);
    const dir = temporaryFolder("pool-");
    await pools[0].save(dir);
    expect(await ScenePool.load(dir)).toEqual(pools[0]);
  });
});

describe("training", () => {
  it("teaches a small network to find what was painted, and int8 keeps it", async () => {
    // A process of its own: inside Jest's module sandbox the loops over pixels take twenty times as long.
    const { all } = await runOrThrow(process.execPath, [CHILD], "training a small detector");
    const { losses, recall } = JSON.parse(all) as { losses: number[]; recall: number };
    expect(losses).toHaveLength(40);
    expect(losses[39]).toBeLessThan(0.3 * losses[2]);
    expect(recall).toBeGreaterThan(0.9);
  });
});

describe("the threshold", () => {
  const face = { x: 50, y: 50, side: 20, counts: true };
  const on = (confidence: number) => ({ box: { x: 41, y: 40, width: 20, height: 20 }, confidence });
  const off = (confidence: number) => ({ box: { x: 80, y: 5, width: 20, height: 20 }, confidence });
  const searched: SearchedScene[] = [
    { scene: { faces: [face], fixtures: [] }, candidates: [on(900), off(300)] },
    { scene: { faces: [face], fixtures: [] }, candidates: [off(600), on(500)] },
    { scene: { faces: [face], fixtures: [] }, candidates: [on(200)] },
    { scene: { faces: [{ ...face, counts: false }], fixtures: [] }, candidates: [on(990)] },
  ];

  it("is the lowest with no more false faces than allowed; a doubtful face is neither found nor false", () => {
    expect(chooseConfidence(searched, 0)).toEqual({ threshold: 601, recall: 1 / 3, falseFaces: 0 });
    expect(chooseConfidence(searched, 0.25)).toEqual({ threshold: 301, recall: 2 / 3, falseFaces: 0.25 });
    expect(chooseConfidence(searched, 1)).toEqual({ threshold: 1, recall: 1, falseFaces: 0.5 });
    expect(operatingPoint(searched, 250).falseFaces).toBe(0.5);
  });
});

describe("a recipe", () => {
  const good = {
    kind: "neural",
    seed: 1,
    imports: ["faces-wide"],
    canvas: { width: 160, height: 128 },
    frame: { width: 160, height: 120 },
    normalize: "standardize",
    scenes: { train: 10, validation: 5, faces: [1, 1], sizes: [0.1, 0.8] },
    mining: { after: [1], look: 4, keep: 2 },
    train: {
      epochs: 2,
      cropEpochs: 1,
      cropSide: 96,
      batchSize: 8,
      learningRate: 0.001,
      warmupEpochs: 0,
      weightDecay: 0,
      averaging: 0.9,
      hardShare: 0,
    },
    quantize: { calibration: 4, percentile: 99.9, epochs: 0, learningRate: 0.001 },
    falseFaces: 0.01,
    spread: 200,
  };

  it("is read as it was written", () => {
    expect(parseRecipe(JSON.stringify(good), "here")).toEqual(good);
  });

  it.each<[string, object, string]>([
    ["is no JSON", [], "expected object"],
    ["has a canvas the network can't halve", { ...good, canvas: { width: 150, height: 128 } }, "canvas"],
    ["has scenes that do not fill the canvas", { ...good, frame: { width: 120, height: 90 } }, "frame"],
    ["mines after the end", { ...good, mining: { after: [2], look: 4, keep: 2 } }, "mining.after"],
    ["keeps more than it looks at", { ...good, mining: { after: [1], look: 4, keep: 5 } }, "mining.keep"],
    ["has parts larger than the scenes", { ...good, train: { ...good.train, cropSide: 128 } }, "cropSide"],
    ["has an unknown key", { ...good, speed: 3 }, "speed"],
  ])("that %s is refused with the key", (_, recipe, detail) => {
    const refused = expect.objectContaining({ where: "face.json", detail: expect.stringContaining(detail) });
    expect(() => parseRecipe(JSON.stringify(recipe), "face.json")).toThrow(refused);
  });
});
