import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import type { GrayImage } from "#smilec/data/types.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { describedInput, foreignInput, networkInput } from "#smilec/evaluate/input.js";
import { type Int8Model, type ModelHints, readEvaluatedModel } from "#smilec/evaluate/model.js";
import { preferredLabel, pressScore, type Readout } from "#smilec/evaluate/readout.js";
import { margin } from "#smilec/graph/bundle.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { wholeBox } from "#smilec/locate/center.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import { saveFloatModel } from "#smilec/train/float-model.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { brightnessModel } from "../support/brightness-model.js";
import { noisePicture } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { shippedModelPath } from "../support/tflite-models.js";

// A busy machine takes its time.
jest.setTimeout(120_000);

const folder = temporaryFolders();
const SMILES: ModelHints = { pictureLabels: ["neutral", "smile"] };
const LIGHTS: ModelHints = { pictureLabels: ["bright", "dark"], labels: ["dark", "bright"], positive: "bright" };

function saved(graph: Int8Graph): string {
  const path = join(folder("model-"), "foreign.tflite");
  writeFileSync(path, writeTflite(graph));
  return path;
}

function flat(grey: number, side = 20): GrayImage {
  return { width: side, height: side, pixels: new Uint8Array(side * side).fill(grey) };
}

/** What a model says to a picture. */
function scoreOf(model: Int8Model, picture: GrayImage): number {
  const { values } = networkInput(picture, wholeBox(picture.width, picture.height), model.input);
  const [outputs] = new ReferenceInterpreter(model.graph).runAnyType([values]);
  return pressScore([outputs], model.readout);
}

async function foreign(graph: Int8Graph, hints: ModelHints = LIGHTS): Promise<Int8Model> {
  const model = await readEvaluatedModel(saved(graph), hints);
  if (model.kind !== "int8") throw new Error("not int8");
  return model;
}

describe("a model that smilec made", () => {
  it("is fed and decided as its own description says", async () => {
    const model = (await readEvaluatedModel(shippedModelPath, SMILES)) as Int8Model;
    const { description } = JSON.parse(
      readFileSync(join(shippedModelPath, "..", "card.json"), "utf8")
        .replace(/^/, '{"description":')
        .concat("}"),
    ) as { description: { labels: string[]; quantization: { threshold: { margin: number; probability: number } } } };
    expect(model.readout.labels).toEqual(description.labels);
    expect(model.threshold! / model.readout.scale).toBeCloseTo(description.quantization.threshold.margin, 9);
    expect(1 / (1 + Math.exp(-model.threshold!))).toBeCloseTo(description.quantization.threshold.probability, 9);
    expect(model.assumptions).toEqual([]);
    for (let seed = 0; seed < 5; seed++) {
      const picture = noisePicture(seed, 70, 61);
      const box = wholeBox(70, 61);
      const { values } = networkInput(picture, box, model.input);
      expect(values).toEqual(preprocess(picture, box, { size: 48, normalize: "standardize" }));
      const [outputs] = new ReferenceInterpreter(model.graph).run([values as Int8Array]);
      expect(pressScore([outputs], model.readout)).toBe(margin(outputs, 1) * model.readout.scale);
    }
  });

  it("says the same, uncalibrated, when its description is lost and its labels are given", async () => {
    const own = (await readEvaluatedModel(shippedModelPath, SMILES)) as Int8Model;
    const { metadata: _, ...graph } = readTflite(readFileSync(shippedModelPath), shippedModelPath);
    const stripped = await foreign(graph, SMILES);
    expect(stripped.threshold).toBeUndefined();
    expect(stripped.input.range).toBe("standardize");
    expect(stripped.assumptions).toEqual([
      "outputs are neutral, smile: the pictures' labels in alphabetical order",
      "the positive label is smile",
      "input values are standardize, by the input's quantization",
      "outputs are logits, as no softmax or logistic makes them",
    ]);
    for (let seed = 0; seed < 5; seed++) {
      const picture = noisePicture(seed, 64, 64);
      expect(scoreOf(stripped, picture) / stripped.readout.scale).toBeCloseTo(
        scoreOf(own, picture) / own.readout.scale,
        6,
      );
    }
  });

  it("needs nobody to name its labels", async () => {
    const named = readEvaluatedModel(shippedModelPath, { ...SMILES, labels: ["a", "b"] });
    await expect(named).rejects.toThrow("describes its labels");
  });
});

describe("a model made by others", () => {
  const RANGES = [
    ["0..1", 0, 1],
    ["-1..1", -1, 1],
    ["0..255", 0, 255],
  ] as const;

  it.each(RANGES)("is given its input as %s, by its quantization", async (range, black, white) => {
    const model = await foreign(brightnessModel({ black, white }));
    expect(model.input.range).toBe(range);
    const bright = networkInput(flat(255), wholeBox(20, 20), model.input).values;
    const dark = networkInput(flat(0), wholeBox(20, 20), model.input).values;
    // -1..1 lies on half steps: its middle is -0.5 or 0.5.
    expect(bright[0]).toBeGreaterThanOrEqual(126);
    expect(dark[0]).toBeLessThanOrEqual(-127);
    // 8 * (brightness - 0.5), up to rounding to 1/16.
    for (const grey of [0, 60, 128, 200, 255]) {
      expect(scoreOf(model, flat(grey))).toBeCloseTo(8 * (grey / 255 - 0.5), 0);
    }
  });

  it("gets the grey picture in all three of its channels", async () => {
    const model = await foreign(brightnessModel({ channels: 3 }));
    const { values, grey } = networkInput(noisePicture(1, 16, 16), wholeBox(16, 16), model.input);
    expect(values.length).toBe(3 * 256);
    for (let i = 0; i < 256; i++) {
      expect([values[3 * i], values[3 * i + 1], values[3 * i + 2]]).toEqual(new Array(3).fill(grey[i] - 128));
    }
    expect(scoreOf(model, flat(250))).toBeGreaterThan(3);
    expect(model.assumptions.join()).toContain("all three channels");
  });

  it("may take bytes", async () => {
    const model = await foreign(brightnessModel({ inputType: "uint8" }));
    const { values, grey } = networkInput(noisePicture(2, 16, 16), wholeBox(16, 16), model.input);
    expect([...values]).toEqual([...grey]);
    expect(scoreOf(model, flat(250))).toBeCloseTo(scoreOf(await foreign(brightnessModel()), flat(250)), 9);
  });

  it.each(["softmax", "logistic", "logit"] as const)("may answer by a %s", async (output) => {
    const model = await foreign(brightnessModel({ output }));
    const plain = await foreign(brightnessModel());
    for (const grey of [30, 100, 128, 160, 225]) {
      const [score, wanted] = [scoreOf(model, flat(grey)), scoreOf(plain, flat(grey))];
      // Probabilities come in steps of 1/256.
      expect(Math.abs(1 / (1 + Math.exp(-score)) - 1 / (1 + Math.exp(-wanted)))).toBeLessThan(0.02);
    }
    // Beyond the last step it is not infinitely sure.
    expect(scoreOf(model, flat(255))).toBeLessThan(7);
    expect(Number.isFinite(scoreOf(model, flat(0)))).toBe(true);
  });

  it("takes the usual positive label, or the last one", async () => {
    const positive = async (hints: ModelHints) => {
      const { readout } = await foreign(brightnessModel(), hints);
      return readout.labels[readout.positive];
    };
    expect(await positive({ pictureLabels: ["frown", "smile"] })).toBe("smile");
    expect(await positive({ pictureLabels: ["smile", "zebra"] })).toBe("smile");
    expect(await positive({ pictureLabels: ["apple", "pear"] })).toBe("pear");
  });

  it.each<[string, Int8Graph, ModelHints, string]>([
    ["an odd shape", { ...brightnessModel(), tensors: reshaped([1, 16, 12, 1]) }, LIGHTS, "no square picture"],
    ["two inputs", { ...brightnessModel(), inputs: [0, 0] }, LIGHTS, "2 inputs"],
    ["other labels", brightnessModel(), { pictureLabels: ["a", "b", "c"] }, "tells 2 labels apart"],
    ["a positive label of its own", brightnessModel(), { ...LIGHTS, positive: "smile" }, "is none of the model's"],
    ["input values of an unknown range", brightnessModel({ black: -7, white: 3 }), LIGHTS, "cannot be told"],
  ])("is refused for %s, with what to do", async (_, graph, hints, message) => {
    const error = await readGraph(graph, hints).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain(message);
    expect((error as { exitCode?: number }).exitCode).toBe(2);
    expect((error as { remedy?: string }).remedy).toBeTruthy();
  });

  it("is believed about its range when the user says it", async () => {
    const graph = brightnessModel({ black: -7, white: 3 });
    const { input } = await foreign(graph, { ...LIGHTS, range: "0..1" });
    expect(input.range).toBe("0..1");
  });
});

function reshaped(shape: readonly number[]) {
  return brightnessModel().tensors.map((tensor, i) => (i === 0 ? { ...tensor, shape } : tensor));
}

/** Graphs that no file can hold are checked as they are. */
async function readGraph(graph: Int8Graph, hints: ModelHints): Promise<unknown> {
  return hints.pictureLabels.length > 0 &&
    graph.inputs.length === 1 &&
    graph.tensors[0].shape[1] === graph.tensors[0].shape[2]
    ? foreign(graph, hints)
    : foreignInput(graph, hints.range, "graph");
}

describe("a float model", () => {
  async function floatFolder(size = 16, labels = 2): Promise<string> {
    const dir = join(folder("float-"), "model");
    mkdirSync(dir);
    const network = buildNetwork("tiny", size, labels, 0);
    await saveFloatModel({ network, parameters: initialParameters(network, 3) }, dir);
    return dir;
  }

  it("is read from its folder, with the project's labels and preprocessing where they fit", async () => {
    const dir = await floatFolder();
    const project = {
      labels: ["other", "grin"],
      positive: "grin",
      preprocess: { size: 16, normalize: "none" },
    } as const;
    const own = await readEvaluatedModel(dir, { pictureLabels: ["grin", "other"], project });
    expect(own.kind).toBe("float");
    expect(own.readout).toMatchObject({ labels: ["other", "grin"], positive: 1, kind: "logits", scale: 1 });
    expect(own.input).toEqual(describedInput({ size: 16, normalize: "none" }));
    const alone = await readEvaluatedModel(dir, SMILES);
    expect(alone.input).toEqual(describedInput({ size: 16, normalize: "standardize" }));
    expect(alone.assumptions.join()).toContain("standardised");
  });

  it("is refused when the folder holds none, or it has other labels", async () => {
    await expect(readEvaluatedModel(folder(), SMILES)).rejects.toThrow("holds no float model");
    await expect(readEvaluatedModel(await floatFolder(16, 3), SMILES)).rejects.toThrow("tells 3 labels apart");
    const range = readEvaluatedModel(await floatFolder(), { ...SMILES, range: "-1..1" });
    await expect(range).rejects.toThrow("not on -1..1");
  });
});

describe("the score of a press", () => {
  const readout: Readout = { labels: ["a", "b", "c"], positive: 1, kind: "logits", scale: 0.5, zeroPoint: 0 };

  it("is the mean of its captures' margins, as the firmware sums them", () => {
    const captures = [
      [10, 14, -3],
      [2, -6, 8],
      [0, 5, 5],
    ];
    // 4, -14 and 0 steps of 0.5
    expect(pressScore(captures, readout)).toBeCloseTo((-10 * 0.5) / 3, 12);
    expect(pressScore(captures.slice(0, 1), readout)).toBe(2);
  });

  it("prefers the label of the largest sum, the first of equals", () => {
    expect(preferredLabel([[1, 5, 5]], readout)).toBe(1);
    expect(
      preferredLabel(
        [
          [1, 5, 5],
          [0, 0, 1],
        ],
        readout,
      ),
    ).toBe(2);
  });
});
