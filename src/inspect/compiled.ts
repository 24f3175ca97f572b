/** A model as the ahead-of-time compiler sees it: what it emits for the ESP32. */
import type { KernelTarget } from "../emit/c/lower.js";
import { type EmittedC, emitC } from "../emit/c/model.js";
import { UserError } from "../errors.js";
import type { Int8Graph } from "../graph/types.js";

/** What the ahead-of-time compiler makes of it with the kernels of one target, or why it refuses the model. */
export function compileForInspection(graph: Int8Graph, target: KernelTarget): EmittedC | UserError {
  try {
    return emitC(graph, { provenance: "inspection", target });
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}
