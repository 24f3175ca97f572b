/** `smilec data import`: pictures into the project, with everything that was kept out listed. */
import { join } from "node:path";
import { readRejected } from "../data/catalogue.js";
import { type ImportResult, importPictures } from "../data/import.js";
import { parseLabelMap } from "../data/labels.js";
import type { LayoutName } from "../data/layout.js";
import { parseSplitPlan } from "../data/split.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { thousands } from "./table.js";

export interface DataImportOptions {
  readonly name?: string;
  readonly layout?: LayoutName;
  readonly map?: string;
  readonly split?: string;
  readonly partial: boolean;
  readonly replace: boolean;
}

/** Rejected pictures shown on the terminal; all of them are in rejected.jsonl. */
const SHOWN = 10;

export async function dataImportCommand(
  context: CommandContext,
  from: string,
  options: DataImportOptions,
): Promise<void> {
  const project = await openProject(context.project);
  const { name, layout, map, split, partial, replace } = options;
  const result = await importPictures({
    from,
    into: project.dataDir,
    labels: project.config.labels,
    partial,
    replace,
    context,
    ...(name === undefined ? {} : { name }),
    ...(layout === undefined ? {} : { layout }),
    ...(map === undefined ? {} : { labelMap: parseLabelMap(map) }),
    ...(split === undefined ? {} : { plan: parseSplitPlan(split) }),
  });
  const shown = await firstRejected(result.dir);
  context.result(result, () => describe(result, shown));
}

async function firstRejected(dir: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { original, message } of readRejected(dir)) {
    lines.push(`  ${original}: ${message}`);
    if (lines.length === SHOWN) break;
  }
  return lines;
}

function describe(result: ImportResult, shown: readonly string[]): string {
  const counts = (record: object) =>
    Object.entries(record)
      .map(([key, count]) => `${key} ${thousands(count as number)}`)
      .join(", ");
  const lines = [
    result.unchanged
      ? `${result.name}: already imported, nothing to do (${thousands(result.count)} pictures)`
      : `${result.name}: ${thousands(result.count)} pictures imported (${result.layout})`,
    `  labels  ${counts(result.labels)}`,
    `  splits  ${counts(result.splits)}`,
    ...Object.entries(result.notes).map(([note, count]) => `  note    ${note}: ${thousands(count)}`),
  ];
  if (result.ignored > 0) lines.push(`  ignored ${thousands(result.ignored)} files that are no pictures`);
  if (result.rejected === 0) return lines.join("\n");
  const more = result.rejected - shown.length;
  lines.push(`Kept out: ${thousands(result.rejected)} (${counts(result.reasons)})`, ...shown);
  if (more > 0)
    lines.push(`  and ${thousands(more)} more, all with their reasons in ${join(result.dir, "rejected.jsonl")}`);
  return lines.join("\n");
}
