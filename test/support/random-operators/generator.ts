/** What makes a random graph of one operator, and what those share. */
import type { Activation } from "#smilec/graph/types.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { Random } from "../random.js";

export type Generator = (graph: GraphBuilder, random: Random) => void;

export const ACTIVATIONS: readonly Activation[] = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"];

export function randomShape(random: Random): number[] {
  return Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 7));
}
