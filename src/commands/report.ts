/** `smilec report` */
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.js";
import { obtainWithoutAugmentation } from "../pipeline/ablation.js";
import { presentModel } from "../pipeline/deploy.js";
import { obtainEvaluation, obtainFileEvaluation } from "../pipeline/evaluate.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import { isTrained } from "../pipeline/model.js";
import { obtainPictures } from "../pipeline/pictures.js";
import { openProject, type Project } from "../pipeline/project.js";
import { obtainReport, type ReportParts } from "../pipeline/report.js";
import { obtainSimulation } from "../pipeline/simulation.js";
import { obtainTrainedModel } from "../pipeline/trained-model.js";
import { folderFingerprint } from "../simulate/frames.js";
import type { CommandContext } from "./context.js";

export interface ReportOptions {
  readonly images?: string;
  readonly whole: boolean;
  /** NAME=FILE: another model.tflite of the same labels. */
  readonly compare?: string;
  /** Also train the network without augmentation, and show both. */
  readonly withoutAugmentation: boolean;
}

/** Brings the model up to date and writes the page; with --images also what the bot says to those pictures. */
export async function reportCommand(context: CommandContext, options: ReportOptions): Promise<void> {
  const project = await openProject(context.project);
  const parts = {
    ...(await trainingParts(project, options, context)),
    ...(await firmwareParts(project, options, context)),
  };
  const { file } = await obtainReport(project, parts, context);
  context.result({ report: file }, () => `report: ${pathToFileURL(file).href}`);
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
