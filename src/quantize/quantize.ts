/** Float model -> Int8Graph: fold, calibrate on representative pictures, quantize. Per channel. */
import { type InputSpec, inputQuantization } from "../preprocess/types.js";
import type { FloatModel } from "../train/network.js";
import { buildGraph, type QuantizedNetwork } from "./build-graph.js";
import { type CalibrationOptions, calibrate, type Int8Pictures } from "./calibrate.js";
import { foldBatchNorm } from "./fold.js";

/**
 * Quantizes a trained model whose input is int8 pictures of `spec`. Activation ranges are measured on `calibration` (a few hundred pictures of
 * the training split). Throws UserError when there is no calibration picture or an activation is not finite.
 */
export async function quantizeModel(
  model: FloatModel,
  spec: InputSpec,
  calibration: Int8Pictures,
  options: CalibrationOptions,
): Promise<QuantizedNetwork> {
  const activations = await calibrate(model, spec, calibration, options);
  return buildGraph(model.network, foldBatchNorm(model), activations);
}

/** What the float network sees: the int8 input's real values. */
export function dequantizeInput(picture: Int8Array, spec: InputSpec): Float32Array {
  const { scale, zeroPoint } = inputQuantization(spec);
  return Float32Array.from(picture, (q) => (q - zeroPoint) * scale);
}
