import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import type { ModelEvaluation } from "#smilec/evaluate/run.js";
import { brightnessModel } from "../support/brightness-model.js";
import { smilec } from "../support/cli.js";
import { findAll, parseHtml, withClass } from "../support/html.js";
import { noisePicture, png, put, putPersons } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(300_000);

const folder = temporaryFolders();

type Result = ModelEvaluation & { rejected: { original: string; reason: string }[] };

/** Bright and dark pictures with some noise; one in eight is in the other's folder. */
async function lights(count: number): Promise<string> {
  const root = folder("lights-");
  for (let i = 0; i < count; i++) {
    const isBright = i % 2 === 0;
    const { pixels } = noisePicture(i, 24, 24);
    const shown = pixels.map((value) => (isBright ? 150 : 40) + value / 4 + (i % 16 === 5 ? 100 : 0));
    const data = await sharp(shown, { raw: { width: 24, height: 24, channels: 1 } })
      .png()
      .toBuffer();
    put(root, `${isBright ? "bright" : "dark"}/p${Math.floor(i / 4)}/${i}.png`, data);
  }
  return root;
}

function lightsModel(): string {
  const path = join(folder("model-"), "lights.tflite");
  writeFileSync(path, writeTflite(brightnessModel()));
  return path;
}

const LIGHTS = ["--labels", "dark,bright", "--positive", "bright"];

describe("smilec eval", () => {
  let data = "";
  let model = "";
  beforeAll(async () => {
    data = await lights(64);
    model = lightsModel();
  });
  const evaluate = async (args: readonly string[], cwd = folder()) => {
    const result = await smilec(["eval", "--json", ...args], { cwd });
    if (result.exitCode !== 0) throw new Error(result.stderr);
    return { evaluation: JSON.parse(result.stdout) as Result, stderr: result.stderr };
  };

  it("evaluates a foreign model on a folder, outside of any project", async () => {
    const { evaluation, stderr } = await evaluate(["--data", data, "--model", model, ...LIGHTS]);
    expect(evaluation.int8!.count).toBe(64);
    expect(evaluation.int8!.groups).toBe(16);
    expect(evaluation.model).toMatchObject({ labels: ["dark", "bright"], positive: "bright", inputSize: 16 });
    // Four dark pictures are bright.
    expect(evaluation.int8!.operating.confusion).toEqual({
      truePositives: 32,
      falsePositives: 4,
      trueNegatives: 28,
      falseNegatives: 0,
    });
    expect(evaluation.int8!.quality.accuracy.value).toBeCloseTo(60 / 64, 12);
    expect(evaluation.threshold).toEqual({ probability: 0.5, from: "default" });
    expect(evaluation.notes.join()).toContain("probability 0.5");
    expect(stderr).toContain("assumed: input values are 0..1");
  });

  it("weighs to a prior, moves the threshold, and maps labels", async () => {
    const map = "bright=light,dark=shade";
    const names = ["--labels", "shade,light", "--positive", "light"];
    const { evaluation } = await evaluate(["--data", data, "--model", model, ...names, "--map", map, "--prior", "0.1"]);
    // Of 100 pictures 10 are light and all are found; of 90 others one in eight is called.
    expect(evaluation.int8!.operating.precision.value).toBeCloseTo(10 / (10 + 90 / 8), 9);
    expect(evaluation.int8!.prior).toEqual({ measured: 0.5, used: 0.1 });
    const strict = await evaluate(["--data", data, "--model", model, ...LIGHTS, "--threshold", "0.9999"]);
    expect(strict.evaluation.int8!.operating.confusion).toMatchObject({ truePositives: 0, falsePositives: 0 });
    expect(strict.evaluation.int8!.operating.precision.value).toBeNull();
    expect(strict.evaluation.threshold.from).toBe("given");
  });

  it("shows conditions, levels and bursts, as text and as a page", async () => {
    const cwd = folder();
    const page = join(cwd, "out", "eval.html");
    const views = ["--conditions", "--degrade", "all", "--burst", "2", "--html", page];
    const result = await smilec(["eval", "--data", data, "--model", model, ...LIGHTS, ...views], { cwd });
    expect(result.exitCode).toBe(0);
    for (const name of [
      "dark",
      "backlit",
      "loose crop",
      "mild, 1 capture",
      "hard, burst of 2",
      "Bursts are simulated",
    ]) {
      expect(result.stdout).toContain(name);
    }
    const html = parseHtml(readFileSync(page, "utf8"));
    expect(findAll(html, ({ tag }) => tag === "section").map(({ attributes }) => attributes.get("id"))).toEqual([
      "evaluation",
      "conditions",
    ]);
    expect(withClass(html, "whisker").length).toBeGreaterThan(8);
    expect(withClass(html, "sheet-mistakes")).toHaveLength(4);
  });

  it("evaluates the model that comes with smilec when none is given", async () => {
    const root = folder();
    await putPersons(root, 6);
    const { evaluation } = await evaluate(["--data", root]);
    expect(evaluation.model.labels).toEqual(["neutral", "smile"]);
    expect(evaluation.threshold).toMatchObject({ from: "model", margin: expect.any(Number) });
    expect(evaluation.int8!.count).toBe(12);
    const text = await smilec(["eval", "--data", root], { cwd: folder() });
    expect(text.stdout).toContain("the intervals are too narrow");
  });

  it("reads manifests with splits, and lists what it keeps out", async () => {
    const root = folder();
    for (let i = 0; i < 12; i++) put(root, `p/${i}.png`, await png(i));
    put(root, "p/12.png", await png(3));
    put(root, "p/13.png", "broken");
    const rows = Array.from({ length: 14 }, (_, i) => {
      const split = i < 4 ? "train" : "test";
      return JSON.stringify({ file: `p/${i}.png`, label: i % 2 === 0 ? "happiness" : "anger", split });
    });
    put(root, "manifest.jsonl", `${rows.join("\n")}\n`);
    const map = ["--map", "happiness=smile,*=neutral"];
    const { evaluation } = await evaluate(["--data", root, "--split", "test", ...map]);
    // 12 is picture 3 again, but 3 is in another split.
    expect(evaluation.int8!.count).toBe(9);
    expect(evaluation.rejected).toEqual([expect.objectContaining({ original: "p/13.png", reason: "unreadable" })]);
    const whole = await evaluate(["--data", join(root, "manifest.jsonl"), ...map]);
    expect(whole.evaluation.int8!.count).toBe(11);
    expect(whole.evaluation.data.reasons).toEqual({ "conflicting-label": 2, unreadable: 1 });
  });

  it("says what can be said when there is one class only", async () => {
    const root = folder();
    for (let i = 0; i < 40; i++) put(root, `smile/${i}.png`, await png(i));
    const { evaluation } = await evaluate(["--data", root]);
    expect(evaluation.int8!.quality.rocAuc.value).toBeNull();
    expect(evaluation.int8!.operating.recall.value).not.toBeNull();
    expect(evaluation.notes.join()).toContain("Every picture is smile");
    const text = await smilec(["eval", "--data", root, "--quiet"], { cwd: folder() });
    expect(text.stdout).toContain("not defined");
    expect(text.stdout).not.toMatch(/NaN|null/);
    expectRefusal(
      await smilec(["eval", "--data", root, "--prior", "0.5"], { cwd: folder() }),
      "needs pictures of both",
    );
  });

  it("evaluates a split of the project's own pictures", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), '{"name": "own", "data": {"synthetic": {"count": 60}}}');
    const { evaluation } = await evaluate(["--split", "val"], cwd);
    expect(evaluation.int8!.count).toBeGreaterThan(4);
    expect(evaluation.data.name).toMatch(/, val$/);
    expect(evaluation.notes.join()).toContain("chosen on these validation pictures");
  });

  it.each<[string, readonly string[], string]>([
    ["a prior of 0", ["--prior", "0"], "the prior must lie between 0 and 1"],
    ["a prior of 1.5", ["--prior", "1.5"], "the prior must lie between 0 and 1"],
    ["a prior in words", ["--prior", "half"], "--prior takes a number"],
    ["a threshold of 1", ["--threshold", "1"], "the threshold must lie between 0 and 1"],
    ["a negative threshold", ["--threshold=-0.2"], "the threshold must lie between 0 and 1"],
    ["a burst without a camera", ["--burst", "3"], "differ only in what a camera does"],
    ["too large a burst", ["--burst", "99", "--degrade", "mild"], "whole number from 1 to 8"],
    ["an unknown level", ["--degrade", "awful"], "Allowed choices are mild, medium, hard, all"],
    ["an unknown range", ["--range", "0..2"], "Allowed choices are 0..1"],
    ["a split nobody gave", ["--split", "test"], "nothing says which of the pictures are in which split"],
    ["a label map for nothing", ["--map", "dark=grey=black"], "not FROM=TO"],
    ["labels unknown to the model", ["--labels", "day,night", "--positive", "day"], "the model does not know"],
    ["a positive label it has not", ["--positive", "smile"], "is none of the model's"],
    ["an empty label name", ["--labels", "dark,"], "--labels has an empty name"],
    ["a page where a folder is", ["--html", "."], "a file cannot be written here"],
  ])("refuses %s with exit code 2 and what to do", async (_, args, message) => {
    const names = args.includes("--labels") || args.includes("--positive") ? [] : LIGHTS;
    const result = await smilec(["eval", "--data", data, "--model", model, ...names, ...args], { cwd: folder() });
    expectRefusal(result, message);
  });

  it.each<[string, () => Promise<readonly string[]>, string]>([
    ["neither pictures nor a project", async () => [], "there is no smilec.config.json here"],
    ["a missing folder", async () => ["--data", "nowhere"], "there is nothing to import"],
    ["an empty folder", async () => ["--data", folder()], "the folder is empty"],
    ["a missing model", async () => ["--data", data, "--model", "none.tflite"], "there is no such file"],
    ["something that is no model", async () => ["--data", data, "--model", await textFile()], ""],
    ["a folder without a model", async () => ["--data", data, "--model", folder()], "holds no float model"],
    [
      "pictures none of which can be read",
      async () => ["--data", await brokenPictures()],
      "none of the pictures can be used",
    ],
    [
      "labels that nobody mapped",
      async () => ["--data", data],
      "the pictures have labels that the model does not know",
    ],
    [
      "a layout without --data",
      async () => ["--layout", "folders"],
      "--layout and --map are for pictures given with --data",
    ],
  ])("refuses %s with exit code 2 and what to do", async (_, args, message) => {
    expectRefusal(await smilec(["eval", ...(await args())], { cwd: folder() }), message);
  });
});

function expectRefusal(
  result: { exitCode: number | undefined; stdout: string; stderr: string },
  message: string,
): void {
  expect(result.stderr).toContain(message);
  expect(result.exitCode).toBe(2);
  expect(result.stdout).toBe("");
  expect(result.stderr).not.toMatch(/^\s+at .*\(?file:|node:internal|dist\//m);
}

async function textFile(): Promise<string> {
  const path = join(folder(), "model.tflite");
  writeFileSync(path, "this is not a flatbuffer at all, only some text of a length");
  return path;
}

async function brokenPictures(): Promise<string> {
  const root = folder();
  put(root, "smile/1.jpg", "no");
  put(root, "neutral/2.jpg", "neither");
  return root;
}

describe("smilec data degrade", () => {
  it("writes pictures that evaluate as the same level does, a manifest and a contact sheet", async () => {
    const data = await lights(24);
    const out = join(folder(), "degraded");
    const made = await smilec(["data", "degrade", data, "--out", out, "--level", "hard", "--json"], { cwd: folder() });
    expect(made.exitCode).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ count: 24, level: "hard", version: 1, rejected: [] });
    expect(readdirSync(join(out, "pictures"))).toHaveLength(24);
    expect((await sharp(join(out, "contact-sheet.png")).metadata()).width).toBe(8 * 98);
    const model = lightsModel();
    const quality = async (args: readonly string[]) => {
      const result = await smilec(["eval", "--json", "--model", model, ...LIGHTS, ...args], { cwd: folder() });
      return JSON.parse(result.stdout) as Result;
    };
    const direct = (await quality(["--data", data, "--degrade", "hard"])).views[0].int8!;
    const files = (await quality(["--data", out])).int8!;
    expect(files.quality).toEqual(direct.quality);
    expect(files.operating).toEqual(direct.operating);
  });

  it("never writes into a folder that holds something, and leaves nothing half-done", async () => {
    const data = await lights(4);
    const out = folder();
    writeFileSync(join(out, "precious.txt"), "mine");
    const refused = await smilec(["data", "degrade", data, "--out", out], { cwd: folder() });
    expectRefusal(refused, "the folder is not empty");
    expect(readdirSync(out)).toEqual(["precious.txt"]);
    const parent = folder();
    const broken = await brokenPictures();
    expectRefusal(
      await smilec(["data", "degrade", broken, "--out", join(parent, "new")], { cwd: folder() }),
      "none of the pictures can be used",
    );
    expect(readdirSync(parent)).toEqual([]);
    mkdirSync(join(parent, "empty"));
    const filled = await smilec(["data", "degrade", data, "--out", join(parent, "empty"), "--quiet"], {
      cwd: folder(),
    });
    expect(filled.exitCode).toBe(0);
    expect(existsSync(join(parent, "empty", "manifest.jsonl"))).toBe(true);
  });
});
