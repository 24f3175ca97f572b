/** Stage "report": what the finished stages know, as one HTML page, and as facts. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { toolVersion } from "../files/package-root.js";
import { writeFileIfChanged } from "../files/write.js";
import { graphMacs } from "../graph/cost.js";
import { reportChecks } from "../report/checks.js";
import { type ReportFacts, reportFacts } from "../report/facts.js";
import { plainPercent } from "../report/format.js";
import { renderReport } from "../report/render.js";
import type { MissingPart, ReportInput, RetrainingSection } from "../report/types.js";
import type { Evaluated } from "./evaluate.js";
import type { Firmware } from "./firmware.js";
import type { LocatorsPart } from "./locators.js";
import type { Model } from "./model.js";
import type { PictureSet } from "./pictures.js";
import { type Project, retrainingFile } from "./project.js";
import type { Quantized } from "./quantize.js";
import type { CaptureParts } from "./report-captures.js";
import {
  augmentationSection,
  boardSection,
  comparisonSection,
  dataSection,
  evaluationSection,
  firmwareSection,
  modelSection,
  quantizationSection,
  simulationSection,
  trainingSection,
} from "./report-sections.js";
import type { StageContext } from "./reporter.js";
import type { Simulated } from "./simulation.js";
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
  readonly captures?: CaptureParts;
  /** Where the bot looks; absent where it looks at a fixed square. */
  readonly locators?: LocatorsPart;
}

export interface ComparedModel {
  /** As a reader knows it: "without augmentation". */
  readonly name: string;
  readonly evaluated: Evaluated;
}

export interface Report {
  readonly file: string;
  readonly facts: ReportFacts;
  readonly cached: boolean;
}

/** Writes `report/index.html`; an equal page is made once. */
export async function obtainReport(project: Project, parts: ReportParts, context: StageContext): Promise<Report> {
  const { pictures, trained, quantized, evaluated, compared, model, firmware = [], simulated, captures } = parts;
  const retraining = await lastRetraining(project);
  const artifact = await project.store.obtain<{ readonly facts: ReportFacts }>({
    stage: "report",
    revision: 5,
    options: {
      config: project.config,
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
      captures?.key,
      parts.locators?.key,
      ...(retraining === undefined ? [] : [retraining]),
    ].map((key) => key ?? "-"),
    produce: async (dir) => {
      context.reporter.stage("report", "one HTML page");
      const input = await reportInput(project, parts, retraining);
      await writeFileIfChanged(join(dir, "index.html"), await renderReport(input));
      return { facts: reportFacts(input) };
    },
  });
  await writeFileIfChanged(project.reportFile, await readFile(join(artifact.dir, "index.html")));
  return { file: project.reportFile, facts: artifact.meta.facts, cached: artifact.cached };
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
  const { pictures, trained, quantized, evaluated, compared, model, firmware = [], simulated, captures } = parts;
  const hasBoard = model !== undefined || project.config.engine === "coin";
  const sections = {
    data: pictures && dataSection(pictures),
    augmentation: pictures && (await augmentationSection(project)),
    training: trained && trainingSection(trained),
    quantization: quantized && quantizationSection(quantized),
    evaluation: evaluated && (await evaluationSection(evaluated)),
    comparison: evaluated && compared && (await comparisonSection(evaluated, compared)),
    model: model && modelSection(model, firmware),
    board: hasBoard ? await boardSection(project, model) : undefined,
    firmware: firmware[0] && firmwareSection(project, firmware[0]),
    simulation: simulated && model && (await simulationSection(simulated, model)),
    replay: captures?.replay,
    labels: captures?.labels,
    skew: captures?.skew,
    locators: parts.locators?.result,
    retraining: retraining === undefined ? undefined : (JSON.parse(retraining) as RetrainingSection),
  };
  const present = Object.fromEntries(Object.entries(sections).filter(([, section]) => section !== undefined));
  const input = { title: project.config.name, toolVersion, summary: summary(parts), ...present };
  return { ...input, checks: reportChecks(input), missing: missingParts(project, input, captures) };
}

function summary(parts: ReportParts): ReportInput["summary"] {
  const { pictures, evaluated, quantized, model, simulated, captures } = parts;
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
    captures && ["captures", String(captures.replay.captures)],
    captures && ["of them replay exactly", `${captures.replay.equal} of ${captures.replay.compared}`],
  ];
  return tiles.flatMap((tile) => (tile === undefined ? [] : [{ label: tile[0], value: tile[1] }]));
}

/** Sections that are not there, why, and the command that brings each. */
function missingParts(project: Project, input: ReportInput, captures: CaptureParts | undefined): MissingPart[] {
  const { training, simulation, retraining } = input;
  const missing: MissingPart[] = [];
  if (training === undefined) {
    const why = "The model is the one that comes with smilec, or there is none yet.";
    missing.push({ what: "Training, int8 and evaluation", why, command: "smilec quantize" });
  }
  if (simulation === undefined) {
    const why = "No pictures were shown to the firmware.";
    missing.push({ what: "Simulation", why, command: "smilec report --images DIR" });
  }
  if (input.locators === undefined) {
    const why = "The bot looks at a fixed square of the frame.";
    missing.push({ what: "Finding the face", why, command: "smilec locate eval" });
  }
  if (captures === undefined) {
    const why = `There are no captures in ${basename(project.capturesDir)}/ yet.`;
    missing.push({ what: "Replay, labels, training and serving", why, command: "smilec pull-captures" });
  }
  missing.push(...(captures?.missing ?? []));
  if (captures !== undefined && captures.labels.unjudged === captures.labels.captures) {
    missing.push({ what: "Judgements", why: "Nobody has judged a capture.", command: "smilec label" });
  }
  if (retraining === undefined) {
    missing.push({ what: "Retraining", why: "The model was not retrained.", command: "smilec retrain" });
  }
  return missing;
}
