/** Several compiled models in one program on the Xtensa simulator, compared with the reference interpreter. */
import { join } from "node:path";
import { findXtensaTools, type Simulation, simulateXtensa } from "#smilec/build/xtensa-sim.js";
import type { KernelTarget } from "#smilec/emit/c/lower.js";
import { type EmitCOptions, type EmittedC, emitC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { Random } from "./random.js";
import { watchedArena, watchedArenaHeader } from "./watched-arena.js";

/** Why there is no simulator here; undefined when there is one. */
export async function missingSimulator(): Promise<string | undefined> {
  return findXtensaTools().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

export const lx6Sources = [join(packageRoot, "firmware", "kernels", "lx6", "smk_lx6.S")];

export interface SimulatedGraphs {
  readonly compared: number;
  readonly different: number;
  readonly firstDifference: string | undefined;
  /** Distinct output values: a saturated or constant output proves little. */
  readonly distinct: number;
  /** Kernels the models call, each once. */
  readonly kernels: readonly string[];
  readonly simulation: Simulation;
}

/**
 * Runs every graph on `runs` random inputs, the first all -128 and the second all 127. `watched`: each arena holds random bytes before a run, and a run
 * that writes behind it ends the program.
 */
export async function simulateGraphs(
  graphs: readonly Int8Graph[],
  target: KernelTarget,
  random: Random,
  runs: number,
  more: {
    readonly emit?: Partial<EmitCOptions>;
    readonly files?: Readonly<Record<string, string>>;
    readonly watched?: boolean;
  } = {},
): Promise<SimulatedGraphs> {
  const emitted = graphs.map((graph, i) =>
    emitC(graph, { prefix: `m${i}`, provenance: graph.name, target, ...more.emit }),
  );
  const inputLengths = graphs.map((graph) => lengthOf(graph, graph.inputs[0]));
  const inputs = Array.from({ length: runs }, (_, run) => {
    const length = Math.max(...inputLengths);
    return run < 2 ? new Int8Array(length).fill(run === 0 ? -128 : 127) : random.int8s(length);
  });
  const outputLengths = graphs.map((graph) => lengthOf(graph, graph.outputs[0]));
  const watched = more.watched ?? false;
  const models = emitted.map((model, i) => (watched ? watchedArena(model, `m${i}`) : model.files));
  const simulation = await simulateXtensa({
    files: { ...Object.assign({}, ...models), ...together(outputLengths, watched), ...more.files },
    prefix: "all",
    sources: emitted.some(({ kernelSources }) => kernelSources.length > 0) ? lx6Sources : [],
    inputs,
    outputLength: outputLengths.reduce((a, b) => a + b, 0),
  });
  const kernels = [...new Set(emitted.flatMap(kernelsOf))].sort();
  return { ...compare(graphs, inputs, inputLengths, simulation.outputs), kernels, simulation };
}

/** Instructions of each kernel call of a model, on a random input. Throws where its output is not the reference's. */
export async function countSteps(graph: Int8Graph, emit: Partial<EmitCOptions>): Promise<readonly number[]> {
  const { files, kernelSources } = emitC(graph, { provenance: graph.name, ...emit, profile: true });
  const input = new Random(1).int8s(lengthOf(graph, graph.inputs[0]));
  const [expected] = new ReferenceInterpreter(graph).run([input]);
  const { outputs, steps } = await simulateXtensa({
    files,
    sources: kernelSources.length > 0 ? lx6Sources : [],
    inputs: [input],
    outputLength: expected.length,
    steps: files["model.c"].match(/^ {4}sim_step\(\d+\);/gm)?.length ?? 0,
  });
  if (!Buffer.from(outputs[0]).equals(Buffer.from(expected))) throw new Error(`${graph.name}: another result`);
  return steps;
}

function lengthOf(graph: Int8Graph, tensor: number): number {
  return elementCount(graph.tensors[tensor].shape);
}

/** One model that runs all, each on the first bytes of the input; their outputs follow each other. */
function together(lengths: readonly number[], watched: boolean): Record<string, string> {
  const headers = lengths.map((_, i) => `#include "m${i}.h"\n${watched ? watchedArenaHeader(`m${i}`) : ""}`).join("");
  const calls = lengths.map((length, i) => {
    const run = `    error |= m${i}_invoke(input, output);\n    output += ${length};\n`;
    return watched ? `    m${i}_poison(++seed);\n${run}    error |= !m${i}_intact(seed);\n` : run;
  });
  const seed = watched ? "    static uint32_t seed;\n" : "";
  return {
    "all.h": "#include <stdint.h>\nint all_invoke(const int8_t *input, int8_t *output);\n",
    "all.c": `${headers}#include "all.h"\nint all_invoke(const int8_t *input, int8_t *output)\n{\n${seed}    int error = 0;\n\n${calls.join("")}    return error;\n}\n`,
  };
}

function kernelsOf({ calls }: EmittedC): string[] {
  return calls.flatMap(({ kernel, rows, parts }) => {
    const within = [...(rows?.stages ?? []), ...(parts ?? []).map(({ call }) => call)];
    return within.length === 0 ? [kernel] : within.map((call) => call.kernel);
  });
}

function compare(
  graphs: readonly Int8Graph[],
  inputs: readonly Int8Array[],
  inputLengths: readonly number[],
  outputs: readonly Int8Array[],
): Pick<SimulatedGraphs, "compared" | "different" | "firstDifference" | "distinct"> {
  const values = new Set<number>();
  let [compared, different] = [0, 0];
  let firstDifference: string | undefined;
  for (const [run, input] of inputs.entries()) {
    let at = 0;
    for (const [index, graph] of graphs.entries()) {
      const [expected] = new ReferenceInterpreter(graph).run([input.subarray(0, inputLengths[index])]);
      for (const [i, value] of expected.entries()) {
        values.add(value);
        compared++;
        if (outputs[run][at + i] === value) continue;
        different++;
        firstDifference ??= `model ${index} (${graph.name}, ${JSON.stringify(graph.operators[0])}), run ${run}, output ${i}: ${outputs[run][at + i]}, not ${value}`;
      }
      at += expected.length;
    }
  }
  return { compared, different, firstDifference, distinct: values.size };
}
