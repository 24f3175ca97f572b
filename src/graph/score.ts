import { InterruptedError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { ReferenceInterpreter } from "./interpreter.js";
import type { Int8Graph } from "./types.js";

/** int8 outputs of every input, by the reference arithmetic, with progress. Throws InterruptedError when aborted. */
export function scoreGraph(
  graph: Int8Graph,
  inputs: Iterable<Int8Array>,
  count: number,
  label: string,
  context: StageContext,
): Int8Array[] {
  const interpreter = new ReferenceInterpreter(graph);
  const progress = context.reporter.progress(label, count, "pictures");
  const outputs: Int8Array[] = [];
  try {
    for (const input of inputs) {
      if (context.signal.aborted) throw new InterruptedError();
      outputs.push(interpreter.run([input])[0]);
      if (outputs.length % 16 === 0) progress.update(outputs.length);
    }
  } finally {
    progress.end();
  }
  return outputs;
}

/** The outputs of all pictures one after the other, [count, labels]: int8 steps serve as logits where only their order counts. */
export function outputLogits(outputs: readonly Int8Array[]): Float32Array {
  return Float32Array.from(outputs.flatMap((one) => [...one]));
}
