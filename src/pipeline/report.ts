/** Stage "report": what the finished stages know, as one HTML page. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PictureReader } from "../data/catalogue.js";
import { faceSquare } from "../data/framing.js";
import { crop } from "../data/reduce.js";
import { type DataStats, dataStats } from "../data/stats.js";
import type { GrayImage } from "../data/types.js";
import { compareQuality } from "../evaluate/evaluation.js";
import { toolVersion } from "../files/package-root.js";
import { writeFileIfChanged } from "../files/write.js";
import { graphMacs, operatorConstantBytes, operatorMacs, weightBytes } from "../graph/cost.js";
import { preprocess } from "../preprocess/preprocess.js";
import { plainPercent } from "../report/format.js";
import { renderReport } from "../report/render.js";
import type {
  ComparisonSection,
  DataSection,
  EvaluationSection,
  FirmwareSection,
  ModelSection,
  QuantizationSection,
  ReportInput,
  RetrainingSection,
  SimulationSection,
  TrainingSection,
} from "../report/types.js";
import { type Evaluated, storedMistakes, storedScores } from "./evaluate.js";
import type { Firmware } from "./firmware.js";
import type { Model } from "./model.js";
import type { PictureSet } from "./pictures.js";
import { type Project, retrainingFile } from "./project.js";
import type { Quantized } from "./quantize.js";
import type { StageContext } from "./reporter.js";
import { GALLERY_FILE, type Simulated } from "./simulation.js";
import type { Trained } from "./train.js";

/** Whatever there is; every part is optional. */
export interface ReportParts {
  readonly pictures?: PictureSet;
  readonly trained?: Trained;
  readonly quantized?: Quantized;
  readonly evaluated?: Evaluated;
  /** Another model on the same test pictures, to be shown side by side. */
  readonly compared?: ComparedModel;
  readonly model?: Model;
  readonly firmware?: readonly Firmware[];
  readonly simulated?: Simulated;
}

export interface ComparedModel {
  /** As a reader knows it: "without augmentation". */
  readonly name: string;
  readonly evaluated: Evaluated;
}

/** Sample pictures per label. */
const SAMPLES = 24;

/** Writes `report/index.html`; an equal page is made once. Returns its path. */
export async function obtainReport(
  project: Project,
  parts: ReportParts,
  context: StageContext,
): Promise<{ file: string; cached: boolean }> {
  const { pictures, trained, quantized, evaluated, compared, model, firmware = [], simulated } = parts;
  const retraining = await lastRetraining(project);
  const artifact = await project.store.obtain({
    stage: "report",
    revision: 3,
    options: {
      name: project.config.name,
      engine: project.config.engine,
      sizes: firmware.map(({ target, build }) => [target, build.sizes]),
      compared: compared?.name ?? null,
    },
    inputs: [
      pictures?.catalogue.hash,
      trained?.key,
      quantized?.key,
      evaluated?.key,
      compared?.evaluated.key,
      model?.sha256,
      simulated?.key,
      ...(retraining === undefined ? [] : [retraining]),
    ].map((key) => key ?? "-"),
    produce: async (dir) => {
      context.reporter.stage("report", "one HTML page");
      const html = await renderReport(await reportInput(project, parts, retraining));
      await writeFileIfChanged(join(dir, "index.html"), html);
      return {};
    },
  });
  await writeFileIfChanged(project.reportFile, await readFile(join(artifact.dir, "index.html")));
  return { file: project.reportFile, cached: artifact.cached };
}

/** As `smilec retrain` wrote it; undefined when there is none, or none that can be read. */
async function lastRetraining(project: Project): Promise<string | undefined> {
  const text = await readFile(retrainingFile(project), "utf8").catch(() => undefined);
  try {
    return text === undefined ? undefined : JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function reportInput(project: Project, parts: ReportParts, retraining: string | undefined): Promise<ReportInput> {
  const { pictures, trained, quantized, evaluated, compared, model, firmware = [], simulated } = parts;
  const sections = {
    data: pictures && dataSection(pictures),
    training: trained && trainingSection(trained),
    quantization: quantized && quantizationSection(quantized),
    evaluation: evaluated && (await evaluationSection(evaluated)),
    comparison: evaluated && compared && (await comparisonSection(evaluated, compared)),
    retraining: retraining === undefined ? undefined : (JSON.parse(retraining) as RetrainingSection),
    model: model && modelSection(model, firmware),
    firmware: firmware[0] && firmwareSection(project, firmware[0]),
    simulation: simulated && model && (await simulationSection(simulated, model)),
  };
  const present = Object.fromEntries(Object.entries(sections).filter(([, section]) => section !== undefined));
  return { title: project.config.name, toolVersion, summary: summary(parts), ...present };
}

function summary(parts: ReportParts): ReportInput["summary"] {
  const { pictures, evaluated, quantized, model, simulated } = parts;
  const int8 = evaluated?.meta.evaluation.int8;
  const medium = evaluated?.meta.evaluation.views.find(({ name }) => name === "medium")?.int8;
  const tiles: (readonly [string, string] | undefined)[] = [
    pictures && ["pictures", String(pictures.catalogue.records.length)],
    int8 && ["accuracy, int8, test", plainPercent(int8.quality.accuracy.value)],
    int8 && ["recall at 70 % precision", plainPercent(int8.quality.recallAt70.value)],
    medium && ["the same, production-like", plainPercent(medium.quality.recallAt70.value)],
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

async function evaluationSection(evaluated: Evaluated): Promise<EvaluationSection> {
  const { evaluation } = evaluated.meta;
  return { pictures: "test pictures", evaluation, mistakes: await storedMistakes(evaluated) };
}

/** The other model first: it is what was there before. */
async function comparisonSection(evaluated: Evaluated, compared: ComparedModel): Promise<ComparisonSection> {
  const [before, after] = await Promise.all([storedScores(compared.evaluated), storedScores(evaluated)]);
  return {
    title: "What augmentation bought",
    pictures: "test pictures",
    runs: [
      { name: compared.name, evaluation: compared.evaluated.meta.evaluation },
      { name: "this model", evaluation: evaluated.meta.evaluation },
    ],
    changes: before.map((scored, view) => compareQuality(scored, after[view], {})),
  };
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
