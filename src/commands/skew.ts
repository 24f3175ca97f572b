/** `smilec skew`: how serving differs from training. */
import type { Interval } from "../evaluate/bootstrap.js";
import { openProject } from "../pipeline/project.js";
import { measureSkew, requireConsistency } from "../pipeline/skew.js";
import type { FeatureComparison } from "../skew/compare.js";
import type { SkewReport } from "../skew/types.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";
import { textTable, thousands } from "./table.js";

export interface SkewOptions {
  readonly html?: string;
}

export async function skewCommand(context: CommandContext, options: SkewOptions): Promise<void> {
  const project = await openProject(context.project);
  const result = await measureSkew(project, context);
  if (options.html !== undefined) {
    const { skewPage } = await import("../pipeline/skew-page.js");
    await writeOutput(options.html, await skewPage(project.config.name, result));
  }
  context.result(result.report, () => skewText(result.report));
  requireConsistency(result.report);
}

const HEADER = ["feature", "unit", "training", "captures", "PSI", "KS", "p, corrected", ""];

function skewText(report: SkewReport): string {
  const { serving, training, auc, augmentedAuc, verdict, features, causes, closing } = report;
  const sides = `${thousands(serving.presses)} presses (${thousands(serving.captures)} captures) against ${thousands(training.pictures)} training pictures of ${training.name}`;
  return [
    sides,
    "",
    textTable(HEADER, features.map(featureRow)),
    "",
    `domain classifier: AUC ${intervalText(auc)} (0.5: alike, 1: never mistaken)`,
    `  against training as augmented now: ${intervalText(augmentedAuc)}`,
    verdict,
    ...causes.map(({ name, sentence }, i) => `${i + 1}. ${name}: ${sentence}`),
    ...(closing.length === 0 ? [] : ["", "what would close it:"]),
    ...closing.map(closingText),
    "",
    consistencyText(report),
  ].join("\n");
}

function featureRow({
  title,
  unit,
  digits,
  training,
  serving,
  stability,
  test,
  corrected,
  differs,
}: FeatureComparison) {
  const p = corrected < 0.0001 ? "<0.0001" : corrected.toFixed(4);
  return [
    title,
    unit,
    training.median.toFixed(digits),
    serving.median.toFixed(digits),
    stability.index.toFixed(2),
    test.statistic.toFixed(2),
    p,
    differs ? "differs" : "",
  ];
}

export function intervalText({ value, low, high }: Interval): string {
  if (value === null) return "not defined";
  return low === null || high === null
    ? value.toFixed(3)
    : `${value.toFixed(3)} (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function closingText({ title, before, best }: SkewReport["closing"][number]): string {
  const helps = best.map(({ label, after }) => `${label} (${before.toFixed(1)} to ${after.toFixed(1)})`);
  return `  ${title}: ${helps.length === 0 ? "no augmentation by itself" : helps.join("; ")}`;
}

function consistencyText({ consistency }: SkewReport): string {
  const { captures, equal, withModel, different } = consistency;
  const scope = `box and network input of ${thousands(captures)} captures, outputs of ${thousands(withModel)}`;
  if (different === 0) return `consistency: all ${thousands(equal)} are as the bot logged them (${scope})`;
  return [
    `consistency: ${thousands(different)} DIFFER from what the bot logged (${scope})`,
    ...consistency.differences,
  ].join("\n  ");
}
