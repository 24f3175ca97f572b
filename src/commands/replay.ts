/** `smilec replay [--model FILE] [--junit FILE]` */
import { Catalogue } from "../captures/catalogue/catalogue.js";
import { CheckFailedError, UserError } from "../errors.js";
import { checkLabels, readModel } from "../pipeline/model.js";
import { openProject, type Project } from "../pipeline/project.js";
import { describeDifference, junitReport } from "../replay/junit.js";
import { compareOtherModel, type OtherModelResult } from "../replay/other-model.js";
import { type ReplayResult, replayCatalogue } from "../replay/run.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";
import { percent, textTable, thousands } from "./table.js";

export interface ReplayOptions {
  readonly model?: string;
  readonly junit?: string;
}

/** Lines of a list that are printed; --json has more. */
const SHOWN = 20;

export async function replayCommand(context: CommandContext, { model, junit }: ReplayOptions): Promise<void> {
  const project = await openProject(context.project);
  const catalogue = Catalogue.open(project.capturesDir, { mustExist: true });
  try {
    if (catalogue.count({ state: "kept" }) === 0) throw nothingToReplay(project);
    if (model === undefined) await replayLogged(project, catalogue, junit, context);
    else await replayOther(project, catalogue, model, context);
  } finally {
    catalogue.close();
  }
}

function nothingToReplay({ capturesDir }: Project): UserError {
  return new UserError("there are no captures to replay", {
    where: capturesDir,
    remedy: "Pull some: smilec pull-captures.",
  });
}

async function replayLogged(
  project: Project,
  catalogue: Catalogue,
  junit: string | undefined,
  context: CommandContext,
): Promise<void> {
  const result = await replayCatalogue(project, catalogue, context);
  if (junit !== undefined) await writeOutput(junit, junitReport(result));
  context.result(result, () => describeReplay(result));
  const differing = result.compared - result.equal;
  if (differing === 0 && result.damagedCount === 0) return;
  const parts = [
    ...(differing === 0 ? [] : [`${thousands(differing)} captures differ from what the bot logged`]),
    ...(result.damagedCount === 0 ? [] : [`${thousands(result.damagedCount)} pictures are damaged`]),
  ];
  throw new CheckFailedError(parts.join(", "), {
    where: project.capturesDir,
    remedy: "Look at the causes above; a damaged picture comes back with `smilec pull-captures` while its card has it.",
  });
}

function describeReplay(result: ReplayResult): string {
  const { captures, presses, compared, equal, damaged, damagedCount, missingModels, thresholds } = result;
  const lines = [`${thousands(captures)} captures of ${thousands(presses)} presses`];
  lines.push(equal === compared ? `all ${thousands(compared)} replayed are equal` : describeDifferences(result));
  for (const [model, count] of Object.entries(missingModels)) {
    lines.push(
      `compared up to the network's input only: ${thousands(count)} captures of model ${model}, not kept in deployed/`,
    );
  }
  if (thresholds > 0) lines.push(`${thousands(thresholds)} had a threshold that was set on the bot, not by its model`);
  if (damagedCount > 0) lines.push(`damaged: ${thousands(damagedCount)} pictures`);
  lines.push(...damaged.slice(0, SHOWN).map(({ path, reason }) => `  ${path}: ${reason}`), ...more(damagedCount));
  return lines.join("\n");
}

function describeDifferences({ compared, equal, byStage, differences }: ReplayResult): string {
  const stages = Object.entries(byStage).map(([stage, count]) => [stage, thousands(count)]);
  const causes = new Map<string, string[]>();
  for (const one of differences) {
    const same = causes.get(one.cause) ?? [];
    causes.set(one.cause, [...same, describeDifference(one)]);
  }
  return [
    `${thousands(compared - equal)} of ${thousands(compared)} replayed differ; by their first difference:`,
    textTable(["stage", "captures"], stages),
    ...[...causes].flatMap(([cause, lines]) => [
      `${cause}:`,
      ...lines.slice(0, SHOWN).map((line) => `  ${line}`),
      ...more(lines.length),
    ]),
  ].join("\n");
}

function more(count: number): string[] {
  return count > SHOWN ? [`  and ${thousands(count - SHOWN)} more (--json has up to 1,000)`] : [];
}

async function replayOther(
  project: Project,
  catalogue: Catalogue,
  file: string,
  context: CommandContext,
): Promise<void> {
  const model = await readModel(file, "file");
  checkLabels(project, model);
  const result = await compareOtherModel(project, catalogue, model, false, context);
  context.result(result, () => describeOther(result));
}

function describeOther(result: OtherModelResult): string {
  const { model, presses, changedCount, toGreen, toDark, changed } = result;
  const light = (isGreen: boolean) => (isGreen ? "green" : "dark");
  const rows = changed
    .slice(0, SHOWN)
    .map(({ path, label, before, after, margin, threshold }) => [
      path,
      label ?? "-",
      light(before),
      light(after),
      margin.toFixed(1),
      threshold,
    ]);
  const table = rows.length === 0 ? [] : [textTable(["press", "label", "was", "now", "margin", "threshold"], rows)];
  return [
    `model ${model} on ${thousands(presses)} presses: ${thousands(changedCount)} decisions change, ${thousands(toGreen)} to green, ${thousands(toDark)} to dark`,
    judgedLine(result),
    ...table,
    ...more(changedCount),
  ].join("\n");
}

/** The comparison on judged presses in one line. */
export function judgedLine({ judged, rightBefore, rightAfter, better, worse, mcnemar }: OtherModelResult): string {
  if (judged === 0) return "no press is judged: smilec label tells which decisions are better";
  return (
    `of ${thousands(judged)} judged presses ${percent(rightBefore / judged)} were right and ${percent(rightAfter / judged)} would be: ` +
    `${thousands(better)} better, ${thousands(worse)} worse (McNemar's exact test: p = ${mcnemar.toPrecision(2)})`
  );
}
