/** `smilec train` */
import { obtainPackings, obtainPictures } from "../pipeline/pictures.js";
import { openProject } from "../pipeline/project.js";
import { obtainTrained, type Trained } from "../pipeline/train.js";
import type { CommandContext } from "./context.js";
import { percent, thousands } from "./table.js";
import type { SearchOptions } from "./train-search.js";

export interface TrainOptions extends SearchOptions {
  readonly search: boolean;
}

export async function trainCommand(context: CommandContext, options: TrainOptions): Promise<void> {
  if (options.search) return (await import("./train-search.js")).searchCommand(context, options);
  const project = await openProject(context.project);
  const pictures = await obtainPictures(project, context);
  const packings = await obtainPackings(project, pictures, context);
  const trained = await obtainTrained(project, pictures, packings, context);
  context.result({ cached: trained.cached, ...trained.meta }, () => describe(trained));
}

function describe({ cached, meta }: Trained): string {
  const best = meta.history[meta.bestEpoch - 1];
  const lines = [
    `${meta.architecture} network: ${thousands(meta.parameters)} parameters, ${(meta.macs / 1e6).toFixed(2)} M MAC, trained on ${meta.backend}`,
    `best epoch ${meta.bestEpoch} of ${meta.history.length}: validation accuracy ${percent(best.validationAccuracy)}, loss ${best.validationLoss.toFixed(4)}`,
  ];
  if (meta.stoppedEarly) lines.push("stopped early: no better epoch for train.earlyStopping epochs");
  if (cached) lines.push("nothing had changed; this is the model trained before");
  return lines.join("\n");
}
