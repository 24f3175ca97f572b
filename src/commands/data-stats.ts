/** `smilec data stats` */
import { dataStats, statsTable } from "../data/stats.js";
import { obtainPictures } from "../pipeline/pictures.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { textTable, thousands } from "./table.js";

export async function dataStatsCommand(context: CommandContext): Promise<void> {
  const project = await openProject(context.project);
  const { catalogue, synthetic } = await obtainPictures(project, context);
  const progress = context.reporter.progress("measure", catalogue.records.length, "pictures");
  const stats = dataStats(catalogue, (done) => progress.update(done));
  progress.end();
  context.result({ synthetic, ...stats }, () => {
    const [header, ...rows] = statsTable(stats);
    const lines = [
      textTable(header, rows),
      "",
      `${thousands(stats.count)} pictures${synthetic ? ", drawn: nothing has been imported" : ""}`,
    ];
    if (stats.dropped > 0)
      lines.push(`${thousands(stats.dropped)} left out because imports repeat or contradict each other`);
    return lines.join("\n");
  });
}
