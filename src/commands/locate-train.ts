/** `smilec locate train`: the neural locator, of the project's own people and captures. */
import { CheckFailedError } from "../errors.js";
import type { DetectorComparison } from "../pipeline/locate-gate.js";
import { type LocateTrainRequest, type LocateTrainResult, trainLocator } from "../pipeline/locate-train.js";
import { openProject, type Project } from "../pipeline/project.js";
import { comparisonTable, countRow, pointsRow } from "./comparison-table.js";
import type { CommandContext } from "./context.js";
import { percent, thousands } from "./table.js";

export async function locateTrainCommand(context: CommandContext, options: LocateTrainRequest): Promise<void> {
  const project = await openProject(context.project);
  const result = await trainLocator(project, options, context);
  context.result(result, () => describe(result, project).join("\n"));
  if (result.outcome !== "refused") return;
  const { file, comparison } = result;
  throw new CheckFailedError("the new detector does not replace the one in service; the project is as it was", {
    where: file!,
    detail: comparison!.reasons.join("\n"),
    remedy: `Judge more captures, of more days and bots, and train again. To see how good this one is: smilec locate eval --split validation --locator neural,neural=${file}. To use it anyway: smilec locate train with the same options and --force.`,
  });
}

function describe(result: LocateTrainResult, { config }: Project): string[] {
  const { hash, before, people, scenes, captures, multiplyAccumulates, validation, comparison, outcome } = result;
  const { corrected, confirmed, nobody } = captures;
  const lines = [
    `detector   ${hash}, ${(multiplyAccumulates / 1e6).toFixed(2)} M multiply-accumulates a frame`,
    `trained on ${thousands(scenes)} scenes; ${people}`,
    `captures   ${corrected} with a corrected box, ${confirmed} with a confirmed one, ${nobody} without a face`,
    `validation finds ${percent(validation.recall)} of the faces at ${percent(validation.falseFaces)} false faces per frame, from confidence ${validation.threshold}`,
    "",
  ];
  if (comparison === undefined) return [...lines, `${hash} is in service already: nothing to do`];
  lines.push(comparisonTable(rows(comparison)));
  if (outcome === "refused") return lines;
  const forced = outcome === "forced" ? ", as --force says," : "";
  return [
    ...lines,
    "",
    ...comparison.reasons,
    `detector ${hash} is in service${forced} instead of ${before}, which stays in deployed/`,
    config.locator.kind === "neural"
      ? "`smilec build` takes it from now on."
      : 'To use it, set "locator": "neural" in smilec.config.json.',
  ];
}

function rows({ captures, scenes }: DetectorComparison): string[][] {
  const { before, after, change } = scenes;
  const of = <K extends keyof typeof before>(key: K) => ({
    before: before[key],
    after: after[key],
    change: change[key],
  });
  return [
    ...(captures === undefined
      ? []
      : [[`held-out captures, ${thousands(captures.presses)} presses`, ...pointsRow("right answers", captures)]]),
    [`validation scenes, ${thousands(scenes.count)}`, ...pointsRow("average precision", of("averagePrecision"))],
    ["", ...pointsRow("recall at the threshold", of("recall"))],
    ["", ...countRow("false faces in 100 frames", of("falseFacesPer100"))],
  ];
}
