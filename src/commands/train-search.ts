/** `smilec train --search` */
import { dirname, join, resolve } from "node:path";
import { UserError } from "../errors.js";
import { writeFileIfChanged } from "../files/write.js";
import { openProject } from "../pipeline/project.js";
import { type SearchBudget, type SearchResult, searchNetworks, type Trial } from "../pipeline/search.js";
import { searchSvg } from "../search/picture.js";
import type { CommandContext } from "./context.js";
import { bytes, percent, textTable } from "./table.js";

export interface SearchOptions {
  readonly budget: string;
  readonly svg?: string;
}

export async function searchCommand(context: CommandContext, options: SearchOptions): Promise<void> {
  const budget = parseBudget(options.budget);
  const project = await openProject(context.project);
  const picture = resolve(options.svg ?? join(dirname(project.reportFile), "search.svg"));
  const result = await searchNetworks(project, budget, context);
  const others = compared(result).filter((trial) => !result.front.includes(trial));
  await writeFileIfChanged(picture, await searchSvg(result.front, others));
  context.result({ picture, ...result }, () => describe(result, picture));
}

/** `90m` or `1.5h` is time, a bare number is trials. Throws UserError. */
export function parseBudget(text: string): SearchBudget {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(m|h)?$/.exec(text.trim());
  const value = Number(match?.[1] ?? 0);
  if (match !== null && value > 0) {
    if (match[2] !== undefined) return { minutes: value * (match[2] === "h" ? 60 : 1) };
    if (Number.isInteger(value)) return { trials: value };
  }
  throw new UserError(`the budget "${text}" is not understood`, {
    where: "--budget",
    remedy: "Give minutes or hours (90m, 1.5h) or a number of trials (27).",
  });
}

/** Trials as long as the front's. */
function compared({ trials, front }: SearchResult): Trial[] {
  return trials.filter(({ epochs }) => epochs === front[0].epochs);
}

function describe(result: SearchResult, picture: string): string {
  const rows = compared(result)
    .toSorted((a, b) => b.quality - a.quality)
    .map((trial) => [
      result.front.includes(trial) ? "*" : "",
      trial.name,
      percent(trial.averagePrecision, 2),
      percent(trial.accuracy, 2),
      percent(trial.recallAt70, 2),
      `${(trial.network.macs / 1e6).toFixed(2)} M`,
      bytes(trial.network.modelBytes),
      bytes(trial.network.arenaBytes),
      trial.cost.toFixed(0),
    ]);
  const columns = ["", "network", "avg. precision", "accuracy", "recall at 70 %", "MAC", "model", "arena", "ms"];
  const { epochs } = result.front[0];
  return [
    `${result.trials.length} trials; those of ${epochs} epochs on the validation split, * on the front of quality against time:`,
    "",
    textTable(columns, rows),
    "",
    `picture: ${picture}`,
    "to adopt the best, put into smilec.config.json:",
    JSON.stringify(result.adopt, null, 2),
  ].join("\n");
}
