/** `smilec captures` */
import { Catalogue } from "../captures/catalogue/catalogue.js";
import type { BotSummary } from "../captures/catalogue/types.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { percent, textTable, thousands } from "./table.js";

export async function capturesCommand(context: CommandContext): Promise<void> {
  const project = await openProject(context.project);
  const catalogue = Catalogue.open(project.capturesDir, { mustExist: true });
  try {
    const result = { bots: catalogue.bots(), quarantined: catalogue.pulls.quarantineCounts() };
    context.result(result, () => describe(result));
  } finally {
    catalogue.close();
  }
}

interface Listing {
  readonly bots: readonly BotSummary[];
  readonly quarantined: Readonly<Record<string, number>>;
}

function describe({ bots, quarantined }: Listing): string {
  if (bots.length === 0) return "no captures yet";
  const rows = bots.map((bot) => [
    bot.device,
    thousands(bot.captures),
    thousands(bot.presses),
    percent(bot.smiles / bot.captures),
    thousands(bot.judged),
    thousands(bot.deleted),
    thousands(bot.withdrawn),
    moment(bot.firstMs),
    moment(bot.lastMs),
  ]);
  const header = ["bot", "captures", "presses", "green", "judged", "deleted", "withdrawn", "first by", "last by"];
  const aside = Object.entries(quarantined).map(([reason, count]) => `${reason} ${thousands(count)}`);
  return [textTable(header, rows), ...(aside.length === 0 ? [] : [`put aside: ${aside.join(", ")}`])].join("\n");
}

/** The bot has no clock: it is the latest moment possible (docs/pull-captures.md). */
function moment(ms: number | undefined): string {
  return ms === undefined ? "not known" : `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
