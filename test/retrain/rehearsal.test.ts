/** The loop closed: a coin bot in a badly lit office, its captures judged, trained on, and shipped because the office's held-out people are judged better. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { syntheticImport } from "#smilec/data/synthetic/import.js";
import { drawnCrop, PICTURES_PER_PERSON } from "#smilec/data/synthetic/people.js";
import { deployedModel } from "#smilec/pipeline/deploy.js";
import { openProject } from "#smilec/pipeline/project.js";
import { obtainReport } from "#smilec/pipeline/report.js";
import { obtainCaptureParts } from "#smilec/pipeline/report-captures.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { obtainTrainedModel } from "#smilec/pipeline/trained-model.js";
import { capturedSet } from "#smilec/retrain/captured.js";
import type { RetrainResult } from "#smilec/retrain/result.js";
import type { SkewReport } from "#smilec/skew/types.js";
import { smilec } from "../support/cli.js";
import { officeBot, type Visit, workDays } from "../support/office.js";
import { Random } from "../support/random.js";
import { temporaryFolders } from "../support/temporary-folder.js";

// A minute on a machine of its own.
jest.setTimeout(600_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };

const SIDE = 64;
const DAYS = 30;
const VISITS = 32;
const CONFIG = {
  name: "office-bot",
  input: { size: 24 },
  train: {
    architecture: "tiny",
    epochs: 10,
    batchSize: 32,
    learningRate: 0.01,
    backend: "wasm",
    threads: 1,
    augment: NO_AUGMENTATION,
  },
  quantize: { calibration: 64, finetuneEpochs: 1 },
  retrain: { epochs: 8, learningRate: 0.005, margin: 0.15 },
};

/** Dark on one side, little contrast, noise: nothing of it is in the base data. */
function inTheOffice(pixels: Uint8Array, random: Random): Uint8Array {
  const [floor, contrast] = [random.real(20, 60), random.real(0.08, 0.2)];
  return Uint8Array.from(pixels, (value, i) => {
    const x = i % SIDE;
    return Math.max(0, Math.min(255, floor + 1.6 * x + contrast * value + random.real(-14, 14)));
  });
}

/** Every day other people come. */
function officeDays(): Visit[][] {
  const random = new Random(5);
  return Array.from({ length: DAYS }, (_, day) =>
    Array.from({ length: VISITS }, (__, visit) => {
      const { image, label } = drawnCrop(77, day * VISITS + visit, SIDE);
      return { label, image: { ...image, pixels: inTheOffice(image.pixels, random) } };
    }),
  );
}

let cwd = "";
let captures = "";
const write = (changes: object) =>
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ ...CONFIG, ...changes }));
const inService = () => readFileSync(join(cwd, "models", "model.tflite"));

beforeAll(async () => {
  expect(VISITS % PICTURES_PER_PERSON).toBe(0);
  cwd = folder();
  captures = join(cwd, "captures");
  write({});
  await syntheticImport({ count: 800, seed: 4, into: join(cwd, "data"), context });
  await obtainTrainedModel(await openProject(cwd), context);
  const bot = await officeBot(SIDE, { burst: 1, config: { INPUT_SIZE: "24" } });
  try {
    await workDays(bot, officeDays(), captures);
  } finally {
    await bot.dispose();
  }
});

describe("judged captures", () => {
  it("stay in their split, whole days and presses together, whatever else is captured", async () => {
    const { config } = await openProject(cwd);
    const catalogue = Catalogue.open(captures);
    const { pictures } = capturedSet(catalogue, config);
    const some = capturedSet(catalogue, config).pictures.filter((_, i) => i % 7 === 0);
    catalogue.close();
    expect(pictures).toHaveLength(DAYS * VISITS);
    const splits = new Map<string, Set<string>>();
    for (const { group, press, split } of pictures) {
      for (const name of [group, press]) splits.set(name, (splits.get(name) ?? new Set()).add(split));
    }
    expect([...splits.values()].every(({ size }) => size === 1)).toBe(true);
    const used = new Set(pictures.map(({ split }) => split));
    expect([used.has("train"), used.has("test")]).toEqual([true, true]);
    for (const { capture, split } of some) expect(pictures.find((one) => one.capture === capture)!.split).toBe(split);
  });

  it("need no model: a coin decided, so that they hold none's outputs", () => {
    const catalogue = Catalogue.open(captures);
    const outputs = [...catalogue.captures()].map(({ metadata }) => [metadata.engine, metadata.outputs.length]);
    catalogue.close();
    expect(new Set(outputs.map(String))).toEqual(new Set(["coin,0"]));
  });

  it("all replay exactly, though a coin decided", async () => {
    const { exitCode, stdout } = await smilec(["replay"], { cwd });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`all ${DAYS * VISITS} replayed are equal`)]);
  });
});

describe("smilec skew", () => {
  it("says how the office differs from the base pictures", async () => {
    const { exitCode, stdout } = await smilec(["--json", "skew"], { cwd });
    const { auc, causes, consistency } = JSON.parse(stdout) as SkewReport;
    expect([exitCode, consistency.equal]).toEqual([0, DAYS * VISITS]);
    expect(auc.low).toBeGreaterThan(0.95);
    const features = causes.map(({ feature }) => feature);
    for (const feature of ["contrast", "noise", "sideStops"]) expect(features).toContain(feature);
  });
});

describe("smilec retrain", () => {
  it("leaves everything as it was when the new model is not good enough, and says why", async () => {
    const before = inService();
    write({ retrain: { ...CONFIG.retrain, epochs: 1, learningRate: 1e-8, captureWeight: 0.01 } });
    const { exitCode, stdout, stderr } = await smilec(["--json", "retrain"], { cwd });
    expect([exitCode, JSON.parse(stdout).ships]).toEqual([1, false]);
    expect(stderr).toContain("does not replace the one in service");
    expect(stderr).toMatch(/on held-out captures changes by .*: not surely better/);
    expect(inService()).toEqual(before);
  });

  it("is better on people it has never seen, starts from the model in service, and ships", async () => {
    write({});
    const before = inService();
    const { exitCode, stdout, stderr } = await smilec(["--json", "retrain"], { cwd });
    expect([exitCode, stderr.includes("starts anew")]).toEqual([0, false]);
    const result = JSON.parse(stdout) as RetrainResult;
    expect(result).toMatchObject({ ships: true, warm: true });
    const onCaptures = result.captures!;
    expect(result.splits.heldOut.presses).toBe(onCaptures.count);
    expect(onCaptures.change.averagePrecision.low).toBeGreaterThan(0);
    expect(onCaptures.after.quality.recallAt70.value).toBeGreaterThan(
      onCaptures.before.quality.recallAt70.value! + 0.1,
    );
    expect(result.base.change.averagePrecision.low).toBeGreaterThanOrEqual(-0.15);
    expect(inService()).not.toEqual(before);
  });

  it("keeps its model in service through builds and reports, until the base changes", async () => {
    const retrained = inService();
    const project = await openProject(cwd);
    await deployedModel(project, context);
    const { quantized } = await obtainTrainedModel(project, context);
    expect(inService()).toEqual(retrained);
    expect(readFileSync(join(quantized.dir, "model.tflite"))).toEqual(retrained);
    const parts = await obtainCaptureParts(project, undefined, context);
    const { file, facts } = await obtainReport(project, { captures: parts! }, context);
    const html = readFileSync(file, "utf8");
    const section = html.match(/<section id="retraining"[\s\S]*?<\/section>/)![0];
    expect(html.match(/<section id="replay"[\s\S]*?<\/section>/)![0]).toContain("Every capture replays exactly");
    expect(facts.labels).toMatchObject({ captures: DAYS * VISITS, unjudged: 0, disputed: 0 });
    expect(facts.skew!.auc.low).toBeGreaterThan(0.95);
    expect(facts.missing.map(({ what }) => what)).not.toContain("Training and serving");
    expect(facts.checks).toContainEqual(expect.objectContaining({ name: "replay", state: "pass" }));
    expect(section).toContain("The new model is in service.");
    expect(section).toMatch(/held-out captures[\s\S]*class="better"/);
    write({ train: { ...CONFIG.train, seed: 2, epochs: 2 } });
    const { stderr } = await smilec(["quantize"], { cwd });
    expect(stderr).toContain("this model replaces the retrained one");
    expect(inService()).not.toEqual(retrained);
  });

  it("says what is missing with too few held-out presses", async () => {
    write({ retrain: { fewest: 1000 } });
    const few = await smilec(["retrain"], { cwd });
    expect([few.exitCode, few.stderr]).toEqual([2, expect.stringContaining("1000 of each are needed")]);
  });
});
