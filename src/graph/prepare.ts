/** The constants of one operator, computed here and nowhere else: for the reference interpreter and for every emitter. */
import { OperatorContext } from "./operator-context.js";
import { OPERATORS, type PreparedOperator } from "./registry.js";
import type { Int8Graph } from "./types.js";

/**
 * Checks operator `index` of a graph whose structure is valid (validate.ts) and computes its multipliers, offsets, paddings
 * and tables as TFLite Micro's prepare functions do. Throws UserError naming the operator.
 */
export function prepareOperator(graph: Int8Graph, index: number, where?: string): PreparedOperator {
  const context = new OperatorContext(graph, index, where);
  return OPERATORS[context.operator.kind].prepare(context);
}
