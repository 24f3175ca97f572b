import { type Network, outputShapes } from "./network.js";
import { Rng } from "./rng.js";
import { STREAM } from "./streams.js";

/** Dropout masks of a step by layer: [count, inputs], 0 or 1 / (1 - probability). */
export function dropoutMasks(network: Network, seed: number, step: number, count: number): Map<number, Float32Array> {
  const shapes = outputShapes(network);
  const masks = new Map<number, Float32Array>();
  network.layers.forEach((layer, index) => {
    if (layer.kind !== "dense" || layer.dropout === 0) return;
    const rng = new Rng(seed, STREAM.dropout, step, index);
    const kept = 1 / (1 - layer.dropout);
    const mask = new Float32Array(count * shapes[layer.input][0]);
    for (let i = 0; i < mask.length; i++) mask[i] = rng.uniform() < layer.dropout ? 0 : kept;
    masks.set(index, mask);
  });
  return masks;
}
