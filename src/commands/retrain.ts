/** `smilec retrain` */
import { Catalogue } from "../captures/catalogue/catalogue.js";
import { CheckFailedError } from "../errors.js";
import type { Interval } from "../evaluate/bootstrap.js";
import { openProject } from "../pipeline/project.js";
import type { ModelComparison } from "../retrain/compare.js";
import { type RetrainResult, retrain } from "../retrain/retrain.js";
import type { CommandContext } from "./context.js";
import { percent, textTable, thousands } from "./table.js";

export async function retrainCommand(context: CommandContext): Promise<void> {
  const project = await openProject(context.project);
  const catalogue = Catalogue.open(project.capturesDir, { mustExist: true });
  try {
    const result = await retrain(project, catalogue, context);
    context.result(result, () => describe(result));
    if (result.ships) return;
    throw new CheckFailedError("the new model does not replace the one in service; everything is as it was", {
      where: project.modelFile,
      detail: result.reasons.join("\n"),
      remedy: "Judge more captures, of more days and bots, and retrain again.",
    });
  } finally {
    catalogue.close();
  }
}

function describe(result: RetrainResult): string {
  const { splits, captures, base, ships, reasons, before, after, warm, captureWeight, baseData } = result;
  const { train, val, heldOut } = splits;
  const rows = [
    ...comparisonRows(`held-out captures, ${thousands(captures.count)} presses`, captures),
    ...comparisonRows(`base test, ${thousands(base.count)} pictures`, base),
  ];
  return [
    `trained on ${baseData.join(", ")} and ${thousands(train.captures + val.captures)} judged captures (weight ${captureWeight}), ${warm ? "from the weights in service" : "anew"}`,
    `held out: ${thousands(heldOut.captures)} captures of ${thousands(heldOut.groups)} bots' days, ${thousands(heldOut.positives)} of ${thousands(heldOut.presses)} presses positive`,
    textTable(["on", "figure", "before", "after", "change", "95 % interval"], rows),
    ...(ships
      ? [...reasons, `model ${after} is in service instead of ${before}: smilec flash brings it to the bot`]
      : []),
  ].join("\n");
}

const FIGURES = [
  ["averagePrecision", "average precision"],
  ["recallAt70", "recall at 70 % precision"],
  ["rocAuc", "ROC AUC"],
] as const;

function comparisonRows(name: string, { before, after, change }: ModelComparison): string[][] {
  return FIGURES.map(([key, figure], i) => [
    i === 0 ? name : "",
    figure,
    percent(before.quality[key].value ?? Number.NaN),
    percent(after.quality[key].value ?? Number.NaN),
    signed(change[key].value),
    range(change[key]),
  ]);
}

function signed(part: number | null): string {
  return part === null ? "-" : `${part < 0 ? "-" : "+"}${(100 * Math.abs(part)).toFixed(1)}`;
}

function range({ low, high }: Interval): string {
  return low === null || high === null ? "-" : `${signed(low)} to ${signed(high)}`;
}
