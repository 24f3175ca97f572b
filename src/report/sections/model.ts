/** The compiled network: what each layer costs, and where its tensors lie in memory. */
import { arenaChart } from "../charts/arena.js";
import { amount, bytes, cssPercent, foreign, integer, shortened } from "../format.js";
import { drawChart } from "../svg.js";
import type { ModelSection } from "../types.js";
import { type SectionView, tile } from "./view.js";

export async function modelSection(model: ModelSection): Promise<SectionView> {
  const macs = model.operators.reduce((sum, operator) => sum + operator.macs, 0);
  return {
    id: "model",
    title: "Model",
    css: [],
    view: {
      tiles: [
        tile("model file", bytes(model.modelBytes), shortened(model.hash, 16)),
        tile("weights", bytes(model.weightBytes), "stay in flash"),
        tile("arena", bytes(model.arenaBytes), "RAM while it thinks"),
        tile("work per picture", amount(macs), "multiply-accumulates"),
      ],
      layers: layerRows(model.operators),
      arenaHtml: model.arena.length === 0 || model.operators.length === 0 ? null : await arenaMap(model),
      tensors: model.arena.map((tensor) => ({
        name: foreign(tensor.name),
        offset: integer(tensor.offset),
        bytes: integer(tensor.bytes),
        from: String(tensor.from + 1),
        to: String(tensor.to + 1),
      })),
    },
  };
}

/** Bars are shares of the most expensive layer, so that the small ones can still be seen. */
function layerRows(operators: ModelSection["operators"]) {
  const mostMacs = Math.max(1, ...operators.map((operator) => operator.macs));
  const mostBytes = Math.max(1, ...operators.map((operator) => operator.weightBytes));
  return operators.map((operator, index) => ({
    number: String(index + 1),
    name: foreign(operator.name),
    kind: operator.kind.toLowerCase().replaceAll("_", " "),
    shape: shapeText(operator.outputShape),
    macs: operator.macs === 0 ? null : { text: amount(operator.macs), width: cssPercent(operator.macs / mostMacs) },
    weights:
      operator.weightBytes === 0
        ? null
        : { text: bytes(operator.weightBytes), width: cssPercent(operator.weightBytes / mostBytes) },
  }));
}

/** Without the batch of one that every activation has. */
function shapeText(shape: readonly number[]): string {
  return (shape.length > 1 && shape[0] === 1 ? shape.slice(1) : shape).join(" × ");
}

async function arenaMap(model: ModelSection): Promise<string> {
  const description = `Arena of ${bytes(model.arenaBytes)} over ${model.operators.length} operators, with ${model.arena.length} tensors. The table below has the same figures.`;
  return drawChart("arena", description, arenaChart(model), { wide: 360, narrow: 300 });
}
