/** `smilec report` */
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { presentModel } from "../pipeline/deploy.js";
import { obtainEvaluation } from "../pipeline/evaluate.js";
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
}

/** Brings the model up to date and writes the page; with --images also what the bot says to those pictures. */
export async function reportCommand(context: CommandContext, options: ReportOptions): Promise<void> {
  const project = await openProject(context.project);
  const parts = { ...(await trainingParts(project, context)), ...(await firmwareParts(project, options, context)) };
  const { file } = await obtainReport(project, parts, context);
  context.result({ report: file }, () => `report: ${pathToFileURL(file).href}`);
}

async function trainingParts(project: Project, context: CommandContext): Promise<ReportParts> {
  if (!(await isTrained(project))) return { pictures: await obtainPictures(project, context) };
  const { pictures, exact, trained, quantized } = await obtainTrainedModel(project, context);
  const artifact = await obtainEvaluation(project, exact, trained, quantized, context);
  return { pictures, trained, quantized, evaluated: { artifact, exact } };
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
