/** What was lost on the way from float to int8. */
import { counted, cssPercent, decimal, foreign, integer, percent } from "../format.js";
import type { QuantizationSection } from "../types.js";
import { type SectionView, SPLIT_NAMES } from "./view.js";

/** Below this a layer's rounding noise is worth a look, dB. */
const LOW_SNR_DB = 20;
/** Right end of the bars, dB: int8 rounding of a well used range gives 40 to 50. */
const BAR_END_DB = 50;
/** Bars that are seen at once; the rest folds away. */
const SHOWN = 12;

export function quantizationSection(quantization: QuantizationSection): SectionView {
  const layers = quantization.layers.map(layerRow);
  const { floatAccuracy, int8Accuracy } = quantization;
  return {
    id: "quantization",
    title: "Quantization",
    css: [],
    view: {
      measuredOn: `${counted(quantization.count, `${SPLIT_NAMES[quantization.split]} picture`)}`,
      accuracies: [
        { name: "float", text: percent(floatAccuracy), width: cssPercent(floatAccuracy) },
        { name: "int8", text: percent(int8Accuracy), width: cssPercent(int8Accuracy) },
      ],
      difference: difference(floatAccuracy, int8Accuracy),
      mark: cssPercent(LOW_SNR_DB / BAR_END_DB),
      lowCount: lowCount(quantization.layers),
      layers: layers.slice(0, SHOWN),
      more: layers.length > SHOWN ? { count: integer(layers.length - SHOWN), layers: layers.slice(SHOWN) } : null,
    },
  };
}

function difference(float: number, int8: number): string {
  const points = 100 * (int8 - float);
  if (!Number.isFinite(points)) return "The difference is not defined: there was no picture to measure on.";
  if (Math.abs(points) < 0.05) return "Going from float to int8 changed nothing.";
  const size = `${decimal(Math.abs(points), 1)} percentage points`;
  return points < 0 ? `Going from float to int8 cost ${size}.` : `Going from float to int8 gained ${size}.`;
}

function isLow(signalToNoiseDb: number): boolean {
  return signalToNoiseDb < LOW_SNR_DB;
}

function lowCount(layers: QuantizationSection["layers"]): string | null {
  const count = layers.filter((layer) => isLow(layer.signalToNoiseDb)).length;
  if (count === 0) return null;
  return count === 1 ? "One layer is below 20 dB." : `${integer(count)} layers are below 20 dB.`;
}

function layerRow({ layer, signalToNoiseDb, saturated }: QuantizationSection["layers"][number]) {
  return {
    name: foreign(layer),
    low: isLow(signalToNoiseDb),
    text: signalToNoise(signalToNoiseDb),
    width: cssPercent(signalToNoiseDb === Number.POSITIVE_INFINITY ? 1 : signalToNoiseDb / BAR_END_DB),
    saturated: percent(saturated, 2),
  };
}

function signalToNoise(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "exact";
  if (value === Number.NEGATIVE_INFINITY || Number.isNaN(value)) return "not defined: always 0";
  return `${decimal(value, 1)}\u202fdB`;
}
