/** A small detector with every layer kind that a real one has, at odd channels. */
import type { LayerActivation, Network } from "#smilec/train/network.js";

/** 24 x 16 pixels to a map of 3 x 2 cells. @param relu "none" makes the network smooth, for finite differences */
export function mapNetwork(relu: LayerActivation = "relu6"): Network {
  const plain = { kernel: 1, stride: 1, batchNorm: true, activation: "none" } as const;
  return {
    name: "map",
    layers: [
      { kind: "input", name: "input", shape: [16, 24, 1] },
      { kind: "conv", name: "stem", input: 0, filters: 6, kernel: 3, stride: 2, batchNorm: true, activation: relu },
      { kind: "depthwise", name: "down1", input: 1, kernel: 3, stride: 2, batchNorm: true, activation: relu },
      { kind: "conv", name: "mix1", input: 2, filters: 7, ...plain },
      { kind: "depthwise", name: "down2", input: 3, kernel: 3, stride: 2, batchNorm: true, activation: relu },
      { kind: "conv", name: "mix2", input: 4, filters: 9, ...plain, activation: relu },
      { kind: "conv", name: "fit", input: 5, filters: 7, ...plain },
      { kind: "upsample", name: "double", input: 6 },
      { kind: "add", name: "join", inputs: [7, 3], activation: relu },
      { kind: "upsample", name: "again", input: 8 },
      { kind: "depthwise", name: "back", input: 9, kernel: 3, stride: 4, batchNorm: true, activation: relu },
      { kind: "conv", name: "map", input: 10, filters: 4, kernel: 1, stride: 1, batchNorm: false, activation: "none" },
    ],
  };
}
