/**
 * Trains the models that come with smilec, each by the smilec.config.json in its folder, and writes its model.tflite and card.json there.
 *
 *     npm run models:train -- [--data DIR] [--only NAME]... [--seed N]... [--epochs N] [--out DIR] [--work DIR] [--validation-only]
 *
 * What was finished is kept in the work folder, so an interrupted run goes on, and a second one does nothing. With several seeds the first is
 * shipped and the table shows the mean and spread of all. The test split is read once per model, after everything has been chosen.
 */
import { readdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { textTable } from "#smilec/commands/table.js";
import { createReporter, duration } from "#smilec/commands/terminal.js";
import { CONFIG_FILE, parseConfig } from "#smilec/config/load.js";
import type { Config } from "#smilec/config/schema.js";
import { SmilecError, UserError } from "#smilec/errors.js";
import { LEVELS } from "#smilec/evaluate/degrade/levels.js";
import type { OperatingFigures, Quality } from "#smilec/evaluate/evaluation.js";
import { packageRoot, toolVersion } from "#smilec/files/package-root.js";
import { writeJson } from "#smilec/files/write.js";
import { obtainEvaluation } from "#smilec/pipeline/evaluate.js";
import { modelCard } from "#smilec/pipeline/in-service.js";
import type { Project } from "#smilec/pipeline/project.js";
import type { StageContext } from "#smilec/pipeline/reporter.js";
import { ArtifactStore } from "#smilec/pipeline/store.js";
import { obtainTrainedModel, type TrainedModel } from "#smilec/pipeline/trained-model.js";
import { type DataFacts, importData } from "./data.js";
import { CLASSIC_LOCATOR, makeClassicLocator } from "./face-classic.js";
import { makeNeuralLocator, NEURAL_LOCATOR } from "./face-neural.js";

const MODELS = join(packageRoot, "models");

const LIMITS = [
  "Fit for frontal faces that fill about the crop; measured on other people of the same photographs, simulated office light, and looser crops.",
  "Labels are one person's judgement of press photographs: a closed-mouth smile is often called neutral.",
  "People whose like is rare in press photographs of about 2000 to 2007 are judged less well.",
  "Do not use it to judge people.",
];

interface Options {
  readonly data: string;
  readonly only: readonly string[];
  readonly seeds: readonly number[];
  readonly epochs: number | undefined;
  readonly out: string;
  readonly work: string;
  readonly validationOnly: boolean;
}

/** One trained seed of a model. */
interface Made {
  readonly seed: number;
  readonly model: TrainedModel;
  /** Absent with --validation-only. */
  readonly test?: TestFigures;
}

interface TestFigures {
  readonly count: number;
  readonly float: Quality;
  readonly int8: Quality;
  /** int8 at the model's own threshold. */
  readonly operating: OperatingFigures;
  /** int8, by the name of the view: every condition, and every level of the production-like test (src/evaluate). */
  readonly views: Readonly<Record<string, Quality>>;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: join(packageRoot, "..", "shared", "data") },
      only: { type: "string", multiple: true, default: [] },
      seed: { type: "string", multiple: true, default: ["1"] },
      epochs: { type: "string" },
      out: { type: "string", default: MODELS },
      work: { type: "string", default: join(packageRoot, ".cache", "models") },
      "validation-only": { type: "boolean", default: false },
    },
  });
  const whole = (text: string) => {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new UserError(`"${text}" is not a whole number`, { where: "command line" });
  };
  return {
    data: resolve(values.data),
    only: values.only,
    seeds: values.seed.map(whole),
    epochs: values.epochs === undefined ? undefined : whole(values.epochs),
    out: resolve(values.out),
    work: resolve(values.work),
    validationOnly: values["validation-only"],
  };
}

/** Folders of models/ that say how they are made. */
async function recipes({ only, epochs }: Options): Promise<Map<string, Config>> {
  const found = new Map<string, Config>();
  for (const { name } of await readdir(MODELS, { withFileTypes: true })) {
    const path = join(MODELS, name, CONFIG_FILE);
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const config = parseConfig(text, path);
    found.set(name, epochs === undefined ? config : { ...config, train: { ...config.train, epochs } });
  }
  const unknown = only.filter((name) => !found.has(name) && !Object.hasOwn(LOCATORS, name));
  if (unknown.length > 0)
    throw new UserError(`there is no model ${unknown.join(", ")}`, {
      where: MODELS,
      remedy: `There are: ${[...found.keys(), ...Object.keys(LOCATORS)].join(", ")}.`,
    });
  return new Map([...found].filter(([name]) => only.length === 0 || only.includes(name)));
}

function projectOf(name: string, config: Config, seed: number, options: Options, shipped: boolean): Project {
  const { work, out } = options;
  const dir = join(work, `${name}-seed${seed}`);
  return {
    dir,
    config: { ...config, train: { ...config.train, seed } },
    // One store for all: they share packed pictures.
    store: new ArtifactStore(join(work, ".smilec")),
    dataDir: join(work, "data"),
    capturesDir: join(work, "captures"),
    modelFile: shipped ? join(out, name, "model.tflite") : join(dir, "model.tflite"),
    reportFile: join(dir, "report", "index.html"),
  };
}

async function make(project: Project, context: StageContext, validationOnly: boolean): Promise<Made> {
  const model = await obtainTrainedModel(project, context);
  const { seed } = project.config.train;
  if (validationOnly) return { seed, model };
  const { meta } = await obtainEvaluation(project, model.pictures, model.trained, model.quantized, context);
  const { float, int8, views } = meta.evaluation;
  if (float === undefined || int8 === undefined)
    throw new Error("a model of one's own is evaluated as float and as int8");
  const named = views.flatMap((view) => (view.int8 === undefined ? [] : [[view.name, view.int8.quality] as const]));
  return {
    seed,
    model,
    test: {
      count: int8.count,
      float: float.quality,
      int8: int8.quality,
      operating: int8.operating,
      views: Object.fromEntries(named),
    },
  };
}

/** Seconds of work, or null when it was all done before: then what the card says stays true. */
async function secondsOf(path: string, started: number, model: TrainedModel): Promise<number | null> {
  if (!model.trained.cached) return Math.round((performance.now() - started) / 1000);
  const text = await readFile(path, "utf8").catch(() => "{}");
  return (JSON.parse(text) as { made?: { seconds?: number } }).made?.seconds ?? null;
}

async function writeCard(
  name: string,
  project: Project,
  made: Made,
  data: readonly DataFacts[],
  started: number,
): Promise<void> {
  const path = join(project.modelFile, "..", "card.json");
  const seconds = await secondsOf(path, started, made.model);
  const { pictures, trained, quantized } = made.model;
  await writeJson(path, {
    name,
    licence: "Apache-2.0 (weights)",
    limits: LIMITS,
    made: {
      command: `npm run models:train -- --only ${name}`,
      smilec: toolVersion,
      seed: made.seed,
      seconds,
      processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
    },
    ...modelCard(project, pictures, trained, quantized),
    data,
    ...(made.test === undefined ? {} : { test: made.test }),
  });
}

const percent = (value: number) => (100 * value).toFixed(2);

/** Mean and half the range of all seeds. */
function spread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  return values.length === 1 ? percent(mean) : `${percent(mean)} ±${percent(half)}`;
}

function rows(name: string, made: readonly Made[]): string[][] {
  const row = (kind: string, pick: (one: Made) => readonly number[]) => [
    name,
    kind,
    ...pick(made[0]).map((_, column) => spread(made.map((one) => pick(one)[column]))),
  ];
  const quality = ({ accuracy, averagePrecision, recallAt70 }: Quality) =>
    [accuracy, averagePrecision, recallAt70].map(({ value }) => value ?? Number.NaN);
  const validation = (one: Made) => one.model.quantized.meta.validation;
  const rows = [
    row("validation, float", (one) => {
      const { floatAccuracy, floatAveragePrecision, floatRecallAt70 } = validation(one);
      return [floatAccuracy, floatAveragePrecision, floatRecallAt70];
    }),
    row("validation, int8", (one) => {
      const { int8Accuracy, int8AveragePrecision, int8RecallAt70 } = validation(one);
      return [int8Accuracy, int8AveragePrecision, int8RecallAt70];
    }),
  ];
  if (made.every(({ test }) => test !== undefined)) {
    rows.push(
      row("test, float", ({ test }) => quality(test!.float)),
      row("test, int8", ({ test }) => quality(test!.int8)),
      ...LEVELS.map((level) => row(`test, int8, ${level}`, ({ test }) => quality(test!.views[level]))),
    );
  }
  return rows;
}

/** Face detectors, which are made in another way. */
const LOCATORS = { [CLASSIC_LOCATOR]: makeClassicLocator, [NEURAL_LOCATOR]: makeNeuralLocator };

async function locators({ only, data, work, out }: Options, context: StageContext): Promise<void> {
  const store = new ArtifactStore(join(work, ".smilec"));
  const table: string[][] = [];
  for (const [name, make] of Object.entries(LOCATORS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    context.reporter.stage("locator", name);
    table.push(...(await make({ data, into: join(work, "data"), out, store, context })));
  }
  if (table.length === 0) return;
  const columns = ["locator", "threshold", "validation recall %", "false faces per 100 frames"];
  console.log(textTable(columns, table));
}

async function main(context: StageContext): Promise<void> {
  const chosen = options();
  const configs = await recipes(chosen);
  const imports = [...new Set([...configs.values()].flatMap(({ data }) => data.imports))];
  const begin = performance.now();
  const data = await importData(imports, chosen.data, join(chosen.work, "data"), context);
  const table: string[][] = [];
  for (const [name, config] of configs) {
    const made: Made[] = [];
    for (const [index, seed] of chosen.seeds.entries()) {
      const started = performance.now();
      const project = projectOf(name, config, seed, chosen, index === 0);
      context.reporter.stage("model", `${name}, seed ${seed}`);
      const one = await make(project, context, chosen.validationOnly);
      made.push(one);
      const own = data.filter((facts) => config.data.imports.includes(facts.name));
      if (index === 0) await writeCard(name, project, one, own, started);
    }
    table.push(...rows(name, made));
  }
  await locators(chosen, context);
  if (configs.size === 0) return;
  const columns = ["model", "split", "accuracy %", "average precision %", "recall at 70 % precision %"];
  console.log(textTable(columns, table));
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `${configs.size} models, ${chosen.seeds.length} seeds each, in ${duration(seconds)}; written to ${relative(".", chosen.out) || "."}`,
  );
}

const controller = new AbortController();
process.once("SIGINT", () => controller.abort());
const reporter = createReporter(false);
try {
  await main({ reporter, signal: controller.signal });
} catch (error) {
  if (!(error instanceof SmilecError)) throw error;
  const { message, where, detail, remedy } = error;
  console.error([`error: ${message}`, where, detail, remedy].filter((line) => line !== undefined).join("\n  "));
  process.exitCode = error.exitCode;
}
