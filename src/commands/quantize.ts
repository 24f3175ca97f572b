/** `smilec quantize` */
import { openProject } from "../pipeline/project.js";
import type { Quantized } from "../pipeline/quantize.js";
import { obtainTrainedModel } from "../pipeline/trained-model.js";
import type { CommandContext } from "./context.js";
import { bytes, percent, textTable, thousands } from "./table.js";

/** Layers shown; --json has all. */
const WORST = 8;

export async function quantizeCommand(context: CommandContext): Promise<void> {
  const project = await openProject(context.project);
  const { quantized } = await obtainTrainedModel(project, context);
  context.result({ cached: quantized.cached, model: project.modelFile, ...quantized.meta }, () =>
    describe(quantized, project.modelFile),
  );
}

function describe({ meta }: Quantized, file: string): string {
  const { validation, threshold } = meta;
  const points = 100 * (validation.int8Accuracy - validation.floatAccuracy);
  const layers = meta.layers
    .slice(0, WORST)
    .map(({ layer, signalToNoiseDb, saturated }) => [layer, signalToNoiseDb.toFixed(1), percent(saturated, 2)]);
  const precision = threshold.precision === null ? "not defined" : percent(threshold.precision);
  return [
    `${file}: ${bytes(meta.modelBytes)}, of which weights ${bytes(meta.weightBytes)}`,
    `accuracy on ${thousands(validation.count)} validation pictures: float ${percent(validation.floatAccuracy, 2)}, int8 ${percent(validation.int8Accuracy, 2)} (${points >= 0 ? "+" : ""}${points.toFixed(2)} points)`,
    `threshold: margin ${threshold.margin} (probability ${threshold.probability.toFixed(3)}), on validation precision ${precision}, recall ${percent(threshold.recall)}`,
    ...(threshold.chosen === "best"
      ? ["  no threshold reaches decision.targetPrecision; the most precise one was taken"]
      : []),
    "",
    textTable(["layer (worst first)", "SNR dB", "saturated"], layers),
  ].join("\n");
}
