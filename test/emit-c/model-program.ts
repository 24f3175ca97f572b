/** Many compiled models in one program, run on the same inputs as the reference interpreter. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EmitCOptions, emitC } from "#smilec/emit/c/model.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { compile } from "../support/compile.js";
import type { Random } from "../support/random.js";

export interface Comparison {
  /** Output values compared. */
  readonly compared: number;
  readonly different: number;
  /** The first graph that differed, and where. */
  readonly firstDifference: string | undefined;
  /** Distinct output values over all models: a saturated or constant output proves little. */
  readonly distinct: number;
  /** Models whose self test failed. */
  readonly failedSelfTests: number;
}

/** Compiles every graph in groups of `perFile`, runs each on `runs` random inputs (and the extremes), compares all outputs. */
export async function compareWithReference(
  graphs: readonly Int8Graph[],
  random: Random,
  options: {
    readonly runs: number;
    readonly flags: readonly string[];
    readonly perFile?: number;
    readonly emit?: Partial<EmitCOptions>;
  },
): Promise<Comparison> {
  const files = programFiles(graphs, options.runs, options.perFile ?? 25, options.emit ?? {});
  const program = await compile(files, options.flags);
  try {
    const inputs = graphs.map((graph) => randomInputs(graph, options.runs, random));
    await writeFile(
      join(program.folder, "in.bin"),
      Buffer.concat(inputs.flat().map((input) => Buffer.from(input.buffer))),
    );
    const failed = await program.run(["in.bin", "out.bin"]);
    const outputs = new Int8Array(await readFile(join(program.folder, "out.bin")));
    return { ...compare(graphs, inputs, outputs), failedSelfTests: Number(failed) };
  } finally {
    await program.dispose();
  }
}

/** The first two inputs are all -128 and all 127. */
function randomInputs(graph: Int8Graph, runs: number, random: Random): Int8Array[] {
  const length = elementCount(graph.tensors[graph.inputs[0]].shape);
  return Array.from({ length: runs }, (_, run) => {
    if (run < 2) return new Int8Array(length).fill(run === 0 ? -128 : 127);
    return random.int8s(length);
  });
}

function compare(
  graphs: readonly Int8Graph[],
  inputs: readonly (readonly Int8Array[])[],
  outputs: Int8Array,
): Omit<Comparison, "failedSelfTests"> {
  let compared = 0;
  let different = 0;
  let firstDifference: string | undefined;
  for (const [index, graph] of graphs.entries()) {
    const interpreter = new ReferenceInterpreter(graph);
    for (const [run, input] of inputs[index].entries()) {
      const [expected] = interpreter.run([input]);
      for (const [position, value] of expected.entries()) {
        const got = outputs[compared++];
        if (got === value) continue;
        different++;
        firstDifference ??= `${graph.name} (graph ${index}), run ${run}, output ${position}: ${got}, not ${value}`;
      }
    }
  }
  if (compared !== outputs.length) throw new Error(`the program wrote ${outputs.length} values, not ${compared}`);
  return { compared, different, firstDifference, distinct: new Set(outputs).size };
}

function programFiles(
  graphs: readonly Int8Graph[],
  runs: number,
  perFile: number,
  emit: Partial<EmitCOptions>,
): Record<string, string> {
  const files: Record<string, string> = { "main.c": mainText(graphs, runs) };
  for (let start = 0; start < graphs.length; start += perFile) {
    const group = graphs.slice(start, start + perFile);
    const sources = group.map((graph, i) => {
      const emitted = emitC(graph, { prefix: `m${start + i}`, provenance: graph.name, ...emit });
      Object.assign(files, { [`m${start + i}.h`]: emitted.files[`m${start + i}.h`] });
      return emitted.files[`m${start + i}.c`] + scramble(`m${start + i}`, emitted.arenaBytes);
    });
    files[`models${start}.c`] = sources.join("\n");
  }
  return files;
}

/** A function that fills the arena with what a model must not depend on. */
function scramble(name: string, arenaBytes: number): string {
  const body = arenaBytes === 0 ? "    (void)value;" : `    memset(${name}_arena, value, sizeof(${name}_arena));`;
  return `\nvoid ${name}_scramble(int value);\nvoid ${name}_scramble(int value)\n{\n${body}\n}\n`;
}

function mainText(graphs: readonly Int8Graph[], runs: number): string {
  const names = graphs.map((_, i) => `m${i}`);
  return `#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
${names.map((name) => `#include "${name}.h"`).join("\n")}
${names.map((name) => `void ${name}_scramble(int value);`).join("\n")}
struct model {
    int (*invoke)(const int8_t *, int8_t *);
    int (*self_test)(void);
    void (*scramble)(int);
    size_t input, output;
};
static const struct model models[] = {
${names.map((n) => `    {${n}_invoke, ${n}_self_test, ${n}_scramble, ${n.toUpperCase()}_INPUT_LENGTH, ${n.toUpperCase()}_OUTPUT_LENGTH},`).join("\n")}
};
int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
    FILE *out = argc == 3 ? fopen(argv[2], "wb") : NULL;
    int failed = 0;
    if (in == NULL || out == NULL) {
        return 1;
    }
    for (size_t m = 0; m < sizeof(models) / sizeof(models[0]); m++) {
        /* Exact allocations, so that a read or write one byte beyond is seen by the address sanitizer. */
        int8_t *input = malloc(models[m].input);
        int8_t *output = malloc(models[m].output);
        if (input == NULL || output == NULL) {
            return 2;
        }
        for (int run = 0; run < ${runs}; run++) {
            models[m].scramble(run * 0x55 + 0x7f);
            if (fread(input, 1, models[m].input, in) != models[m].input || models[m].invoke(input, output) != 0 ||
                fwrite(output, 1, models[m].output, out) != models[m].output) {
                return 3;
            }
        }
        failed += models[m].self_test() != 0;
        free(input);
        free(output);
    }
    printf("%d", failed);
    return fclose(out) == 0 && fclose(in) == 0 ? 0 : 4;
}
`;
}

/** The same graph with all inputs but the first turned into constants: compiled models have one input. */
export function withOneInput(graph: Int8Graph, random: Random): Int8Graph {
  const [first, ...others] = graph.inputs;
  const tensors = graph.tensors.map((tensor, index) =>
    others.includes(index) ? { ...tensor, data: random.int8s(elementCount(tensor.shape)) } : tensor,
  );
  return { ...graph, tensors, inputs: [first] };
}
