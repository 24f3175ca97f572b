/** A report's input with every section filled, drawn from a seed: pictures, curves and figures as a real project has them. */
import type { GrayImage } from "#smilec/data/types.js";
import type { Interval } from "#smilec/evaluate/bootstrap.js";
import {
  compareQuality,
  evaluate,
  QUALITY_KEYS,
  type Quality,
  type Scored,
  summarize,
} from "#smilec/evaluate/evaluation.js";
import type { ModelEvaluation } from "#smilec/evaluate/run.js";
import { LIGHT_LIMIT_MS, pressToLight } from "#smilec/inspect/press-to-light.js";
import type {
  AugmentationSection,
  BoardSection,
  Check,
  ComparisonSection,
  EvaluationSection,
  LabelsSection,
  ModelSection,
  ReplaySection,
  ReportInput,
  RetrainingSection,
  SimulationSection,
} from "#smilec/report/types.js";
import { locatorResult } from "./locator-input.js";
import { Random } from "./random.js";
import { skewResult } from "./skew-input.js";

export interface ReportScale {
  readonly labels?: readonly string[];
  readonly presses?: number;
  readonly epochs?: number;
  readonly scores?: number;
}

/** A picture of noise: the least compressible there is. */
export function noise(width: number, height: number, random: Random): GrayImage {
  return { width, height, pixels: Uint8Array.from({ length: width * height }, () => random.integer(0, 255)) };
}

export function flat(width: number, height: number, grey: number): GrayImage {
  return { width, height, pixels: new Uint8Array(width * height).fill(grey) };
}

export function reportInput(scale: ReportScale = {}): Required<ReportInput> {
  const random = new Random(7);
  const labels = scale.labels ?? ["neutral", "smile"];
  const evaluation = evaluationSection(labels, scale.scores ?? 400, random);
  return {
    title: "Office smile bot",
    toolVersion: "0.1.0",
    summary: [
      { label: "test accuracy", value: "92.7 %" },
      { label: "model file", value: "96.1 KB" },
    ],
    checks: checks(labels[1]),
    data: dataSection(labels, random),
    augmentation: augmentationSection(),
    training: trainingSection(scale.epochs ?? 40),
    model: modelSection(),
    quantization: {
      split: "val",
      count: 1234,
      floatAccuracy: 0.9312,
      int8Accuracy: 0.9287,
      layers: Array.from({ length: 15 }, (_, i) => ({
        layer: `layer${i}`,
        signalToNoiseDb: 12.5 + 3 * i,
        saturated: 0.0125 / (i + 1),
      })),
    },
    evaluation,
    comparison: comparisonSection(evaluation, labels, new Random(8)),
    retraining: retrainingSection(evaluation, labels, new Random(9)),
    board: boardSection(),
    firmware: {
      target: "esp32cam",
      engine: "aot",
      sizes: [
        { name: "flash", bytes: 912_344, limit: 3_145_728 },
        { name: "RAM", bytes: 302_000, limit: 327_680 },
        { name: "PSRAM", bytes: 4_400_000, limit: 4_194_304 },
        { name: "kernels", bytes: 131_000 },
      ],
    },
    simulation: simulationSection(labels, scale.presses ?? 6, random),
    replay: replaySection(labels[1]),
    labels: labelsSection(labels),
    skew: skewResult(random),
    locators: locatorResult(new Random(11)),
    missing: [{ what: "Retraining", why: `Nothing of ${labels[1]} was retrained.`, command: "smilec retrain" }],
  };
}

function checks(name: string): Check[] {
  const check = (state: Check["state"], found: string, lines: readonly string[] = []) => ({
    name: `check-${state}`,
    state,
    asks: `what ${name} must do`,
    found,
    lines,
  });
  return [
    check("pass", "it does"),
    check("fail", `${name} does not`, [`captures/${name}: model: margin was 3 on the bot and is 4`]),
    check("skipped", "nobody knows"),
  ];
}

/** Flat pictures, which compress to nothing: the report's size is that of the others. */
function augmentationSection(): AugmentationSection {
  const cells = (size: number) =>
    Array.from({ length: 4 }, (_, i) => ({
      pixels: flat(size, size, 60 * i).pixels,
      size,
      label: i === 0 ? "" : `+${i}.0 stops`,
    }));
  return {
    pictures: "6 of 9,214 training pictures",
    together: [
      { title: "all of it, picture 1", cells: cells(64) },
      { title: "the network's input", cells: cells(48) },
    ],
    alone: [{ title: "exposure", cells: cells(64) }],
  };
}

function boardSection(): BoardSection {
  const board = { chip: "esp32", cpuHz: 240_000_000 } as const;
  const press = { board, burst: 3, debounceMs: 30, boxSize: 192, inputSize: 48, networkInstructions: 5_000_000 };
  const memory = (name: "flash" | "RAM" | "PSRAM", bytes: number, limit: number) => ({
    memory: name,
    bytes,
    certainBytes: bytes / 2,
    limit,
  });
  return {
    board: "esp32cam",
    engine: "aot",
    press: pressToLight(press),
    limitMs: LIGHT_LIMIT_MS,
    memory: [
      memory("flash", 500_000, 3_000_000),
      memory("RAM", 305_000, 327_680),
      memory("PSRAM", 5_000_000, 4_194_304),
    ],
  };
}

function replaySection(name: string): ReplaySection {
  return {
    captures: 1323,
    presses: 441,
    compared: 1320,
    equal: 1318,
    byStage: { preprocess: 2 },
    differences: [`2026-03-02/${name}.pgm: preprocess: input CRC was 1 on the bot and is 2`],
    damagedCount: 1,
    damaged: [`2026-03-02/${name}.pgm: the CRC is wrong`],
    missingModels: { "0123456789abcdef": 2 },
    thresholds: 3,
  };
}

function labelsSection(labels: readonly string[]): LabelsSection {
  return {
    captures: 1323,
    presses: 441,
    deleted: 4,
    labels: Object.fromEntries([...labels, "no-face", "grin"].map((label, i) => [label, 300 - 70 * i])),
    unknownLabels: ["grin"],
    unjudged: 200,
    disputed: 12,
    consent: { unknown: 1300, given: 20, refused: 3 },
    boxesCorrected: 41,
    agreement: { captures: 200, same: 188, kappa: 0.87 },
    pace: { judgements: 900, workMs: 1_500_000, perMinute: 36 },
  };
}

function dataSection(labels: readonly string[], random: Random) {
  const splits = ["train", "val", "test"] as const;
  const rows = labels.flatMap((label, i) =>
    splits.map((split, j) => ({
      label,
      split,
      source: "smiles",
      count: [4321, 543, 210][j] * (i + 1),
      brightness: 101.25 + i,
      contrast: 45.5 + j,
      sharpness: 9.75,
      noise: 2.25,
    })),
  );
  const samples = labels.flatMap((label) =>
    Array.from({ length: 6 }, () => ({ label, picture: noise(48, 48, random) })),
  );
  return { source: "a folder of faces", rows, samples };
}

function trainingSection(epochs: number) {
  const history = Array.from({ length: epochs }, (_, i) => ({
    epoch: i + 1,
    learningRate: 0.003 * (1 - i / epochs),
    trainLoss: 0.7 / (1 + i / 5),
    valLoss: 0.72 / (1 + i / 6),
    valAccuracy: 0.95 - 0.4 / (1 + i),
  }));
  return {
    architecture: "default",
    backend: "wasm",
    parameters: 77_202,
    macs: 1_700_352,
    bestEpoch: Math.max(1, epochs - 3),
    history,
  };
}

export function modelSection(): ModelSection {
  const operators = [
    { name: "stem", kind: "CONV_2D", outputShape: [1, 24, 24, 12], macs: 62_208, weightBytes: 156 },
    { name: "stage1/conv1", kind: "CONV_2D", outputShape: [1, 12, 12, 16], macs: 248_832, weightBytes: 1792 },
    { name: "pool", kind: "MEAN", outputShape: [1, 16], macs: 0, weightBytes: 0 },
    { name: "logits", kind: "FULLY_CONNECTED", outputShape: [1, 2], macs: 32, weightBytes: 40 },
  ];
  const arena = [
    { name: "input", offset: 6912, bytes: 2304, from: 0, to: 0 },
    { name: "stem", offset: 0, bytes: 6912, from: 0, to: 1 },
    { name: "stage1/conv1", offset: 6912, bytes: 2304, from: 1, to: 2 },
    { name: "pool", offset: 0, bytes: 16, from: 2, to: 3 },
    { name: "logits", offset: 16, bytes: 2, from: 3, to: 3 },
  ];
  return { hash: "9f2c4d1e88aa03b7", modelBytes: 98_412, weightBytes: 1988, arenaBytes: 9216, operators, arena };
}

/** Scores of pictures, every third positive. */
export function drawnScores(count: number, random: Random, shift = 2): Scored {
  const truth = Uint8Array.from({ length: count }, (_, i) => Number(i % 3 === 0));
  const scores = Float64Array.from(truth, (label) => shift * (2 * label - 1) - 5 * (random.unit() + random.unit() - 1));
  return {
    scores,
    truth,
    correct: Uint8Array.from(scores, (score, i) => Number(score > 0 === (truth[i] === 1))),
    groups: Uint32Array.from(scores.keys()),
  };
}

const RESAMPLING = { resamples: 40, seed: 1 };

/** A model's evaluation of scores, as a report gets it. */
export function modelEvaluation(
  labels: readonly string[],
  scored: Scored,
  views: readonly { readonly name: string; readonly scored: Scored; readonly captures: number }[] = [],
): ModelEvaluation {
  const threshold = Math.log(0.617 / (1 - 0.617));
  const options = { threshold, resampling: RESAMPLING };
  const whole = evaluate(scored, options);
  return {
    formatVersion: 1,
    model: {
      name: "int8",
      sha256: "9f2c4d1e88aa03b7",
      labels,
      positive: labels[1],
      inputSize: 48,
      assumptions: [],
    },
    data: { name: "smiles, test", labels: {}, rejected: 0, reasons: {} },
    threshold: { probability: 0.617, from: "model", margin: 11 },
    int8: whole,
    float: whole,
    int8Change: compareQuality(scored, scored, options),
    views: views.map((view) => ({
      name: view.name,
      kind: view.captures > 1 ? "level" : "condition",
      meaning: `${view.name} pictures`,
      captures: view.captures,
      int8: summarize(view.scored, options),
      change: compareQuality(scored, view.scored, options),
      ...(view.captures > 1 ? { single: summarize(view.scored, options) } : {}),
    })),
    notes: [],
  };
}

function evaluationSection(labels: readonly string[], count: number, random: Random): EvaluationSection {
  const scored = drawnScores(count, random);
  const views = [
    { name: "dark", scored: drawnScores(count, random, 1), captures: 1 },
    { name: "rotated", scored, captures: 1 },
    { name: "medium", scored: drawnScores(count, random, 0.5), captures: 3 },
  ];
  const evaluation = modelEvaluation(labels, scored, views);
  const at = (value: number): Interval => ({ value, low: value - 0.0123, high: value + 0.0045 });
  const quality = (values: readonly number[]) =>
    Object.fromEntries(QUALITY_KEYS.map((key, i) => [key, at(values[i])])) as unknown as Quality;
  const int8 = {
    ...evaluation.int8!,
    quality: quality([0.9287, 0.9424, 0.9636, 0.8571, 0.9775]),
    operating: {
      ...evaluation.int8!.operating,
      precision: at(0.8123),
      recall: at(0.7345),
      confusion: { truePositives: 601, falsePositives: 139, trueNegatives: 1597, falseNegatives: 217 },
    },
  };
  const float = { ...evaluation.float!, quality: quality([0.9312, 0.9451, 0.9673, 0.861, 0.9784]) };
  const mistakes = labels.slice(0, 2).map((label, i) => ({
    name: `${label}/IMG_${i}.jpg`,
    label,
    score: i === 0 ? 3.6 : -3.7,
    probability: i === 0 ? 0.9731 : 0.0246,
    grey: noise(64, 64, random).pixels,
    size: 64,
  }));
  return { pictures: "test pictures", evaluation: { ...evaluation, int8, float }, mistakes };
}

/** What augmentation bought: a worse and a better model. */
function comparisonSection(
  { evaluation }: EvaluationSection,
  labels: readonly string[],
  random: Random,
): ComparisonSection {
  const before = drawnScores(200, random, 0.7);
  const other = modelEvaluation(
    labels,
    before,
    evaluation.views.map(({ name, captures }) => ({ name, captures, scored: drawnScores(200, random, 0.3) })),
  );
  const change = compareQuality(before, drawnScores(200, random, 2.5), { resampling: RESAMPLING });
  return {
    title: "What augmentation bought",
    pictures: "test pictures",
    runs: [
      { name: labels[1] === "smile" ? "without augmentation" : labels[1], evaluation: other },
      { name: "this model", evaluation },
    ],
    changes: [change, ...evaluation.views.map(() => change)],
  };
}

function simulationSection(labels: readonly string[], presses: number, random: Random): SimulationSection {
  // A few frames serve all presses: no compressor of PNG looks back as far as from one row of a sheet to the next.
  const frames = Array.from({ length: 8 }, () => noise(320, 240, random));
  return {
    captures: presses,
    values: presses * 2421,
    differences: [],
    presses: Array.from({ length: presses }, (_, i) => ({
      name: `office/IMG_${1000 + i}.jpg`,
      ...(i % 3 === 2 ? {} : { label: labels[i % 2] }),
      frame: frames[i % frames.length],
      box: { x: 80, y: 60, width: 160, height: 120 },
      input: Int8Array.from({ length: 48 * 48 }, () => random.integer(-128, 127)),
      inputSize: 48,
      probability: (i % 10) / 10 + 0.015,
      margin: (i % 10) * 10 - 45,
      smile: i % 10 > 4,
      nobody: i % 10 === 0,
    })),
  };
}

function retrainingSection(
  { evaluation }: EvaluationSection,
  labels: readonly string[],
  random: Random,
): RetrainingSection {
  const [dull, sharp] = [drawnScores(200, random, 0.7), drawnScores(200, random, 2.5)];
  const measured = {
    count: 200,
    before: summarize(dull, { threshold: 0, resampling: RESAMPLING }),
    after: evaluation.int8!,
    change: compareQuality(dull, sharp, { resampling: RESAMPLING }),
  };
  const split = (captures: number) => ({ captures, presses: captures / 2, positives: captures / 4, groups: 3 });
  return {
    before: "0123456789abcdef",
    after: "fedcba9876543210",
    ships: true,
    reasons: ["average precision on held-out captures changes by +18.4 points (+8.1 to +25.0): better"],
    warm: true,
    captureWeight: 4,
    baseData: [labels[1] === "smile" ? "smiles" : labels[1]],
    splits: { train: split(640), val: split(160), heldOut: split(400) },
    captures: measured,
    base: measured,
  };
}
