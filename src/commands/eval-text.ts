/** An evaluation for the terminal. */
import type { Interval } from "../evaluate/bootstrap.js";
import { mainOf, QUALITY_KEYS, type Quality, type Summary } from "../evaluate/evaluation.js";
import type { EvaluationResult, ModelEvaluation, ViewResult } from "../evaluate/run.js";
import { percent, textTable, thousands } from "./table.js";

/** Kept-out pictures listed; --json has all. */
const SHOWN = 10;

const QUALITY_NAMES: Readonly<Record<keyof Quality, string>> = {
  accuracy: "accuracy",
  averagePrecision: "average precision",
  recallAt70: "recall at 70 % precision",
  recallAt90: "recall at 90 % precision",
  rocAuc: "ROC AUC",
};

export function evaluationText({ evaluation, rejected }: EvaluationResult): string {
  const lines = [...heading(evaluation), "", wholeTable(evaluation), ""];
  lines.push(...operating(evaluation), ...calibration(evaluation));
  const conditions = evaluation.views.filter(({ kind }) => kind === "condition");
  const levels = evaluation.views.filter(({ kind }) => kind === "level");
  if (conditions.length > 0) lines.push("", viewTable("condition", conditions, evaluation));
  if (levels.length > 0) lines.push("", viewTable("production-like", levels, evaluation));
  for (const note of [...evaluation.model.assumptions.map((text) => `Assumed: ${text}.`), ...evaluation.notes]) {
    lines.push("", note);
  }
  if (rejected.length > 0) {
    lines.push("", `Kept out: ${thousands(rejected.length)} (${counts(evaluation.data.reasons)})`);
    for (const { original, message } of rejected.slice(0, SHOWN)) lines.push(`  ${original}: ${message}`);
    if (rejected.length > SHOWN) lines.push(`  and ${thousands(rejected.length - SHOWN)} more (--json lists all)`);
  }
  return lines.join("\n");
}

function counts(record: Readonly<Record<string, number>>): string {
  return Object.entries(record)
    .map(([key, count]) => `${key} ${thousands(count)}`)
    .join(", ");
}

function heading(evaluation: ModelEvaluation): string[] {
  const { model, data } = evaluation;
  const { count, positives, groups, grouped, prior } = mainOf(evaluation);
  const share = prior.measured === null ? "" : ` (${percent(prior.measured)})`;
  const drawn = grouped ? `${thousands(groups)} groups` : "single pictures";
  return [
    `model     ${model.name} ${model.sha256.slice(0, 16)}`,
    `pictures  ${data.name}: ${thousands(count)}, of which ${model.positive} ${thousands(positives)}${share}; intervals are 95 %, by drawing ${drawn} anew`,
  ];
}

/** "95.4 % (93.9-96.6)". */
export function intervalText({ value, low, high }: Interval, digits = 1): string {
  if (value === null) return "not defined";
  const text = percent(value, digits);
  return low === null || high === null
    ? text
    : `${text} (${(100 * low).toFixed(digits)}-${(100 * high).toFixed(digits)})`;
}

function wholeTable(evaluation: ModelEvaluation): string {
  const columns = [
    ["float", evaluation.float],
    ["int8", evaluation.int8],
  ] as const;
  const present = columns.flatMap(([name, one]) => (one === undefined ? [] : [{ name, one }]));
  const change = evaluation.int8Change;
  return textTable(
    ["", ...present.map(({ name }) => name), ...(change ? ["int8 - float, points"] : [])],
    QUALITY_KEYS.map((key) => [
      QUALITY_NAMES[key],
      ...present.map(({ one }) => intervalText(one.quality[key])),
      ...(change ? [pointsText(change[key])] : []),
    ]),
  );
}

/** "-0.1 (-0.3 to 0.2)". */
function pointsText({ value, low, high }: Interval): string {
  if (value === null) return "not defined";
  const points = (part: number) => (100 * part).toFixed(1).replace(/^-0\.0$/, "0.0");
  return low === null || high === null ? points(value) : `${points(value)} (${points(low)} to ${points(high)})`;
}

function operating(evaluation: ModelEvaluation): string[] {
  const { threshold } = evaluation;
  const { operating: at } = mainOf(evaluation);
  const from = { model: "the model's own", given: "given", default: "assumed" }[threshold.from];
  const step = threshold.margin === undefined ? "" : `, margin ${threshold.margin}`;
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = at.confusion;
  return [
    `at probability ${threshold.probability.toFixed(3)} (${from}${step}): precision ${intervalText(at.precision)}, recall ${intervalText(at.recall)}, false alarms ${intervalText(at.falseAlarmRate)}`,
    `  found ${thousands(truePositives)}, missed ${thousands(falseNegatives)}, false alarms ${thousands(falsePositives)}, rightly dark ${thousands(trueNegatives)}`,
  ];
}

function calibration(evaluation: ModelEvaluation): string[] {
  const { ece, brier, logLoss } = mainOf(evaluation).calibration;
  if (brier.value === null) return [];
  return [
    `calibration: error ${intervalText(ece)}, Brier score ${brier.value.toFixed(4)}, log loss ${logLoss.value?.toFixed(4)}`,
  ];
}

function viewTable(title: string, views: readonly ViewResult[], evaluation: ModelEvaluation): string {
  const row = (name: string, { quality, operating: at }: Summary, change: string) => [
    name,
    intervalText(quality.averagePrecision),
    change,
    intervalText(quality.recallAt70),
    intervalText(quality.accuracy),
    intervalText(at.precision),
    intervalText(at.recall),
  ];
  const rows = views.flatMap(({ name, captures, change, single, ...view }) => {
    const summary = mainOf(view);
    const text = pointsText(change.averagePrecision);
    return single === undefined
      ? [row(name, summary, text)]
      : [row(`${name}, 1 capture`, single, ""), row(`${name}, burst of ${captures}`, summary, text)];
  });
  const header = [title, "AP", "change, points", "recall at 70 %", "accuracy", "precision there", "recall there"];
  return textTable(header, [row("clean", mainOf(evaluation), ""), ...rows]);
}
