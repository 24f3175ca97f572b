import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, jest } from "@jest/globals";
import { pictureId } from "#smilec/data/import-folder.js";
import type { GrayImage } from "#smilec/data/types.js";
import { InterruptedError } from "#smilec/errors.js";
import { CONDITIONS } from "#smilec/evaluate/conditions.js";
import { degrade } from "#smilec/evaluate/degrade/degrade.js";
import { Subject } from "#smilec/evaluate/degrade/subject.js";
import { describedInput, networkInput } from "#smilec/evaluate/input.js";
import { describedModel, floatTwin, type Int8Model, readEvaluatedModel } from "#smilec/evaluate/model.js";
import { folderSet, type LabelledPicture, type LabelledSet } from "#smilec/evaluate/pictures.js";
import { pressScore } from "#smilec/evaluate/readout.js";
import { scoreSet } from "#smilec/evaluate/score.js";
import { loadScores, saveScores } from "#smilec/evaluate/stored-scores.js";
import type { View } from "#smilec/evaluate/views.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { wholeBox } from "#smilec/locate/center.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { quantizeModel } from "#smilec/quantize/quantize.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import { floatLogits } from "#smilec/train/evaluate.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { barSource, memorySource } from "../support/memory-source.js";
import { noisePicture, png, put } from "../support/pictures.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { shippedModelPath } from "../support/tflite-models.js";

jest.setTimeout(120_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
const ALL_VIEWS: readonly View[] = [
  { kind: "clean" },
  ...CONDITIONS.map((condition): View => ({ kind: "condition", condition })),
  { kind: "level", level: "mild", captures: 1 },
  { kind: "level", level: "hard", captures: 3 },
];

function setOf(pictures: readonly { image: GrayImage; label: string }[], count = pictures.length): LabelledSet {
  async function* read(): AsyncGenerator<LabelledPicture> {
    for (const [i, { image, label }] of pictures.entries()) {
      const face = wholeBox(image.width, image.height);
      yield { id: pictureId(image), name: `picture ${i}`, label, group: `group ${i % 7}`, image, face };
    }
  }
  return { name: "pictures", count, labels: { smile: 1, neutral: 1 }, rejected: [], read };
}

const pictures = Array.from({ length: 25 }, (_, i) => ({
  image: noisePicture(i, 40 + i, 44),
  label: i % 3 === 0 ? "smile" : "neutral",
}));

async function shipped(): Promise<Int8Model> {
  return (await readEvaluatedModel(shippedModelPath, { pictureLabels: [] })) as Int8Model;
}

describe("scoring a set", () => {
  it("gives every picture the score of the reference interpreter, in every view and capture", async () => {
    const int8 = await shipped();
    const scored = await scoreSet({
      models: { int8 },
      set: setOf(pictures),
      views: ALL_VIEWS,
      threshold: 0,
      mistakes: 3,
      context,
    });
    expect(scored.count).toBe(25);
    expect(scored.views.map(({ view }) => view)).toEqual(ALL_VIEWS);
    const interpreter = new ReferenceInterpreter(int8.graph);
    const outputs = (image: GrayImage) =>
      interpreter.run([networkInput(image, wholeBox(image.width, image.height), int8.input).values as Int8Array])[0];
    const burst = scored.views.at(-1)!;
    pictures.forEach(({ image, label }, i) => {
      expect(scored.views[0].int8!.scores[i]).toBe(pressScore([outputs(image)], int8.readout));
      expect(scored.views[0].int8!.truth[i]).toBe(Number(label === "smile"));
      const captures = degrade(new Subject(image, wholeBox(image.width, image.height)), "hard", 3).map(outputs);
      expect(burst.int8!.scores[i]).toBe(pressScore(captures, int8.readout));
      expect(burst.single!.int8!.scores[i]).toBe(pressScore(captures.slice(0, 1), int8.readout));
    });
    expect([...scored.views[0].int8!.groups]).toEqual(pictures.map((_, i) => i % 7));
    expect(new Set(scored.views.flatMap(({ int8: one }) => [...one!.scores])).size).toBeGreaterThan(100);
  });

  it("does not depend on the number of threads", async () => {
    const int8 = await shipped();
    const request = { models: { int8 }, set: setOf(pictures, 10_000), threshold: -1, mistakes: 5, context };
    const views = ALL_VIEWS.slice(0, 3);
    const [one, three] = [
      await scoreSet({ ...request, views, threads: 1 }),
      await scoreSet({ ...request, views, threads: 3 }),
    ];
    const here = await scoreSet({ ...request, set: setOf(pictures), views });
    expect(three).toEqual(one);
    expect(here).toEqual(one);
  });

  it("scores the float model on the same inputs as the int8 one that was made of it", async () => {
    const spec = { size: 16, normalize: "standardize" } as const;
    const network = buildNetwork("tiny", 16, 2, 0);
    const model = { network, parameters: initialParameters(network, 5) };
    const source = barSource(16, 30, 4);
    const inputs = Array.from({ length: 30 }, (_, i) => {
      const pixels = new Uint8Array(256);
      source.read([i], pixels);
      return { image: { width: 16, height: 16, pixels }, label: i % 2 === 0 ? "a" : "b" };
    });
    const input = describedInput(spec);
    const calibration = inputs.map(({ image }) => networkInput(image, wholeBox(16, 16), input).values as Int8Array);
    const { graph } = await quantizeModel(model, spec, calibration, { percentile: 100 });
    const labels = ["a", "b"];
    const description = { formatVersion: 1 as const, labels, positive: 1, preprocess: spec, thresholdMargin: 3 };
    const int8 = describedModel({ graph, description }, "int8", "0");
    const set = { ...setOf(inputs), labels: { a: 15, b: 15 } };
    const scored = await scoreSet({
      models: { int8, float: floatTwin(model, int8) },
      set,
      views: [{ kind: "clean" }],
      threshold: int8.threshold!,
      mistakes: 4,
      context,
    });
    const logits = await floatLogits({
      model,
      source: memorySource(
        16,
        inputs.map(({ image }) => image.pixels),
        inputs.map((_, i) => i % 2),
      ),
      preprocess: spec,
    });
    const { int8: a, float: b } = scored.views[0];
    expect(b!.scores.length).toBe(30);
    b!.scores.forEach((score, i) => {
      expect(score).toBeCloseTo(logits[2 * i + 1] - logits[2 * i], 6);
      expect(Math.abs(score - a!.scores[i])).toBeLessThan(0.1);
    });
  });

  it("keeps the worst missed pictures and the worst false alarms, as the network saw them", async () => {
    const int8 = await shipped();
    const scored = await scoreSet({
      models: { int8 },
      set: setOf(pictures),
      views: [{ kind: "clean" }],
      threshold: -0.5,
      mistakes: 3,
      context,
    });
    const { scores, truth } = scored.views[0].int8!;
    const wrong = (positive: number) =>
      [...scores.keys()]
        .filter((i) => truth[i] === positive && (scores[i] >= -0.5 ? 1 : 0) !== positive)
        .sort((a, b) => Math.abs(scores[b] + 0.5) - Math.abs(scores[a] + 0.5) || a - b)
        .slice(0, 3);
    const expected = [...wrong(1), ...wrong(0)];
    expect(expected.length).toBeGreaterThan(2);
    expect(scored.mistakes.map(({ name }) => name)).toEqual(expected.map((i) => `picture ${i}`));
    for (const [at, i] of expected.entries()) {
      const { image } = pictures[i];
      expect(scored.mistakes[at].grey).toEqual(
        networkInput(image, wholeBox(image.width, image.height), int8.input).grey,
      );
    }
  });

  it("counts a repeated picture once and one with two labels not at all, and says so", async () => {
    const int8 = await shipped();
    const repeated = [...pictures, pictures[2], { ...pictures[4], label: "smile" }, pictures[4]];
    const { count, rejected, views } = await scoreSet({
      models: { int8 },
      set: setOf(repeated),
      views: [{ kind: "clean" }],
      threshold: 0,
      mistakes: 30,
      context,
    });
    expect(count).toBe(24);
    expect(views[0].int8!.scores).toHaveLength(24);
    expect(rejected.map(({ original, reason }) => [original, reason])).toEqual([
      ["picture 25", "duplicate"],
      ["picture 26", "conflicting-label"],
      ["picture 4", "conflicting-label"],
      ["picture 27", "duplicate"],
    ]);
  });

  it("stops when it is told to", async () => {
    const abort = new AbortController();
    const set = setOf(pictures);
    const stopping: LabelledSet = {
      ...set,
      async *read() {
        for await (const picture of set.read()) yield picture;
        abort.abort();
        yield* setOf(
          Array.from({ length: 40 }, (_, i) => ({ image: noisePicture(100 + i, 20, 20), label: "smile" })),
        ).read();
      },
    };
    const request = { models: { int8: await shipped() }, views: ALL_VIEWS.slice(0, 1), threshold: 0, mistakes: 1 };
    await expect(
      scoreSet({ ...request, set: stopping, context: { ...context, signal: abort.signal } }),
    ).rejects.toBeInstanceOf(InterruptedError);
  });

  it("tells how far it is", async () => {
    const recording = recordingContext();
    await scoreSet({
      models: { int8: await shipped() },
      set: setOf(pictures),
      views: [{ kind: "clean" }],
      threshold: 0,
      mistakes: 1,
      context: recording,
    });
    expect(recording.lines.at(-1)).toBe("evaluate 25/25 pictures");
  });

  it("holds a few pictures at a time, however many there are", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const count = 900;
    const handed: WeakRef<Uint8Array>[] = [];
    let most = 0;
    async function* read(): AsyncGenerator<LabelledPicture> {
      for (let i = 0; i < count; i++) {
        const pixels = new Uint8Array(300 * 300).fill(i % 251);
        pixels[0] = i >> 8;
        const image = { width: 300, height: 300, pixels };
        handed.push(new WeakRef(pixels));
        if (i % 150 === 149) {
          collect();
          most = Math.max(most, handed.filter((one) => one.deref() !== undefined).length);
        }
        yield { id: String(i), name: "", label: "smile", group: "", image, face: wholeBox(300, 300) };
      }
    }
    const set: LabelledSet = { name: "many", count, labels: { smile: count }, rejected: [], read };
    const { count: scored } = await scoreSet({
      models: { int8: await shipped() },
      set,
      views: [{ kind: "clean" }],
      threshold: 0,
      mistakes: 2,
      threads: 1,
      context,
    });
    expect(scored).toBe(count);
    // The one just made is held at least; a few batches of 32 are under way.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(280);
  });
});

describe("a folder of pictures", () => {
  async function folderOf(entries: Readonly<Record<string, number>>): Promise<string> {
    const root = folder("eval-");
    for (const [file, seed] of Object.entries(entries)) put(root, file, await png(seed));
    return root;
  }
  const readAll = async (set: LabelledSet) => {
    const all = [];
    for await (const one of set.read()) all.push(one);
    return all;
  };

  it("is listed as an import would, and unreadable pictures are named with the reason", async () => {
    const root = await folderOf({ "smile/anna/1.png": 1, "smile/anna/2.png": 2, "neutral/3.png": 3 });
    put(root, "neutral/broken.jpg", "no picture");
    put(root, "neutral/empty.png", "");
    const set = await folderSet({ from: root });
    expect(set.count).toBe(5);
    expect(set.labels).toEqual({ neutral: 3, smile: 2 });
    const all = await readAll(set);
    const reasons = all.flatMap((one) => ("reason" in one ? [`${one.original}: ${one.message}`] : []));
    expect(reasons.sort()).toEqual([
      "neutral/broken.jpg: is not a picture in a format that is read",
      "neutral/empty.png: the file is empty",
    ]);
    const groups = all.flatMap((one) => ("reason" in one ? [] : [one.group]));
    expect(groups.filter((group) => group === "anna")).toHaveLength(2);
  });

  it("takes splits from the set itself only", async () => {
    const root = await folderOf({ "test/smile/1.png": 1, "val/smile/2.png": 2, "test/neutral/3.png": 3 });
    const test = await folderSet({ from: root, split: "test" });
    expect(test.count).toBe(2);
    expect((await folderSet({ from: root })).count).toBe(3);
    await expect(folderSet({ from: root, split: "train" })).rejects.toThrow("no picture of split train");
    const plain = await folderOf({ "smile/1.png": 1, "neutral/2.png": 2 });
    await expect(folderSet({ from: plain, split: "test" })).rejects.toThrow("which split");
  });

  it("is nothing without pictures or labels", async () => {
    await expect(folderSet({ from: folder() })).rejects.toThrow("the folder is empty");
    await expect(folderSet({ from: join(folder(), "missing") })).rejects.toThrow("nothing to import");
    const root = await folderOf({ "smile/1.png": 1 });
    rmSync(join(root, "smile/1.png"));
    put(root, "smile/readme.txt", "hello");
    const request = { models: { int8: await shipped() }, views: ALL_VIEWS.slice(0, 1), threshold: 0, mistakes: 1 };
    await expect(scoreSet({ ...request, set: await folderSet({ from: root }), context })).rejects.toThrow(
      "none of the pictures can be used",
    );
  });
});

describe("stored scores", () => {
  it("come back as they were", async () => {
    const int8 = await shipped();
    const views: View[] = [{ kind: "clean" }, { kind: "level", level: "hard", captures: 2 }];
    const { views: scored } = await scoreSet({
      models: { int8 },
      set: setOf(pictures),
      views,
      threshold: 0,
      mistakes: 1,
      context,
    });
    const dir = folder();
    const columns = scored.map(({ int8: one }) => one!);
    await saveScores(dir, columns);
    expect(await loadScores(dir)).toEqual(columns);
    writeFileSync(join(dir, "scores.bin"), "short");
    await expect(loadScores(dir)).rejects.toThrow("damaged");
  });
});
