/** `smilec retrain` */
import { CheckFailedError } from "../errors.js";
import { openCaptures } from "../pipeline/captures.js";
import { openProject } from "../pipeline/project.js";
import type { ModelComparison } from "../retrain/compare.js";
import type { RetrainResult } from "../retrain/result.js";
import { retrain } from "../retrain/retrain.js";
import { comparisonTable, pointsRow } from "./comparison-table.js";
import type { CommandContext } from "./context.js";
import { thousands } from "./table.js";

export async function retrainCommand(context: CommandContext): Promise<void> {
  const project = await openProject(context.project);
  const catalogue = openCaptures(project);
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
    catalogue?.close();
  }
}

function describe(result: RetrainResult): string {
  const { captures, degraded, base, ships, reasons, before, after } = result;
  const rows = [
    ...comparisonRows("held-out captures", "presses", captures),
    ...comparisonRows("degraded validation", "pictures", degraded),
    ...comparisonRows("base test", "pictures", base),
  ];
  return [
    ...trainedOn(result),
    comparisonTable(rows),
    ...(ships
      ? [...reasons, `model ${after} is in service instead of ${before}: smilec flash brings it to the bot`]
      : []),
  ].join("\n");
}

function trainedOn(result: RetrainResult): string[] {
  const { splits, warm, captureWeight, baseData, syntheticSkew } = result;
  const { train, val, heldOut } = splits;
  const from = warm ? "from the weights in service" : "anew";
  const data = baseData.join(", ");
  if (syntheticSkew === undefined) {
    return [
      `trained on ${data} and ${thousands(train.captures + val.captures)} judged captures (weight ${captureWeight}), ${from}`,
      `held out: ${thousands(heldOut.captures)} captures of ${thousands(heldOut.groups)} bots' days, ${thousands(heldOut.positives)} of ${thousands(heldOut.presses)} presses positive`,
    ];
  }
  return [
    `trained on ${data} alone, ${from}: NO PRODUCTION PICTURE WAS SEEN`,
    `augmentation ${AUGMENTED[syntheticSkew.origin]}${syntheticSkew.changes.length === 0 ? "" : `: ${syntheticSkew.changes.map(({ key }) => key).join(", ")}`}`,
  ];
}

const AUGMENTED: Readonly<Record<NonNullable<RetrainResult["syntheticSkew"]>["origin"], string>> = {
  configuration: "as train.augment has it",
  default: "smilec's own, as train.augment has none",
  captures: "fitted to captures that nobody has judged",
};

const FIGURES = [
  ["averagePrecision", "average precision"],
  ["recallAt70", "recall at 70 % precision"],
  ["rocAuc", "ROC AUC"],
] as const;

function comparisonRows(name: string, unit: string, comparison: ModelComparison | undefined): string[][] {
  if (comparison === undefined) return [];
  const { count, before, after, change } = comparison;
  return FIGURES.map(([key, figure], i) => [
    i === 0 ? `${name}, ${thousands(count)} ${unit}` : "",
    ...pointsRow(figure, { before: before.quality[key], after: after.quality[key], change: change[key] }),
  ]);
}
