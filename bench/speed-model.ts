/**
 * Instructions of every kernel that generated C may call, as a sum over the units of its work (src/inspect/work.ts), fitted to layers counted on the
 * simulated Xtensa (src/build/xtensa-sim.ts): the table that `smilec inspect` estimates times with. Writes src/inspect/kernel-costs.ts to standard
 * output, and how far each fit is off to standard error; run it again whenever kernels, or what lowering chooses, have changed:
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/speed-model.ts > /tmp/kernel-costs.ts && mv /tmp/kernel-costs.ts src/inspect/
 */
import { simulateXtensa } from "#smilec/build/xtensa-sim.js";
import type { KernelCall } from "#smilec/emit/c/kernel-call.js";
import { type KernelTarget, lowerGraph } from "#smilec/emit/c/lower.js";
import { type EmitCOptions, type EmittedC, emitC } from "#smilec/emit/c/model.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import type { KernelCost } from "#smilec/inspect/kernel-costs.js";
import { type Work, workOf } from "#smilec/inspect/work.js";
import { kernelWorks } from "#smilec/inspect/work-rows.js";
import { Random } from "../test/support/random.js";
import { lx6Sources } from "../test/support/xtensa.js";
import { nonNegativeFit } from "./non-negative-fit.js";
import { spreadOfChains, spreadOfLayers } from "./speed-layers.js";

/** Models in one program of the simulator. */
const PER_PROGRAM = 20;
/** Memory for bands, bytes: layers get narrow and wide ones. */
const ARENA_LIMITS = [64 * 1024, 6 * 1024];
/** Layers of few instructions count less: errors are taken relative to the count and this. */
const SMALL = 1000;

/** What the simulated core, which has no floating point unit, cannot count: divisions and conversions on the ESP32's. */
const ASSUMED: Readonly<Record<string, KernelCost>> = {
  smk_quantize: { origin: "assumed", instructions: { calls: 20, values: 70 } },
  smk_dequantize: { origin: "assumed", instructions: { calls: 20, values: 15 } },
  smk_dequantize_unsigned: { origin: "assumed", instructions: { calls: 20, values: 15 } },
};

/** Some work of one kernel, and the instructions that it took beyond `known`. */
interface Sample {
  readonly work: Work;
  readonly counted: number;
  /** Of the instructions counted, those of other kernels. */
  readonly known: number;
}

async function main(): Promise<void> {
  const samples = new Map<string, Sample[]>();
  for (const target of ["portable", "lx6"] as const) await countLayers(target, samples);
  const costs = new Map([...samples].map(([kernel, list]) => [kernel, fitted(list)]));
  const chains = [...(await countChains("portable", costs)), ...(await countChains("lx6", costs))];
  costs.set("smk_rows", fitted(chains));
  for (const [kernel, cost] of Object.entries(ASSUMED)) costs.set(kernel, cost);
  const sorted = [...costs].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [kernel, { fit, instructions }] of sorted) console.error(residualText(kernel, fit, instructions));
  process.stdout.write(sourceText(sorted));
}

/** Adds a sample for each layer; for target lx6 those layers only that have a kernel of their own there. */
async function countLayers(target: KernelTarget, samples: Map<string, Sample[]>): Promise<void> {
  const layers = spreadOfLayers().filter((graph) => {
    return target === "portable" || lowerGraph(graph, target).calls.some(({ kernel }) => kernel.startsWith("smk_lx6_"));
  });
  for (const { emitted, counted } of await countInstructions(layers, { target })) {
    const { calls } = emitted;
    const [{ kernel }] = calls;
    if (calls.some((call) => call.kernel !== kernel)) throw new Error("a layer calls more than one kernel");
    samples.set(kernel, [...(samples.get(kernel) ?? []), { work: total(calls), counted, known: 0 }]);
  }
}

function total(calls: readonly KernelCall[]): Work {
  const sum: Record<string, number> = {};
  for (const call of calls) {
    for (const [unit, count] of Object.entries(workOf(call))) sum[unit] = (sum[unit] ?? 0) + count;
  }
  return sum;
}

/** What joining layers row by row adds to the kernels' own instructions. */
async function countChains(target: KernelTarget, costs: ReadonlyMap<string, KernelCost>): Promise<Sample[]> {
  const chains = spreadOfChains();
  const counts = await countInstructions(chains, { target, joinLayers: "wherever-possible" });
  return counts.flatMap(({ emitted, counted }, index): Sample[] => {
    const works = emitted.calls.flatMap((call) => kernelWorks(chains[index], call));
    const known = works.reduce((sum, { kernel, work }) => sum + instructionsOf(costs.get(kernel), work), 0);
    const joined = works.find(({ kernel }) => kernel === "smk_rows");
    return joined === undefined ? [] : [{ work: joined.work, counted, known }];
  });
}

function instructionsOf(cost: KernelCost | undefined, work: Work): number {
  return Object.entries(cost?.instructions ?? {}).reduce((sum, [unit, each]) => sum + each * (work[unit] ?? 0), 0);
}

interface Counted {
  readonly emitted: EmittedC;
  /** Instructions of one run, the entry point included. */
  readonly counted: number;
}

async function countInstructions(graphs: readonly Int8Graph[], options: Partial<EmitCOptions>): Promise<Counted[]> {
  const counts: Counted[] = [];
  for (let start = 0; start < graphs.length; start += PER_PROGRAM) {
    const group = graphs.slice(start, start + PER_PROGRAM);
    const emitted = group.map((graph, i) => {
      const arenaLimit = ARENA_LIMITS[i % ARENA_LIMITS.length];
      return emitC(graph, { ...options, arenaLimit, prefix: `m${i}`, provenance: graph.name });
    });
    const lengths = (ends: (graph: Int8Graph) => number) => group.map((g) => elementCount(g.tensors[ends(g)].shape));
    const simulation = await simulateXtensa({
      files: { ...Object.assign({}, ...emitted.map(({ files }) => files)), ...oneByOne(lengths((g) => g.outputs[0])) },
      prefix: "all",
      sources: emitted.some(({ kernelSources }) => kernelSources.length > 0) ? lx6Sources : [],
      inputs: [new Random(1).int8s(Math.max(...lengths((g) => g.inputs[0])))],
      outputLength: 1,
      steps: group.length,
    });
    counts.push(...emitted.map((model, i) => ({ emitted: model, counted: simulation.steps[i] })));
  }
  return counts;
}

/** A model that runs m0, m1, ... on its input. */
function oneByOne(outputs: readonly number[]): Record<string, string> {
  const includes = outputs.map((_, i) => `#include "m${i}.h"\n`).join("");
  const runs = outputs.map((_, i) => `    error |= m${i}_invoke(input, results);\n    sim_step(${i});\n`).join("");
  return {
    "all.h": "#include <stdint.h>\nint all_invoke(const int8_t *input, int8_t *output);\n",
    "all.c": `${includes}#include "all.h"
void sim_step(int step);
static _Alignas(16) int8_t results[${Math.max(...outputs)}];
int all_invoke(const int8_t *input, int8_t *output)
{
    int error = 0;

${runs}    output[0] = results[0];
    return error;
}
`,
  };
}

/** Least squares of the relative errors, no unit costing less than nothing. */
function fitted(samples: readonly Sample[]): KernelCost {
  const units = [...new Set(samples.flatMap(({ work }) => Object.keys(work)))];
  const weights = samples.map(({ counted }) => 1 / (counted + SMALL));
  const rows = samples.map(({ work }, i) => units.map((unit) => weights[i] * (work[unit] ?? 0)));
  const goals = samples.map(({ counted, known }, i) => weights[i] * (counted - known));
  const costs = nonNegativeFit(rows, goals).map((cost) => Number(cost.toPrecision(3)));
  const instructions = Object.fromEntries(
    units.map((unit, i) => [unit, costs[i]] as const).filter(([, cost]) => cost > 0),
  );
  const errors = rows.map((row, i) => Math.abs(row.reduce((sum, x, j) => sum + x * costs[j], 0) - goals[i]));
  const percent = (error: number) => Number((100 * error).toFixed(1));
  const fit = {
    layers: samples.length,
    meanError: percent(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)),
    largestError: percent(Math.max(...errors)),
  };
  return { origin: "counted", instructions, fit };
}

function residualText(kernel: string, fit: KernelCost["fit"], instructions: Work): string {
  const figures = Object.entries(instructions).map(([unit, cost]) => `${unit} ${cost}`);
  const off =
    fit === undefined
      ? "assumed".padEnd(34)
      : `${String(fit.layers).padStart(3)} layers, ${fit.meanError.toFixed(1).padStart(4)} %, at most ${fit.largestError.toFixed(1).padStart(4)} %`;
  return `${kernel.padEnd(24)} ${off}  ${figures.join(", ")}`;
}

function sourceText(costs: readonly (readonly [string, KernelCost])[]): string {
  const entries = costs.map(([kernel, { origin, instructions, fit }]) => {
    const lines = [
      `    origin: "${origin}",`,
      ...record("instructions", instructions),
      ...(fit === undefined ? [] : record("fit", { ...fit })),
    ];
    return `  ${kernel}: {\n${lines.join("\n")}\n  },\n`;
  });
  return `${HEAD}${entries.join("")}};\n`;
}

/** As the formatter writes it. */
function record(name: string, values: Readonly<Record<string, number>>): string[] {
  const fields = Object.entries(values).map(([key, value]) => `${key}: ${value}`);
  const line = `    ${name}: { ${fields.join(", ")} },`;
  return line.length <= 120 ? [line] : [`    ${name}: {`, ...fields.map((field) => `      ${field},`), "    },"];
}

const HEAD = `/** Generated by bench/speed-model.ts, which says how: do not edit. What a unit is, src/inspect/work.ts says. */
import type { Work } from "./work.js";

export interface KernelCost {
  /** "counted": on the simulated Xtensa, clang 22 -O2. "assumed": nothing has counted it. */
  readonly origin: "counted" | "assumed";
  /** Per unit of work. */
  readonly instructions: Work;
  /** Layers that it was fitted to, and how far off it is there: root of the mean square and largest, in percent. */
  readonly fit?: { readonly layers: number; readonly meanError: number; readonly largestError: number };
}

export const KERNEL_COSTS: Readonly<Record<string, KernelCost>> = {
`;

await main();
