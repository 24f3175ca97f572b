/** The sections of a report, each from what its stage knows. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exampleRows, variationRows } from "../augment/preview/sheet.js";
import { PictureReader } from "../data/catalogue.js";
import { faceSquare } from "../data/framing.js";
import { crop } from "../data/reduce.js";
import { type DataStats, dataStats } from "../data/stats.js";
import type { GrayImage } from "../data/types.js";
import { compareQuality } from "../evaluate/evaluation.js";
import { operatorConstantBytes, operatorMacs, weightBytes } from "../graph/cost.js";
import { LIGHT_LIMIT_MS } from "../inspect/press-to-light.js";
import { preprocess } from "../preprocess/preprocess.js";
import type {
  AugmentationSection,
  BoardSection,
  ComparisonSection,
  DataSection,
  EvaluationSection,
  FirmwareSection,
  ModelSection,
  QuantizationSection,
  SimulationSection,
  TrainingSection,
} from "../report/types.js";
import { previewPictures } from "./augmentation-preview.js";
import { type Evaluated, storedMistakes, storedScores } from "./evaluate.js";
import { costsOnBoard, type Firmware } from "./firmware.js";
import type { Model } from "./model.js";
import type { PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { Quantized } from "./quantize.js";
import type { ComparedModel } from "./report.js";
import { GALLERY_FILE, type Simulated } from "./simulation.js";
import type { Trained } from "./train.js";

/** Sample pictures per label. */
const SAMPLES = 24;

export function dataSection({ catalogue, synthetic }: PictureSet): DataSection {
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

export function trainingSection({ meta }: Trained): TrainingSection {
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

export function quantizationSection({ meta }: Quantized): QuantizationSection {
  return { split: "val", ...meta.validation, layers: meta.layers };
}

export async function evaluationSection(evaluated: Evaluated): Promise<EvaluationSection> {
  const { evaluation } = evaluated.meta;
  return { pictures: "test pictures", evaluation, mistakes: await storedMistakes(evaluated) };
}

/** The other model first: it is what was there before. */
export async function comparisonSection(evaluated: Evaluated, compared: ComparedModel): Promise<ComparisonSection> {
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

export function modelSection(model: Model, firmware: readonly Firmware[]): ModelSection {
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

export function firmwareSection(project: Project, { target, build }: Firmware): FirmwareSection {
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

export async function simulationSection(simulated: Simulated, model: Model): Promise<SimulationSection> {
  const { golden, gallery } = simulated.meta;
  const pixels = new Uint8Array(await readFile(join(simulated.dir, GALLERY_FILE)));
  const spec = model.description.preprocess;
  return {
    positive: model.description.labels[model.description.positive],
    captures: golden?.captures ?? 0,
    values: golden?.values ?? 0,
    differences: golden?.differences ?? [],
    totals: countPresses(simulated, model),
    presses: gallery.map(({ name, label, width, height, box, offset, probability, margin, smile, nobody }) => {
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
        nobody,
      };
    }),
  };
}

/** Pictures of a row. */
const STRENGTHS = 5;

export async function augmentationSection(project: Project): Promise<AugmentationSection> {
  const { input, train } = project.config;
  const { pictures, size, origin } = await previewPictures(project, undefined);
  const { augment, seed } = train;
  const request = { pictures, size, preprocess: input, augment, seed, strengths: STRENGTHS };
  return { pictures: origin, together: variationRows(request), alone: exampleRows(request) };
}

/** `model` is absent for engine coin. */
export async function boardSection(project: Project, model: Model | undefined): Promise<BoardSection> {
  const { board, costs } = await costsOnBoard(project, model);
  const memory = costs.memory.map(({ memory: name, bytes, certainBytes, limit }) => ({
    memory: name,
    bytes,
    certainBytes,
    limit,
  }));
  const { engine } = project.config;
  return {
    board: board.id,
    engine: model === undefined ? "coin" : engine,
    press: costs.press,
    limitMs: LIGHT_LIMIT_MS,
    memory,
  };
}
