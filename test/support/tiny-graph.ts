/** A graph small enough to read, with every operator that smilec's own networks use; weights from a fixed seed. */
import type { Int8Graph } from "#smilec/graph/types.js";
import { quantizeModel } from "#smilec/quantize/quantize.js";
import { initialParameters } from "#smilec/train/initialize.js";
import type { FloatModel, Network } from "#smilec/train/network.js";
import { Random } from "./random.js";

export const TINY_SPEC = { size: 8, normalize: "standardize" } as const;

const network: Network = {
  name: "tiny-golden",
  layers: [
    { kind: "input", name: "input", shape: [8, 8, 1] },
    { kind: "conv", name: "stem", input: 0, filters: 4, kernel: 3, stride: 2, batchNorm: true, activation: "relu6" },
    { kind: "depthwise", name: "dw", input: 1, kernel: 3, stride: 1, batchNorm: true, activation: "none" },
    { kind: "add", name: "sum", inputs: [1, 2], activation: "relu6" },
    { kind: "mean", name: "pool", input: 3 },
    { kind: "dense", name: "logits", input: 4, units: 2, dropout: 0 },
  ],
};

export function tinyInputs(count: number, seed: number): Int8Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.int8s(64));
}

export async function tinyGraph(): Promise<Int8Graph> {
  const model: FloatModel = { network, parameters: initialParameters(network, 7) };
  const { graph } = await quantizeModel(model, TINY_SPEC, tinyInputs(16, 5), { percentile: 100 });
  return graph;
}
