/** Initial parameters of a network. */
import { type Network, type ParameterSlot, parameterLayout } from "./network.js";
import { Rng } from "./rng.js";
import { STREAM } from "./streams.js";

/**
 * Kernels are drawn from a normal distribution cut at two standard deviations with variance 2 / fan-in (He et al. 2015), the last dense
 * kernel with 1 / fan-in; gamma and moving variance are 1, everything else 0.
 */
export function initialParameters(network: Network, seed: number): Float32Array {
  const layout = parameterLayout(network);
  const parameters = new Float32Array(layout.reduce((sum, slot) => sum + slot.size, 0));
  for (const slot of layout) {
    const values = parameters.subarray(slot.offset, slot.offset + slot.size);
    if (slot.role === "kernel") drawKernel(network, slot, values, seed);
    else if (slot.role === "gamma" || slot.role === "movingVariance") values.fill(1);
  }
  return parameters;
}

/** Standard deviation of a standard normal that is cut at +-2; dividing by it restores the wanted variance. */
const CUT_NORMAL_DEVIATION = 0.8796256610342398;

function drawKernel(network: Network, slot: ParameterSlot, values: Float32Array, seed: number): void {
  const { kind } = network.layers[slot.layer];
  const outputs = kind === "depthwise" ? 1 : slot.shape[slot.shape.length - 1];
  const fanIn = kind === "depthwise" ? slot.shape[0] * slot.shape[1] : slot.size / outputs;
  const gain = kind === "dense" ? 1 : 2;
  const deviation = Math.sqrt(gain / fanIn) / CUT_NORMAL_DEVIATION;
  const rng = new Rng(seed, STREAM.initialize, slot.layer);
  for (let i = 0; i < values.length; i++) {
    let draw = rng.normal();
    while (Math.abs(draw) > 2) draw = rng.normal();
    values[i] = draw * deviation;
  }
}
