/** The evaluation of a project's own model: once on the test split, float and int8, and beside another model. */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { openPacked } from "#smilec/data/packed.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { compareQuality } from "#smilec/evaluate/evaluation.js";
import { outputLogits, scoreGraph } from "#smilec/graph/score.js";
import { obtainWithoutAugmentation } from "#smilec/pipeline/ablation.js";
import { obtainEvaluation, obtainFileEvaluation, storedMistakes, storedScores } from "#smilec/pipeline/evaluate.js";
import { readModel } from "#smilec/pipeline/model.js";
import { openProject, type Project } from "#smilec/pipeline/project.js";
import { obtainReport } from "#smilec/pipeline/report.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { obtainTrainedModel, type TrainedModel } from "#smilec/pipeline/trained-model.js";
import { logitQuality, networkInputs } from "#smilec/train/evaluate.js";
import { brightnessModel } from "../support/brightness-model.js";
import { smilec } from "../support/cli.js";
import { findAll, parseHtml, withClass } from "../support/html.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(300_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };

const CONFIG = {
  name: "eval-bot",
  input: { size: 24 },
  data: { synthetic: { count: 240, seed: 4 } },
  train: { architecture: "tiny", epochs: 6, batchSize: 16, learningRate: 0.01, backend: "wasm", threads: 1 },
  quantize: { calibration: 32 },
  decision: { burst: 2 },
};

function newProject(overrides: object = {}): Promise<Project> {
  const dir = folder();
  writeFileSync(join(dir, "smilec.config.json"), JSON.stringify({ ...CONFIG, ...overrides }));
  return openProject(dir);
}

describe("the evaluation of a project", () => {
  let project: Project;
  let model: TrainedModel;
  let before: string;

  beforeAll(async () => {
    project = await newProject();
    model = await obtainTrainedModel(project, context);
    const other = await newProject({ train: { ...CONFIG.train, epochs: 1 } });
    await obtainTrainedModel(other, context);
    before = join(folder(), "before.tflite");
    copyFileSync(other.modelFile, before);
  });
  const evaluated = () => obtainEvaluation(project, model.pictures, model.trained, model.quantized, context);

  it("judges float and int8 on the same test pictures, at the threshold chosen on validation", async () => {
    const { evaluation } = (await evaluated()).meta;
    const { float, int8, threshold } = evaluation;
    expect([float!.count, int8!.count]).toEqual([40, 40]);
    const own = await readModel(project.modelFile, "trained");
    expect(threshold).toMatchObject({ from: "model", margin: own.description.thresholdMargin });
    // The packed split, the way quantization reads its pictures.
    const test = openPacked(model.exact.dir, "test");
    const outputs = scoreGraph(own.graph, networkInputs(test, project.config.input), test.count, "", context);
    const { accuracy } = logitQuality(outputLogits(outputs), test.labels);
    test.close();
    expect(int8!.quality.accuracy.value).toBeCloseTo(accuracy, 12);
    expect(evaluation.int8Change!.accuracy.value).toBeCloseTo(
      int8!.quality.accuracy.value! - float!.quality.accuracy.value!,
      12,
    );
    expect(evaluation.views.map(({ name, captures }) => `${name} ${captures}`)).toEqual(
      ["dark 1", "backlit 1", "blurred 1", "noisy 1", "loose crop 1", "tight crop 1", "rotated 1"].concat([
        "mild 2",
        "medium 2",
        "hard 2",
      ]),
    );
    expect(int8!.grouped).toBe(true);
  });

  it("reads the test split once: what was measured is kept", async () => {
    const first = await evaluated();
    const { dir } = model.pictures.catalogue.imports[0];
    const archive = join(dir, "pictures.tar");
    renameSync(archive, `${archive}.away`);
    try {
      const again = await evaluated();
      expect(again.meta).toEqual(first.meta);
      await expect(obtainFileEvaluation(project, model.pictures, before, context)).rejects.toThrow("cannot be read");
    } finally {
      renameSync(`${archive}.away`, archive);
    }
  });

  it("keeps scores and mistakes with their pictures", async () => {
    const artifact = await evaluated();
    const scores = await storedScores(artifact);
    expect(scores).toHaveLength(11);
    expect(scores.every((one) => one.scores.length === 40)).toBe(true);
    const mistakes = await storedMistakes(artifact);
    const { falseNegatives, falsePositives } = artifact.meta.evaluation.int8!.operating.confusion;
    expect(mistakes).toHaveLength(Math.min(16, falseNegatives) + Math.min(16, falsePositives));
    for (const { grey, size } of mistakes) expect([grey.length, size]).toEqual([24 * 24, 24]);
  });

  it("stands beside another model in the report", async () => {
    const [after, other] = [await evaluated(), await obtainFileEvaluation(project, model.pictures, before, context)];
    const [a, b] = [await storedScores(other), await storedScores(after)];
    const change = compareQuality(a[0], b[0], {}).averagePrecision;
    const { pictures, trained, quantized } = model;
    const compared = { name: "one epoch", evaluated: other };
    const { file } = await obtainReport(project, { pictures, trained, quantized, evaluated: after, compared }, context);
    const page = parseHtml(readFileSync(file, "utf8"));
    const section = findAll(page, ({ attributes }) => attributes.get("id") === "comparison")[0];
    expect(section.text).toContain("one epoch");
    expect(section.text).toContain((100 * change.value!).toFixed(1).replace("-", "\u2212"));
    expect(withClass(section, "cell-bar")).toHaveLength(11);
    expect(findAll(page, ({ attributes }) => attributes.get("id") === "conditions")).toHaveLength(1);
  });

  it("shows what augmentation bought, and leaves the project's model as it is", async () => {
    const own = readFileSync(project.modelFile);
    const compared = await obtainWithoutAugmentation(project, context);
    expect(readFileSync(project.modelFile).equals(own)).toBe(true);
    const { evaluation } = compared.evaluated.meta;
    const after = (await evaluated()).meta.evaluation;
    expect(evaluation.model.sha256).not.toBe(after.model.sha256);
    expect(evaluation.views.map(({ name }) => name)).toEqual(after.views.map(({ name }) => name));
    const result = await smilec(["report", "--without-augmentation", "--compare", "a=b"], { cwd: project.dir });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("--without-augmentation");
  });

  it("evaluates its model and its pictures without being told which", async () => {
    const result = await smilec(["eval", "--json"], { cwd: project.dir });
    const { int8, float } = JSON.parse(result.stdout);
    const kept = (await evaluated()).meta.evaluation;
    expect(int8.quality).toEqual(kept.int8!.quality);
    expect(float.quality).toEqual(kept.float!.quality);
    const alone = await smilec(["eval", "--json", "--model", model.trained.dir], { cwd: project.dir });
    expect(JSON.parse(alone.stdout).float.quality).toEqual(kept.float!.quality);
    expect(JSON.parse(alone.stdout).int8).toBeUndefined();
  });

  it.each<[string, () => string, string]>([
    ["a comparison without a name", () => before, "takes a name and a file"],
    ["a comparison with a missing file", () => "old=none.tflite", "there is no such file"],
    ["a comparison with a model of other labels", () => `lamp=${lamp()}`, "tells 3 labels apart"],
  ])("refuses %s", async (_, argument, message) => {
    const result = await smilec(["report", "--compare", argument()], { cwd: project.dir });
    expect(result.stderr).toContain(message);
    expect(result.exitCode).toBe(2);
  });

  it("has nothing to compare before a model was trained", async () => {
    const { dir } = await newProject();
    const result = await smilec(["report", "--compare", `old=${before}`], { cwd: dir });
    expect(result.stderr).toContain("no model of its own to compare");
    expect(result.exitCode).toBe(2);
  });
});

/** A model of three labels. */
function lamp(): string {
  const graph = brightnessModel();
  const tensors = graph.tensors.map((tensor) => {
    if (tensor.name === "weights") return { ...tensor, shape: [3, 1], data: Int8Array.of(-50, 50, 20) };
    if (tensor.name === "bias") return { ...tensor, shape: [3], data: Int32Array.of(1, 2, 3) };
    return tensor.name === "logits" ? { ...tensor, shape: [1, 3] } : tensor;
  });
  const path = join(folder(), "lamp.tflite");
  writeFileSync(path, writeTflite({ ...graph, tensors }));
  return path;
}
