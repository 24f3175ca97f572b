/** Retraining before anybody has judged a capture: base pictures alone, changed as production is thought to be, and no claim beyond that. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { openProject } from "#smilec/pipeline/project.js";
import { obtainReport } from "#smilec/pipeline/report.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { obtainTrainedModel } from "#smilec/pipeline/trained-model.js";
import type { RetrainResult } from "#smilec/retrain/result.js";
import { syntheticSkew } from "#smilec/retrain/without-captures.js";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

// Half a minute on a machine of its own.
jest.setTimeout(600_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };

const CONFIG = {
  name: "first-bot",
  input: { size: 32 },
  data: { synthetic: { count: 1600, seed: 4 } },
  train: {
    architecture: "tiny",
    epochs: 10,
    batchSize: 32,
    learningRate: 0.01,
    backend: "wasm",
    threads: 1,
    augment: { ...NO_AUGMENTATION, flip: true },
  },
  quantize: { calibration: 64, finetuneEpochs: 1 },
  retrain: { epochs: 16, learningRate: 0.006 },
};

let cwd = "";
const write = (changes: object) =>
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ ...CONFIG, ...changes }));
const inService = () => readFileSync(join(cwd, "models", "model.tflite"));

beforeAll(async () => {
  cwd = folder();
  write({});
  await obtainTrainedModel(await openProject(cwd), context);
});

describe("smilec retrain without captures", () => {
  it("keeps what is in service when the new model is not surely better on degraded pictures", async () => {
    write({ retrain: { epochs: 1, learningRate: 1e-8 } });
    const before = inService();
    const { exitCode, stdout, stderr } = await smilec(["retrain"], { cwd });
    expect([exitCode, inService().equals(before)]).toEqual([1, true]);
    expect(stderr).toContain("no production picture is trained on: there are no judged captures");
    expect(stderr).toMatch(/on degraded validation pictures changes by .*: not surely better/);
    expect(stdout).toContain("from the weights in service: NO PRODUCTION PICTURE WAS SEEN");
  });

  it("ships what is better there and as good on the base test, and claims nothing about production", async () => {
    write({});
    const before = inService();
    const { exitCode, stdout } = await smilec(["--json", "retrain"], { cwd });
    const result = JSON.parse(stdout) as RetrainResult;
    expect([exitCode, result.ships, result.warm]).toEqual([0, true, true]);
    expect(result.captures).toBeUndefined();
    expect(result.splits.train.captures + result.splits.heldOut.captures).toBe(0);
    // Persons of the validation split, of whom eight pictures each are drawn.
    expect(result.degraded!.count).toBe(8 * result.degraded!.groups);
    expect(result.degraded!.change.averagePrecision.low).toBeGreaterThan(0);
    expect(result.base.change.averagePrecision.low).toBeGreaterThan(-0.02);
    expect(inService().equals(before)).toBe(false);
    const { file } = await obtainReport(await openProject(cwd), {}, context);
    const section = readFileSync(file, "utf8").match(/<section id="retraining"[\s\S]*?<\/section>/)![0];
    expect(section).toContain("<strong>No production picture was seen</strong>");
    expect(section).toContain("degraded validation");
    expect(section).not.toContain("held-out captures");
  });

  it("has nothing to do in a project with neither captures nor pictures nor a model of its own", async () => {
    const empty = folder();
    writeFileSync(join(empty, "smilec.config.json"), "{}");
    const { exitCode, stderr } = await smilec(["retrain"], { cwd: empty });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("smilec pull-captures")]);
  });
});

describe("the strengths that stand for production", () => {
  const skewOf = async (augment: object) => {
    write({ train: { ...CONFIG.train, augment } });
    const project = await openProject(cwd);
    return syntheticSkew(project, { catalogue: undefined as never, synthetic: true }, undefined, context);
  };

  it("are the configured ones", async () => {
    const { augment, skew } = await skewOf({ ...NO_AUGMENTATION, exposure: 3 });
    expect(skew).toEqual({ origin: "configuration", changes: [] });
    expect(augment).toEqual({ ...NO_AUGMENTATION, exposure: 3 });
  });

  it("are smilec's own where the configuration has none, with faces where the configuration has them", async () => {
    const { augment, skew } = await skewOf({ ...NO_AUGMENTATION, flip: true, rotate: 5 });
    expect(skew.origin).toBe("default");
    expect(skew.changes.map(({ key }) => key)).toContain("noise");
    expect(augment).toMatchObject({ flip: true, rotate: 5, shift: 0, exposure: 1.2 });
    expect(augment.noise.probability).toBeGreaterThan(0.5);
  });
});
