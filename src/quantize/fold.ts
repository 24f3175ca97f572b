/**
 * Batch-norm folding: y = gamma (conv(x) - mean) / sqrt(variance + eps) + beta becomes a convolution with
 * kernel' = kernel * gamma / sqrt(variance + eps) and bias' = beta - mean * gamma / sqrt(variance + eps), per output channel
 * (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3.2).
 */
import {
  BATCH_NORM_EPSILON,
  type FloatModel,
  type Network,
  type ParameterRole,
  parameterLayout,
} from "../train/network.js";

/** Weights of one layer without batch norm; kernel shape as in network.ts (HWIO, HWC or IO), bias one per output channel. */
export interface FoldedLayer {
  readonly kernel: Float32Array;
  readonly kernelShape: readonly number[];
  readonly bias: Float32Array;
}

/** One entry per layer of the network; undefined for layers without parameters. */
export function foldBatchNorm(model: FloatModel): (FoldedLayer | undefined)[] {
  const slots = parameterLayout(model.network);
  return model.network.layers.map((_, layer) => {
    const own = slots.filter((slot) => slot.layer === layer);
    if (own.length === 0) return undefined;
    const values = new Map<ParameterRole, Float32Array>(
      own.map((slot) => [slot.role, model.parameters.subarray(slot.offset, slot.offset + slot.size)]),
    );
    const kernelShape = own.find((slot) => slot.role === "kernel")!.shape;
    return fold(values, kernelShape);
  });
}

function fold(values: ReadonlyMap<ParameterRole, Float32Array>, kernelShape: readonly number[]): FoldedLayer {
  const kernel = values.get("kernel")!;
  const gamma = values.get("gamma");
  if (gamma === undefined) return { kernel, kernelShape, bias: values.get("bias")! };
  const variance = values.get("movingVariance")!;
  const factor = gamma.map((value, channel) => value / Math.sqrt(variance[channel] + BATCH_NORM_EPSILON));
  const mean = values.get("movingMean")!;
  const bias = values.get("beta")!.map((value, channel) => value - mean[channel] * factor[channel]);
  return { kernel: kernel.map((value, index) => value * factor[index % factor.length]), kernelShape, bias };
}

/** The same model with a bias in the place of every batch norm: what quantization-aware training starts from. */
export function foldedModel(model: FloatModel): FloatModel {
  const folded = foldBatchNorm(model);
  const network: Network = {
    ...model.network,
    layers: model.network.layers.map((layer) => ("batchNorm" in layer ? { ...layer, batchNorm: false } : layer)),
  };
  const layout = parameterLayout(network);
  const parameters = new Float32Array(layout.reduce((sum, { size }) => sum + size, 0));
  for (const { layer, role, offset } of layout) {
    const { kernel, bias } = folded[layer]!;
    parameters.set(role === "kernel" ? kernel : bias, offset);
  }
  return { network, parameters };
}
