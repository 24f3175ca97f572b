/** Stage "report": what the finished stages know, as one HTML page. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PictureReader } from "../data/catalogue.js";
import { faceSquare } from "../data/framing.js";
import { openPacked } from "../data/packed.js";
import { crop } from "../data/reduce.js";
import { type DataStats, dataStats } from "../data/stats.js";
import type { GrayImage } from "../data/types.js";
import { toolVersion } from "../files/package-root.js";
import { writeFileIfChanged } from "../files/write.js";
import { graphMacs, operatorConstantBytes, operatorMacs, weightBytes } from "../graph/cost.js";
import { preprocess } from "../preprocess/preprocess.js";
import { renderReport } from "../report/render.js";
import type {
  DataSection,
  EvaluationSection,
  FirmwareSection,
  ModelSection,
  QuantizationSection,
  ReportInput,
  SimulationSection,
  TrainingSection,
} from "../report/types.js";
import type { Evaluated } from "./evaluate.js";
import type { Firmware } from "./firmware.js";
import type { Model } from "./model.js";
import type { Packed, PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { Quantized } from "./quantize.js";
import type { StageContext } from "./reporter.js";
import { GALLERY_FILE, type Simulated } from "./simulation.js";
import type { Trained } from "./train.js";

/** Whatever there is; every part is optional. */
export interface ReportParts {
  readonly pictures?: PictureSet;
  readonly trained?: Trained;
  readonly quantized?: Quantized;
  readonly evaluated?: { readonly artifact: Evaluated; readonly exact: Packed };
  readonly model?: Model;
  readonly firmware?: readonly Firmware[];
  readonly simulated?: Simulated;
}

/** Sample pictures per label and mistakes shown. */
const SAMPLES = 24;
const MISTAKES = 24;

/** Writes `report/index.html`; an equal page is made once. Returns its path. */
export async function obtainReport(
  project: Project,
  parts: ReportParts,
  context: StageContext,
): Promise<{ file: string; cached: boolean }> {
  const { pictures, trained, quantized, evaluated, model, firmware = [], simulated } = parts;
  const artifact = await project.store.obtain({
    stage: "report",
    revision: 2,
    options: {
      name: project.config.name,
      engine: project.config.engine,
      sizes: firmware.map(({ target, build }) => [target, build.sizes]),
    },
    inputs: [
      pictures?.catalogue.hash,
      trained?.key,
      quantized?.key,
      evaluated?.artifact.key,
      model?.sha256,
      simulated?.key,
    ].map((key) => key ?? "-"),
    produce: async (dir) => {
      context.reporter.stage("report", "one HTML page");
      const html = await renderReport(await reportInput(project, parts));
      await writeFileIfChanged(join(dir, "index.html"), html);
      return {};
    },
  });
  await writeFileIfChanged(project.reportFile, await readFile(join(artifact.dir, "index.html")));
  return { file: project.reportFile, cached: artifact.cached };
}

async function reportInput(project: Project, parts: ReportParts): Promise<ReportInput> {
  const { pictures, trained, quantized, evaluated, model, firmware = [], simulated } = parts;
  const sections = {
    data: pictures && dataSection(pictures),
    training: trained && trainingSection(trained),
    quantization: quantized && quantizationSection(quantized),
    evaluation: evaluated && quantized && evaluationSection(project, evaluated, quantized),
    model: model && modelSection(model, firmware),
    firmware: firmware[0] && firmwareSection(project, firmware[0]),
    simulation: simulated && model && (await simulationSection(simulated, model)),
  };
  const present = Object.fromEntries(Object.entries(sections).filter(([, section]) => section !== undefined));
  return { title: project.config.name, toolVersion, summary: summary(parts), ...present };
}

function summary(parts: ReportParts): ReportInput["summary"] {
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const { pictures, evaluated, quantized, model, simulated } = parts;
  const tiles: (readonly [string, string] | undefined)[] = [
    pictures && ["pictures", String(pictures.catalogue.records.length)],
    evaluated && ["accuracy, int8, test", percent(evaluated.artifact.meta.int8.accuracy)],
    evaluated && ["recall at 70 % precision", percent(evaluated.artifact.meta.int8.recallAt70)],
    quantized && ["model", `${(quantized.meta.modelBytes / 1024).toFixed(1)} KiB`],
    model && ["work per picture", `${(graphMacs(model.graph) / 1e6).toFixed(2)} M MAC`],
    simulated?.meta.golden && ["values replayed", String(simulated.meta.golden.values)],
    simulated?.meta.golden && ["differences", String(simulated.meta.golden.differences.length)],
  ];
  return tiles.flatMap((tile) => (tile === undefined ? [] : [{ label: tile[0], value: tile[1] }]));
}

function dataSection({ catalogue, synthetic }: PictureSet): DataSection {
  const stats: DataStats = dataStats(catalogue);
  const rows = stats.groups.map(({ label, split, source, count, measures }) => ({
    label,
    split,
    source,
    count,
    brightness: measures.brightness.mean,
    contrast: measures.contrast.mean,
    sharpness: measures.sharpness.mean,
    noise: measures.noise.mean,
  }));
  const source = synthetic ? "drawn by smilec" : catalogue.imports.map(({ summary: { name } }) => name).join(", ");
  return { source, rows, samples: samplePictures(catalogue) };
}

/** Training pictures spread over each label's. */
function samplePictures(catalogue: PictureSet["catalogue"]): DataSection["samples"] {
  const reader = new PictureReader(catalogue.imports);
  try {
    const training = catalogue.records.filter(({ split }) => split === "train");
    const labels = [...new Set(training.map(({ label }) => label))].sort();
    return labels.flatMap((label) => {
      const own = training.filter((record) => record.label === label);
      const step = Math.max(1, Math.floor(own.length / SAMPLES));
      const chosen = own.filter((_, i) => i % step === 0).slice(0, SAMPLES);
      return chosen.map((record) => ({ label, picture: crop(reader.read(record), faceSquare(record, record.box)) }));
    });
  } finally {
    reader.close();
  }
}

function trainingSection({ meta }: Trained): TrainingSection {
  const history = meta.history.map(({ epoch, learningRate, loss, validationLoss, validationAccuracy }) => ({
    epoch,
    learningRate,
    trainLoss: loss,
    valLoss: validationLoss,
    valAccuracy: validationAccuracy,
  }));
  const { architecture, backend, parameters, macs, bestEpoch } = meta;
  return { architecture, backend, parameters, macs, bestEpoch, history };
}

function quantizationSection({ meta }: Quantized): QuantizationSection {
  return { split: "val", ...meta.validation, layers: meta.layers };
}

function evaluationSection(
  project: Project,
  evaluated: NonNullable<ReportParts["evaluated"]>,
  quantized: Quantized,
): EvaluationSection {
  const { artifact, exact } = evaluated;
  const { confusion, scores, curve, float, int8 } = artifact.meta;
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusion;
  const { threshold } = quantized.meta;
  const called = truePositives + falsePositives;
  const actual = truePositives + falseNegatives;
  return {
    split: "test",
    positive: project.config.positive,
    float,
    int8,
    curve,
    threshold: {
      probability: threshold.probability,
      margin: threshold.margin,
      precision: called === 0 ? Number.NaN : truePositives / called,
      recall: actual === 0 ? Number.NaN : truePositives / actual,
    },
    confusion: {
      truePositive: truePositives,
      falsePositive: falsePositives,
      trueNegative: trueNegatives,
      falseNegative: falseNegatives,
    },
    scores: scores.map(({ probability, isPositive }) => ({ probability, isPositive })),
    mistakes: worstMistakes(project, exact, scores, threshold.margin),
  };
}

/** Test pictures on the wrong side of the threshold, farthest first. */
function worstMistakes(
  project: Project,
  exact: Packed,
  scores: Evaluated["meta"]["scores"],
  threshold: number,
): EvaluationSection["mistakes"] {
  const test = openPacked(exact.dir, "test");
  try {
    const wrong = scores
      .map((score, index) => ({ ...score, index, distance: Math.abs(score.margin - threshold) }))
      .filter(({ margin, isPositive }) => margin >= threshold !== isPositive)
      .sort((a, b) => b.distance - a.distance || a.index - b.index)
      .slice(0, MISTAKES);
    return wrong.map(({ index, probability }) => {
      const picture: GrayImage = { width: test.size, height: test.size, pixels: new Uint8Array(test.size * test.size) };
      test.read([index], picture.pixels);
      return { picture, label: project.config.labels[test.labels[index]], probability };
    });
  } finally {
    test.close();
  }
}

function modelSection(model: Model, firmware: readonly Firmware[]): ModelSection {
  const { graph } = model;
  const emitted = firmware.find((one) => one.emitted !== undefined)?.emitted;
  return {
    hash: model.sha256.slice(0, 16),
    modelBytes: model.bytes.length,
    weightBytes: weightBytes(graph),
    arenaBytes: emitted?.arenaBytes ?? 0,
    operators: graph.operators.map((operator) => {
      const output = graph.tensors[operator.outputs[0]];
      const constants = operatorConstantBytes(graph, operator);
      return {
        name: output.name,
        kind: operator.kind,
        outputShape: output.shape,
        macs: operatorMacs(graph, operator),
        weightBytes: constants,
      };
    }),
    arena: emitted?.arena ?? [],
  };
}

function firmwareSection(project: Project, { target, build }: Firmware): FirmwareSection {
  const { sizes, limits } = build;
  const names = { flash: "flash", ram: "RAM", iram: "IRAM" } as const;
  const rows = (Object.keys(names) as (keyof typeof names)[]).map((key) => {
    const limit = limits[key];
    return { name: names[key], bytes: sizes[key], ...(limit === undefined ? {} : { limit }) };
  });
  return { target, engine: project.config.engine, sizes: rows.filter(({ bytes }) => bytes > 0) };
}

function countPresses(
  { meta: { presses } }: Simulated,
  { description }: Model,
): NonNullable<SimulationSection["totals"]> {
  const positive = description.labels[description.positive];
  const labelled = presses.filter(({ label }) => label !== undefined);
  const right = labelled.filter(({ label, smile }) => (label === positive) === smile).length;
  const green = presses.filter(({ smile }) => smile).length;
  return { presses: presses.length, green, right, wrong: labelled.length - right };
}

async function simulationSection(simulated: Simulated, model: Model): Promise<SimulationSection> {
  const { golden, gallery } = simulated.meta;
  const pixels = new Uint8Array(await readFile(join(simulated.dir, GALLERY_FILE)));
  const spec = model.description.preprocess;
  return {
    positive: model.description.labels[model.description.positive],
    captures: golden?.captures ?? 0,
    values: golden?.values ?? 0,
    differences: golden?.differences ?? [],
    totals: countPresses(simulated, model),
    presses: gallery.map(({ name, label, width, height, box, offset, probability, margin, smile }) => {
      const frame: GrayImage = { width, height, pixels: pixels.subarray(offset, offset + width * height) };
      const input = preprocess(frame, box, spec);
      const known = label === undefined ? {} : { label };
      return {
        name,
        ...known,
        frame,
        box,
        input,
        inputSize: spec.size,
        probability: probability ?? Number.NaN,
        margin,
        smile,
      };
    }),
  };
}
