/** Float model -> Int8Graph: fold, calibrate on representative pictures, quantize. Post-training, per channel. */
import { UserError } from "../errors.js";
import type { Quantization } from "../graph/types.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { inputQuantization } from "../preprocess/types.js";
import { runFloat } from "../train/forward.js";
import type { FloatModel } from "../train/network.js";
import { buildGraph, type QuantizedNetwork } from "./build-graph.js";
import { foldBatchNorm } from "./fold.js";
import { Histogram } from "./histogram.js";
import { activationQuantization, perTensor } from "./ranges.js";

export interface QuantizeOptions {
  /** Percentile of each activation's values that its int8 range covers, 99 to 100. */
  readonly percentile: number;
}

/** int8 network inputs, one picture [size, size, 1] each, as the preprocessing gives them. */
export type Int8Pictures = AsyncIterable<Int8Array> | Iterable<Int8Array>;

/**
 * Quantizes a model whose input is int8 pictures of `spec`. Activation ranges are measured on `calibration` (a few hundred pictures of the
 * training split). Throws UserError when there is no calibration picture or an activation is not finite.
 */
export async function quantizeModel(
  model: FloatModel,
  spec: PreprocessSpec,
  calibration: Int8Pictures,
  options: QuantizeOptions,
): Promise<QuantizedNetwork> {
  const histograms = await measureActivations(model, spec, calibration);
  const activations = histograms.map((histogram, layer) => layerQuantization(model, spec, histogram, layer, options));
  return buildGraph(model.network, foldBatchNorm(model), activations);
}

async function measureActivations(
  model: FloatModel,
  spec: PreprocessSpec,
  calibration: Int8Pictures,
): Promise<Histogram[]> {
  const histograms = model.network.layers.map(() => new Histogram());
  let count = 0;
  for await (const picture of calibration) {
    const outputs = runFloat(model, dequantizeInput(picture, spec));
    for (let layer = 0; layer < outputs.length; layer++) histograms[layer].add(outputs[layer]);
    count++;
  }
  if (count === 0) {
    throw new UserError("there is no picture to calibrate on", {
      remedy: "Import training pictures with `smilec data import`.",
    });
  }
  return histograms;
}

function layerQuantization(
  model: FloatModel,
  spec: PreprocessSpec,
  histogram: Histogram,
  layer: number,
  options: QuantizeOptions,
): Quantization {
  if (layer === 0) {
    const { scale, zeroPoint } = inputQuantization(spec);
    return perTensor(scale, zeroPoint);
  }
  // Logits decide: their rare large values must not be clipped.
  const isLogits = layer === model.network.layers.length - 1;
  const { min, max } = isLogits ? histogram : histogram.percentileRange(options.percentile);
  return activationQuantization(min, max);
}

/** What the float network sees: the int8 input's real values. */
export function dequantizeInput(picture: Int8Array, spec: PreprocessSpec): Float32Array {
  const { scale, zeroPoint } = inputQuantization(spec);
  return Float32Array.from(picture, (q) => (q - zeroPoint) * scale);
}
