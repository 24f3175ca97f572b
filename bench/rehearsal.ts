/**
 * The whole loop with real pictures, in one command: a network trained on SMILEs, a coin bot in a simulated office (the production-like validation pictures), its
 * card pulled, its captures judged by script, replayed, compared with training (`skew`), augmentation fitted to them (`skew fit`), and the network retrained twice:
 * with the captures, and, as a control, on the base pictures alone with the same augmentation. At the end, once, the office's held-out people before and after:
 * the production-like test pictures, whom no training and no choice has seen.
 *
 *     npm run bench:rehearsal -- SHARED-DATA [--project build/rehearsal] [--epochs 40] [--augmentation default|none]
 *
 * Stopped at any moment it goes on where it was: what is done is in the project's rehearsal.json.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { decodeGray, readPictureFile } from "#smilec/data/decode.js";
import { compareQuality, type Scored, summarize } from "#smilec/evaluate/evaluation.js";
import { type Int8Model, readEvaluatedModel } from "#smilec/evaluate/model.js";
import { folderSet } from "#smilec/evaluate/pictures.js";
import { runEvaluation } from "#smilec/evaluate/run.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { run } from "#smilec/process/run.js";
import type { RetrainResult } from "#smilec/retrain/result.js";
import { officeBot, type Visit, workDays } from "../test/support/office.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    project: { type: "string", default: "build/rehearsal" },
    epochs: { type: "string", default: "40" },
    augmentation: { type: "string", default: "default" },
  },
});
const data = resolve(positionals[0]);
const smiles = join(data, "smiles");
const office = join(data, "smiles-office", "medium");
/** Validation pictures of the set; neighbours are often the same person, so a day is a range of numbers. */
const FIRST = 9264;
const LAST = 10586;
const PER_DAY = 40;

const project = resolve(values.project);
const control = `${project}-without-captures`;
const state = join(project, "rehearsal.json");

/** Runs `body` unless an earlier run has finished it; what it returns is kept. */
async function step<T>(name: string, body: () => Promise<T>): Promise<T> {
  const done = existsSync(state) ? JSON.parse(readFileSync(state, "utf8")) : {};
  if (name in done) return done[name] as T;
  const started = performance.now();
  const result = await body();
  writeFileSync(state, JSON.stringify({ ...done, [name]: result ?? null }, undefined, 2));
  console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return result;
}

/** Exit code 1 is a check that did not hold: of retraining that nothing ships. */
async function smilec(cwd: string, ...args: string[]): Promise<string> {
  const main = join(packageRoot, "dist", "main.js");
  const { exitCode, stdout, stderr } = await run(process.execPath, [main, ...args], { cwd });
  if (exitCode === 0 || (exitCode === 1 && args.includes("retrain"))) return stdout;
  throw new Error(stderr);
}

function writeConfig(): void {
  mkdirSync(project, { recursive: true });
  const augment = values.augmentation === "none" ? { augment: NO_AUGMENTATION } : {};
  const train = { epochs: Number(values.epochs), backend: "wasm", threads: 2, ...augment };
  const config = { name: "rehearsal", train, retrain: { epochs: 12 } };
  writeFileSync(join(project, "smilec.config.json"), JSON.stringify(config, undefined, 2));
}

async function visit(number: number): Promise<Visit | undefined> {
  for (const label of ["neutral", "smile"]) {
    const path = join(office, label, `${number}.jpg`);
    if (existsSync(path)) return { label, image: await decodeGray(await readPictureFile(path)) };
  }
  return undefined;
}

/** People before the coin bot, day after day; its card is pulled and judged whole, or not at all. */
async function capture(): Promise<number> {
  const unfinished = join(project, "captures-unfinished");
  rmSync(unfinished, { recursive: true, force: true });
  const numbers = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i);
  const visits = (await Promise.all(numbers.map(visit))).filter((one) => one !== undefined);
  const days = Array.from({ length: Math.ceil(visits.length / PER_DAY) }, (_, day) =>
    visits.slice(day * PER_DAY, (day + 1) * PER_DAY),
  );
  const bot = await officeBot(visits[0].image.width, { burst: 1, config: { INPUT_SIZE: "48" } });
  try {
    await workDays(bot, days, unfinished);
  } finally {
    await bot.dispose();
  }
  renameSync(unfinished, join(project, "captures"));
  return days.length;
}

/** The same project, as if nobody had pressed the nose. */
async function retrainControl(): Promise<RetrainResult> {
  rmSync(control, { recursive: true, force: true });
  const left = [join(project, "captures"), state];
  cpSync(project, control, { recursive: true, filter: (path) => !left.includes(path) });
  return JSON.parse(await smilec(control, "--json", "--quiet", "retrain"));
}

/** A model of a project's store, shipped or not. */
function modelFile(dir: string, sha16: string): string {
  const folder = join(dir, ".smilec", "quantize");
  const files = readdirSync(folder).map((key) => join(folder, key, "model.tflite"));
  const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
  return files.find((path) => existsSync(path) && hash(path).startsWith(sha16))!;
}

const context = { reporter: silentReporter, signal: new AbortController().signal };

async function scoresOf(path: string): Promise<Scored> {
  const int8 = (await readEvaluatedModel(path, { pictureLabels: ["neutral", "smile"] })) as Int8Model;
  const set = await folderSet({ from: office, layout: "smiles", split: "test" });
  return (await runEvaluation({ models: { int8 }, set, views: [], context })).scored[0];
}

const FIGURES = ["recallAt70", "averagePrecision"] as const;

/** Each model's figures, and differences on the same pictures. */
async function heldOutPeople(models: Readonly<Record<string, string>>) {
  const scores = new Map<string, Scored>();
  for (const [name, path] of Object.entries(models)) scores.set(name, await scoresOf(path));
  const minus = (a: string, b: string) => compareQuality(scores.get(b)!, scores.get(a)!, {});
  return {
    count: scores.get("before")!.truth.length,
    figures: Object.fromEntries(
      [...scores].map(([name, scored]) => [name, summarize(scored, { threshold: 0 }).quality]),
    ),
    changes: {
      "control - before": minus("control", "before"),
      "with captures - before": minus("with captures", "before"),
      "with captures - control": minus("with captures", "control"),
    },
  };
}

type HeldOut = Awaited<ReturnType<typeof heldOutPeople>>;
type Figures = HeldOut["figures"][string];

function row(name: string, quality: Figures, scale: (value: number) => string): string {
  const cell = ({ value, low, high }: Figures["recallAt70"]) =>
    `${scale(value ?? Number.NaN)} (${scale(low ?? Number.NaN)} to ${scale(high ?? Number.NaN)})`;
  return `  ${name.padEnd(26)} ${FIGURES.map((key) => cell(quality[key]).padEnd(28)).join(" ")}`;
}

function show({ count, figures, changes }: HeldOut): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const signed = (value: number) => `${value < 0 ? "-" : "+"}${Math.abs(100 * value).toFixed(1)}`;
  return [
    `the office's held-out people, ${count} pictures`,
    `  ${"".padEnd(26)} ${["recall at 70 % precision", "average precision"].map((text) => text.padEnd(28)).join(" ")}`,
    ...Object.entries(figures).map(([name, quality]) => row(name, quality, percent)),
    ...Object.entries(changes).map(([name, quality]) => row(name, quality, signed)),
  ].join("\n");
}

if (!existsSync(join(project, "smilec.config.json"))) writeConfig();
if (!existsSync(join(project, "data", "smiles")))
  await step("import", () => smilec(project, "data", "import", smiles, "--layout", "smiles"));
/** The model before, with its card: retraining starts from it, however often this is started. */
const inService = join(project, "models");
const kept = join(project, "models-before");
await step("train", async () => {
  await smilec(project, "quantize");
  cpSync(inService, kept, { recursive: true });
});
const days = await step("captures", capture);
const replayed = await step("replay", () => smilec(project, "--quiet", "replay"));
const skew = await step("skew", async () =>
  JSON.parse(await smilec(project, "--json", "--quiet", "skew", "--html", "skew.html")),
);
const fit = await step("skew fit", async () =>
  JSON.parse(await smilec(project, "--json", "--quiet", "skew", "fit", "--yes", "--sheet", "skew-fit.png")),
);
const alone = await step("control", retrainControl);
const together = await step("retrain", async () => {
  cpSync(kept, inService, { recursive: true });
  return JSON.parse(await smilec(project, "--json", "--quiet", "retrain")) as RetrainResult;
});
const models = {
  before: join(kept, "model.tflite"),
  control: modelFile(control, alone.after),
  "with captures": modelFile(project, together.after),
};
const held = await step("office", () => heldOutPeople(models));

const auc = (value: number | null) => (value ?? Number.NaN).toFixed(2);
console.log(`${days} days of a coin bot; ${replayed.trim().replaceAll("\n", "; ")}`);
console.log(`skew: captures told from training pictures with AUC ${auc(skew.auc.value)}; ${skew.causes[0]?.sentence}`);
console.log(
  `skew fit: ${fit.changes.length} strengths changed, AUC to augmented training ${auc(fit.auc.before.value)} to ${auc(fit.auc.after.value)}`,
);
for (const [name, { ships, reasons }] of Object.entries({ control: alone, "with captures": together }))
  console.log(`${name}: ${ships ? "ships" : "does not ship"}; ${reasons.join("; ")}`);
console.log(show(held));
