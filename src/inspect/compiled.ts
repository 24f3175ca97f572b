/** A model as the ahead-of-time compiler sees it: what it emits for the ESP32, and the kernels it calls. */
import { foldActivations } from "../emit/c/activation.js";
import { type JoinLayers, joinLayers } from "../emit/c/fuse.js";
import type { KernelCall } from "../emit/c/kernel-call.js";
import { type KernelTarget, lowerGraph } from "../emit/c/lower.js";
import { type EmittedC, emitC } from "../emit/c/model.js";
import { shareCode } from "../emit/c/share.js";
import { UserError } from "../errors.js";
import type { Int8Graph } from "../graph/types.js";

export interface Compiled {
  readonly emitted: EmittedC;
  /** In the order of the arena's steps. */
  readonly calls: readonly KernelCall[];
}

/** What the ahead-of-time compiler makes of it with the kernels of one target, or why it refuses the model. */
export function compileForInspection(graph: Int8Graph, target: KernelTarget): Compiled | UserError {
  try {
    return { emitted: emitC(graph, { provenance: "inspection", target }), calls: placedCalls(graph, target) };
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** The calls that emitC renders, in order. */
export function placedCalls(graph: Int8Graph, target: KernelTarget, which?: JoinLayers): readonly KernelCall[] {
  return shareCode(joinLayers(graph, foldActivations(graph, lowerGraph(graph, target)), which).calls);
}
