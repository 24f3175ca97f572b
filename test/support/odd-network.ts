/** A network with every layer kind, odd sizes, channels that fill no vector, shared inputs and both kinds of residual addition. */
import type { LayerActivation, Network } from "#smilec/train/network.js";

/** @param relu "none" makes the network smooth, for finite differences */
export function oddNetwork(relu: LayerActivation = "relu6"): Network {
  return {
    name: "odd",
    layers: [
      { kind: "input", name: "input", shape: [11, 9, 1] },
      { kind: "conv", name: "wide", input: 0, filters: 7, kernel: 5, stride: 1, batchNorm: false, activation: relu },
      { kind: "depthwise", name: "down", input: 1, kernel: 3, stride: 2, batchNorm: true, activation: relu },
      { kind: "depthwise", name: "bias", input: 2, kernel: 3, stride: 1, batchNorm: false, activation: "none" },
      { kind: "conv", name: "point", input: 2, filters: 7, kernel: 1, stride: 1, batchNorm: true, activation: "none" },
      { kind: "add", name: "sum", inputs: [3, 4], activation: relu },
      { kind: "add", name: "twice", inputs: [5, 5], activation: "none" },
      { kind: "add", name: "again", inputs: [6, 2], activation: relu },
      { kind: "conv", name: "deep", input: 7, filters: 13, kernel: 3, stride: 2, batchNorm: true, activation: relu },
      { kind: "conv", name: "even", input: 8, filters: 12, kernel: 2, stride: 1, batchNorm: true, activation: "none" },
      { kind: "mean", name: "pool", input: 9 },
      { kind: "dense", name: "hidden", input: 10, units: 5, dropout: 0 },
      { kind: "dense", name: "logits", input: 11, units: 3, dropout: 0.3 },
    ],
  };
}
