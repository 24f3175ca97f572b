/** `smilec report` */
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { CheckFailedError, UserError } from "../errors.js";
import { obtainWithoutAugmentation } from "../pipeline/ablation.js";
import { presentModel } from "../pipeline/deploy.js";
import { obtainEvaluation, obtainFileEvaluation } from "../pipeline/evaluate.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import { obtainLocators } from "../pipeline/locators.js";
import { isTrained } from "../pipeline/model.js";
import { obtainPictures } from "../pipeline/pictures.js";
import { openProject, type Project } from "../pipeline/project.js";
import { obtainReport, type ReportParts } from "../pipeline/report.js";
import { obtainCaptureParts } from "../pipeline/report-captures.js";
import { obtainSimulation } from "../pipeline/simulation.js";
import { obtainTrainedModel } from "../pipeline/trained-model.js";
import type { ReportFacts } from "../report/facts.js";
import { junitChecks } from "../report/junit.js";
import { folderFingerprint } from "../simulate/frames.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";

export interface ReportOptions {
  readonly images?: string;
  readonly whole: boolean;
  /** NAME=FILE: another model.tflite of the same labels. */
  readonly compare?: string;
  /** Also train the network without augmentation, and show both. */
  readonly withoutAugmentation: boolean;
  /** Writes the checks as test cases; one that fails is exit code 1. */
  readonly junit?: string;
}

/** Brings the model up to date and writes the page; with --images also what the bot says to those pictures. */
export async function reportCommand(context: CommandContext, options: ReportOptions): Promise<void> {
  const project = await openProject(context.project);
  const training = await trainingParts(project, options, context);
  const firmware = await firmwareParts(project, options, context);
  const captures = await obtainCaptureParts(project, training.pictures, context);
  const locators = training.pictures && (await obtainLocators(project, training.pictures, context));
  const parts = { ...training, ...firmware, ...(captures && { captures }), ...(locators && { locators }) };
  const { file, facts } = await obtainReport(project, parts, context);
  if (options.junit !== undefined) await writeOutput(options.junit, junitChecks(facts.checks));
  context.result({ report: file, ...facts }, () => reportText(file, facts));
  if (options.junit !== undefined) requireChecks(facts);
}

function reportText(file: string, { checks, missing }: ReportFacts): string {
  const failed = checks.filter(({ state }) => state === "fail");
  return [
    ...failed.map(({ name, asks, found }) => `${name}: ${found} (${asks})`),
    ...missing.map(({ what, command }) => `not in it: ${what} (${command})`),
    `report: ${pathToFileURL(file).href}`,
  ].join("\n");
}

function requireChecks({ checks }: ReportFacts): void {
  const failed = checks.filter(({ state }) => state === "fail");
  if (failed.length === 0) return;
  throw new CheckFailedError(`${failed.length} of ${checks.length} checks fail`, {
    detail: failed.map(({ name, asks, found }) => `${name}: ${asks}; ${found}`).join("\n"),
    remedy: "The report says more about each.",
  });
}

async function trainingParts(project: Project, options: ReportOptions, context: CommandContext): Promise<ReportParts> {
  const compare = options.compare === undefined ? undefined : parseCompare(options.compare);
  if (!(await isTrained(project))) {
    if (compare !== undefined || options.withoutAugmentation) throw nothingToCompare(project);
    return { pictures: await obtainPictures(project, context) };
  }
  const { pictures, trained, quantized } = await obtainTrainedModel(project, context);
  const evaluated = await obtainEvaluation(project, pictures, trained, quantized, context);
  const parts = { pictures, trained, quantized, evaluated };
  if (options.withoutAugmentation) return { ...parts, compared: await obtainWithoutAugmentation(project, context) };
  if (compare === undefined) return parts;
  const other = await obtainFileEvaluation(project, pictures, compare.file, context);
  return { ...parts, compared: { name: compare.name, evaluated: other } };
}

/** `without augmentation=old/model.tflite`; a name alone cannot be told from a path, so both are needed. */
function parseCompare(text: string): { name: string; file: string } {
  const parts = /^([^=]*[^=\s][^=]*)=(.+)$/s.exec(text);
  if (parts !== null) return { name: parts[1].trim(), file: parts[2] };
  throw new UserError("--compare takes a name and a file", {
    where: text,
    remedy: 'Write it like `--compare "without augmentation=other/models/model.tflite"`.',
  });
}

function nothingToCompare(project: Project): UserError {
  return new UserError("the project has no model of its own to compare", {
    where: project.dir,
    remedy: "Run `smilec train` and `smilec quantize` first, or leave out the comparison.",
  });
}

async function firmwareParts(project: Project, options: ReportOptions, context: CommandContext): Promise<ReportParts> {
  const model = await presentModel(project, context);
  const firmware = await obtainFirmware(project, model, "host", context);
  if (model === undefined) return { firmware: [firmware] };
  const { images, whole } = options;
  if (images === undefined) return { model, firmware: [firmware] };
  const imagesKey = createHash("sha256")
    .update(await folderFingerprint(images))
    .digest("hex");
  const simulated = await obtainSimulation({ project, firmware, model, images, imagesKey, whole, context });
  return { model, firmware: [firmware], simulated };
}
