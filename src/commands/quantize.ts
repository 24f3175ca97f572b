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
  const row = (what: string, float: number, int8: number) => {
    const points = 100 * (int8 - float);
    return [what, percent(float, 2), percent(int8, 2), `${points >= 0 ? "+" : ""}${points.toFixed(2)}`];
  };
  const layers = meta.layers
    .slice(0, WORST)
    .map(({ layer, signalToNoiseDb, saturated }) => [layer, signalToNoiseDb.toFixed(1), percent(saturated, 2)]);
  const precision = threshold.precision === null ? "not defined" : percent(threshold.precision);
  return [
    `${file}: ${bytes(meta.modelBytes)}, of which weights ${bytes(meta.weightBytes)}`,
    "",
    textTable(
      [`${thousands(validation.count)} validation pictures`, "float", "int8", "points"],
      [
        row("accuracy", validation.floatAccuracy, validation.int8Accuracy),
        row("average precision", validation.floatAveragePrecision, validation.int8AveragePrecision),
        row("recall at 70 % precision", validation.floatRecallAt70, validation.int8RecallAt70),
      ],
    ),
    "",
    `threshold: margin ${threshold.margin} (probability ${threshold.probability.toFixed(3)} at temperature ${meta.temperature}), on validation precision ${precision}, recall ${percent(threshold.recall)}`,
    ...(threshold.chosen === "best"
      ? ["  no threshold reaches decision.targetPrecision; the most precise one was taken"]
      : []),
    "",
    textTable(["layer (worst first)", "SNR dB", "saturated"], layers),
  ].join("\n");
}
