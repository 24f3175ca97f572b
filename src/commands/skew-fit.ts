/** `smilec skew fit`: augmentation strengths fitted to the captures; the configuration is written on consent only. */
import { openProject, type Project } from "../pipeline/project.js";
import { fitSkew, type SkewFit, writeFit } from "../pipeline/skew-fit.js";
import { fitSheet } from "../pipeline/skew-fit-sheet.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";
import { intervalText } from "./skew.js";
import { textTable } from "./table.js";
import { asksOnTerminal, confirmed } from "./terminal.js";

export interface SkewFitOptions {
  readonly yes: boolean;
  readonly sheet: string;
}

export async function skewFitCommand(context: CommandContext, options: SkewFitOptions): Promise<void> {
  const project = await openProject(context.project);
  const result = await fitSkew(project, context);
  await writeOutput(
    options.sheet,
    await fitSheet(result, project.config.train),
    "Give the path of a file with --sheet.",
  );
  const { sides: _, ...fit } = result;
  const written = await consent(context, project, fit, options);
  context.result({ ...fit, sheet: options.sheet, written: written ?? null }, () =>
    fitText(fit, options.sheet, written),
  );
}

/** Path of the configuration, when it was written. */
async function consent(
  context: CommandContext,
  project: Project,
  fit: SkewFit,
  { yes, sheet }: SkewFitOptions,
): Promise<string | undefined> {
  if (fit.changes.length === 0) return undefined;
  if (!yes) {
    if (!asksOnTerminal(context)) return undefined;
    context.reporter.info(proposal(fit, sheet));
    const question = "Write these strengths to smilec.config.json?";
    if (!(await confirmed(question, "nothing was written to the configuration"))) return undefined;
  }
  return writeFit(project, fit);
}

function proposal({ changes, auc, distance }: SkewFit, sheet: string): string {
  const rows = changes.map(({ key, before, after }) => [key, settingText(before), settingText(after)]);
  return [
    textTable(["train.augment", "now", "proposed"], rows),
    "",
    `augmented training against captures: AUC ${intervalText(auc.before)} now, ${intervalText(auc.after)} as proposed`,
    `mean distance of the features: ${distance.before.toFixed(2)} now, ${distance.after.toFixed(2)} as proposed`,
    `before and after: ${sheet}`,
  ].join("\n");
}

function settingText(setting: unknown): string {
  if (typeof setting !== "object" || setting === null) return String(setting);
  return Object.entries(setting)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
}

function fitText(fit: SkewFit, sheet: string, written: string | undefined): string {
  if (fit.changes.length === 0)
    return `No change of train.augment brings training pictures nearer to the captures.\n${sheet}`;
  const next =
    written === undefined
      ? "Nothing was written: run it again with --yes to put these strengths into smilec.config.json."
      : `Written to ${written}. Train again: smilec train`;
  return `${proposal(fit, sheet)}\n${next}`;
}
