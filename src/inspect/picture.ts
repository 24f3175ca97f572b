/** The arena over time as a picture of its own, drawn by the report's chart. */
import { arenaChart } from "../report/charts/arena.js";
import { bytes, foreign } from "../report/format.js";
import { type ChartOption, drawChart } from "../report/svg.js";
import { svgFile } from "../report/svg-file.js";
import type { Inspection } from "./inspect.js";

const HEIGHTS = { wide: 420, narrow: 320 };

/** For wide and narrow screens, as a page shows them; "" when there is no arena to show. */
export async function arenaDrawing(inspection: Inspection): Promise<string> {
  const { arena, model } = inspection;
  if (arena === null || arena.tenants.length === 0) return "";
  const description = `Arena of ${bytes(arena.bytes)} over ${arena.steps.length} kernel calls of ${foreign(model.file)}, with ${arena.tenants.length} tensors.`;
  return drawChart("arena", description, byStep(inspection), HEIGHTS);
}

/** A file of its own. With no arena it says so. */
export async function arenaSvg(inspection: Inspection): Promise<string> {
  const drawing = await arenaDrawing(inspection);
  if (drawing === "") {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 60" width="400" height="60"><text x="20" y="36" font-family="sans-serif">${inspection.arena === null ? "The model cannot be compiled." : "The model needs no arena."}</text></svg>\n`;
  }
  return svgFile(drawing);
}

/** The report counts operators from 1; here everything is counted from 0, and time is in kernel calls. */
function byStep({ arena, model }: Inspection): ChartOption {
  const steps = arena?.steps ?? [];
  const operators = steps.map((operator) => ({
    name: `operator ${operator}`,
    kind: "",
    outputShape: [],
    macs: 0,
    weightBytes: 0,
  }));
  const section = {
    hash: model.sha256,
    modelBytes: model.bytes,
    weightBytes: 0,
    arenaBytes: arena?.bytes ?? 0,
    operators,
    arena: arena?.tenants ?? [],
  };
  const chart = arenaChart(section);
  return (size) => {
    const option = chart(size) as { xAxis: { axisLabel: object } };
    const axisLabel = { ...option.xAxis.axisLabel, formatter: (step: number) => String(step) };
    return { ...option, xAxis: { ...option.xAxis, name: "kernel call", axisLabel } };
  };
}
