/** int8 in float: what quantization-aware training computes with (Jacob et al. 2018, section 3). */
import type { Quantization } from "../graph/types.js";
import type { SimulatedQuantization } from "../train/backend.js";
import { type Network, parameterLayout } from "../train/network.js";
import type { Projection } from "../train/train.js";
import { quantizeWeight, weightScales } from "./ranges.js";

/** The activations that a backend simulates; the input is int8 already. */
export function simulatedActivations(activations: readonly Quantization[]): (SimulatedQuantization | undefined)[] {
  return activations.map(({ scale, zeroPoint }, layer) =>
    layer === 0 ? undefined : { scale: scale[0], zeroPoint: zeroPoint[0] },
  );
}

/**
 * Rounds the kernels of a network without batch norm as build-graph.ts does: per output channel, the dense layer's per tensor. Their scales follow
 * the largest weight, so none is cut and gradients go straight through.
 *
 * @param activations what the backend simulates beside it; part of the identity
 */
export function int8Weights(network: Network, activations: readonly Quantization[]): Projection {
  const layout = parameterLayout(network);
  const rounded = new Float32Array(layout.reduce((sum, { size }) => sum + size, 0));
  const apply = (parameters: Float32Array) => {
    rounded.set(parameters);
    for (const { layer, role, shape, offset, size } of layout) {
      if (role !== "kernel") continue;
      const kernel = rounded.subarray(offset, offset + size);
      const scales = weightScales(kernel, shape[shape.length - 1], network.layers[layer].kind !== "dense");
      for (let i = 0; i < size; i++) {
        const scale = scales[i % scales.length];
        kernel[i] = quantizeWeight(kernel[i], scale) * scale;
      }
    }
    return rounded;
  };
  return { identity: `int8 ${JSON.stringify(simulatedActivations(activations))}`, apply };
}
