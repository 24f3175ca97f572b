/** Many compiled models in one program, run on the same inputs as the reference interpreter. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EmitCOptions, type EmittedC, emitC } from "#smilec/emit/c/model.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { type ActivationData, type Int8Graph, type Tensor, tensorBytes } from "#smilec/graph/types.js";
import { compile } from "../support/compile.js";
import type { Random } from "../support/random.js";
import { type OperatorCase, randomInputsOfAnyType } from "../support/random-graph.js";
import { bytesOf, valuesOf } from "../support/tflm.js";

export interface Comparison {
  /** Output values compared. */
  readonly compared: number;
  /** Outputs that differ somewhere. */
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
    /** Further sources, by name. */
    readonly files?: Readonly<Record<string, string>>;
    /** Called with what each graph becomes. */
    readonly onEmitted?: (emitted: EmittedC) => void;
  },
): Promise<Comparison> {
  const cases = graphs.map((graph) => ({ graph, inputs: randomInputs(graph, options.runs, random) }));
  return compareCases(cases, options.flags, options.perFile, options.emit, options.files, options.onEmitted);
}

/** As {@link compareWithReference} on given inputs, as many for each graph. */
export async function compareCases(
  cases: readonly OperatorCase[],
  flags: readonly string[],
  perFile = 25,
  emit: Partial<EmitCOptions> = {},
  files: Readonly<Record<string, string>> = {},
  onEmitted: (emitted: EmittedC) => void = () => {},
): Promise<Comparison> {
  const graphs = cases.map(({ graph }) => graph);
  const inputs = cases.map((c) => c.inputs);
  const models = programFiles(graphs, inputs[0].length, perFile, emit, onEmitted);
  const program = await compile({ ...models, ...files }, flags);
  try {
    await writeFile(join(program.folder, "in.bin"), Buffer.concat(inputs.flat(2).map(bytesOf)));
    const failed = await program.run(["in.bin", "out.bin"]);
    const outputs = new Uint8Array(await readFile(join(program.folder, "out.bin")));
    return { ...compare(graphs, inputs, outputs), failedSelfTests: Number(failed) };
  } finally {
    await program.dispose();
  }
}

/** The first two inputs are all of the lowest and all of the highest value. */
function randomInputs(graph: Int8Graph, runs: number, random: Random): ActivationData[][] {
  return randomInputsOfAnyType(graph, random, runs).map((inputs, run) =>
    run < 2 ? inputs.map((values) => extremes(values, run === 0)) : inputs,
  );
}

function extremes(values: ActivationData, low: boolean): ActivationData {
  if (values instanceof Float32Array) return values.map(() => (low ? -1e30 : 1e30));
  if (values instanceof Uint8Array) return values.map(() => (low ? 0 : 255));
  return values.map(() => (low ? -128 : 127));
}

function compare(
  graphs: readonly Int8Graph[],
  inputs: readonly (readonly (readonly ActivationData[])[])[],
  written: Uint8Array,
): Omit<Comparison, "failedSelfTests"> {
  let compared = 0;
  let different = 0;
  let firstDifference: string | undefined;
  let at = 0;
  const take = (tensor: Tensor): ActivationData => {
    const bytes = written.slice(at, at + tensorBytes(tensor));
    at += bytes.length;
    return valuesOf(bytes, tensor);
  };
  for (const [index, graph] of graphs.entries()) {
    const interpreter = new ReferenceInterpreter(graph);
    for (const [run, input] of inputs[index].entries()) {
      const expected = interpreter.runAnyType(input);
      for (const [k, values] of expected.entries()) {
        const got = take(graph.tensors[graph.outputs[k]]);
        compared += values.length;
        if (bytesOf(got).equals(bytesOf(values))) continue;
        const position = Array.from(values).findIndex((value, i) => !Object.is(value, got[i]));
        different++;
        firstDifference ??= `${graph.name} ${graph.operators[0]?.kind} (graph ${index}), run ${run}, output ${k}[${position}]: ${got[position]}, not ${values[position]}`;
      }
    }
  }
  if (at !== written.length) throw new Error(`the program wrote ${written.length} bytes, not ${at}`);
  return { compared, different, firstDifference, distinct: new Set(written).size };
}

function programFiles(
  graphs: readonly Int8Graph[],
  runs: number,
  perFile: number,
  emit: Partial<EmitCOptions>,
  onEmitted: (emitted: EmittedC) => void,
): Record<string, string> {
  const files: Record<string, string> = { "main.c": mainText(graphs, runs) };
  for (let start = 0; start < graphs.length; start += perFile) {
    const group = graphs.slice(start, start + perFile);
    const sources = group.map((graph, i) => {
      const emitted = emitC(graph, { prefix: `m${start + i}`, provenance: graph.name, ...emit });
      onEmitted(emitted);
      Object.assign(files, { [`m${start + i}.h`]: emitted.files[`m${start + i}.h`] });
      return emitted.files[`m${start + i}.c`] + scramble(`m${start + i}`, emitted.arenaBytes);
    });
    files[`models${start}.c`] = sources.join("\n");
  }
  return files;
}

/** A function that fills the arena with random bytes: a model must not depend on what it finds there. */
function scramble(name: string, arenaBytes: number): string {
  const fill = `    for (size_t i = 0; i < sizeof(${name}_arena); i++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        ${name}_arena[i] = (int8_t)((int32_t)(seed >> 24) - 128);
    }`;
  const body = arenaBytes === 0 ? "    (void)seed;" : fill;
  return `\nvoid ${name}_scramble(uint32_t seed);\nvoid ${name}_scramble(uint32_t seed)\n{\n${body}\n}\n`;
}

/** Calls a model through pointers of no type, whatever its entry point. */
function adapter(graph: Int8Graph, name: string): string {
  const single = graph.inputs.length === 1 && graph.outputs.length === 1;
  const call = single ? `${name}_invoke(in[0], out[0])` : `${name}_invoke_many(in, out)`;
  return `static int ${name}_run(const void *const in[], void *const out[]) { return ${call}; }`;
}

function descriptor(graph: Int8Graph, name: string): string {
  const sizes = (tensors: readonly number[]) => tensors.map((index) => tensorBytes(graph.tensors[index])).join(", ");
  const counts = `${graph.inputs.length}, ${graph.outputs.length}`;
  return `    {${name}_run, ${name}_self_test, ${name}_scramble, ${counts}, {${sizes(graph.inputs)}}, {${sizes(graph.outputs)}}},`;
}

function mainText(graphs: readonly Int8Graph[], runs: number): string {
  const names = graphs.map((_, i) => `m${i}`);
  const most = Math.max(...graphs.flatMap(({ inputs, outputs }) => [inputs.length, outputs.length]));
  return `#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
${names.map((name) => `#include "${name}.h"`).join("\n")}
${names.map((name) => `void ${name}_scramble(uint32_t seed);`).join("\n")}
struct model {
    int (*run)(const void *const *, void *const *);
    int (*self_test)(void);
    void (*scramble)(uint32_t);
    size_t inputs, outputs, input[${most}], output[${most}];
};
${graphs.map((graph, i) => adapter(graph, names[i])).join("\n")}
static const struct model models[] = {
${graphs.map((graph, i) => descriptor(graph, names[i])).join("\n")}
};
/* Exact allocations, so that a read or write one byte beyond is seen by the address sanitizer. */
static int allocate(size_t count, const size_t *sizes, void **blocks)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(sizes[i]);
        if (blocks[i] == NULL) {
            return 0;
        }
    }
    return 1;
}
static int run(const struct model *m, FILE *in, FILE *out)
{
    void *inputs[${most}], *outputs[${most}];
    if (!allocate(m->inputs, m->input, inputs) || !allocate(m->outputs, m->output, outputs)) {
        return 2;
    }
    for (int n = 0; n < ${runs}; n++) {
        for (size_t i = 0; i < m->inputs; i++) {
            if (fread(inputs[i], 1, m->input[i], in) != m->input[i]) {
                return 3;
            }
        }
        m->scramble((uint32_t)n + 1);
        if (m->run((const void *const *)inputs, outputs) != 0) {
            return 5;
        }
        for (size_t i = 0; i < m->outputs; i++) {
            if (fwrite(outputs[i], 1, m->output[i], out) != m->output[i]) {
                return 4;
            }
        }
    }
    for (size_t i = 0; i < m->inputs; i++) {
        free(inputs[i]);
    }
    for (size_t i = 0; i < m->outputs; i++) {
        free(outputs[i]);
    }
    return 0;
}
int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
    FILE *out = argc == 3 ? fopen(argv[2], "wb") : NULL;
    int failed = 0;
    if (in == NULL || out == NULL) {
        return 1;
    }
    for (size_t m = 0; m < sizeof(models) / sizeof(models[0]); m++) {
        const int error = run(&models[m], in, out);
        if (error != 0) {
            return error;
        }
        failed += models[m].self_test() != 0;
    }
    printf("%d", failed);
    return fclose(out) == 0 && fclose(in) == 0 ? 0 : 4;
}
`;
}
