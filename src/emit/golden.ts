/** The example that every engine embeds and runs at start-up to prove itself. */
import { ReferenceInterpreter } from "../graph/interpreter.js";
import { elementCount, type Int8Graph } from "../graph/types.js";

export interface Golden {
  readonly input: Int8Array;
  /** What the reference arithmetic makes of the input. */
  readonly output: Int8Array;
}

/** Every byte value in turn, in an order that does not repeat within a row of a picture. The graph has one input and one output. */
export function patternGolden(graph: Int8Graph): Golden {
  const length = elementCount(graph.tensors[graph.inputs[0]].shape);
  const input = Int8Array.from({ length }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 24) - 128);
  const [output] = new ReferenceInterpreter(graph).run([input]);
  return { input, output };
}
