/**
 * Generated kernels against the same layers written plainly (a bounds check for each tap, as reference kernels have it), both compiled by the same
 * compiler with the same flags and run in turn in one process: the ratios can be compared between machines, the nanoseconds cannot.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/kernels.ts [compiler flags, default -O2]
 */
import { arrayDefinition } from "#smilec/emit/c/c-text.js";
import { emitC } from "#smilec/emit/c/model.js";
import { prepareOperator } from "#smilec/graph/prepare.js";
import type { PreparedOperator } from "#smilec/graph/registry.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { NetworkBuilder, residualNetwork } from "../test/emit-c/networks.js";
import { compile } from "../test/support/compile.js";
import { Random } from "../test/support/random.js";

type Windowed = Extract<PreparedOperator, { kind: "CONV_2D" | "DEPTHWISE_CONV_2D" }>;

const same = { padding: "SAME", strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, filterH: 3, filterW: 3 } as const;
const half = { ...same, strideH: 2, strideW: 2 };
const point = { ...same, filterH: 1, filterW: 1 };

type Layer = readonly [name: string, shape: readonly number[], make: (builder: NetworkBuilder) => number];

const LAYERS: readonly Layer[] = [
  ["first 3x3/2, 48x48x1 to 12", [1, 48, 48, 1], (b) => b.conv(b.input, 12, half)],
  ["first 3x3/2, 96x96x3 to 8", [1, 96, 96, 3], (b) => b.conv(b.input, 8, half)],
  ["3x3, 24x24x16 to 16", [1, 24, 24, 16], (b) => b.conv(b.input, 16, same)],
  ["3x3/2, 24x24x16 to 32", [1, 24, 24, 16], (b) => b.conv(b.input, 32, half)],
  ["3x3, 12x12x32 to 32", [1, 12, 12, 32], (b) => b.conv(b.input, 32, same)],
  ["3x3, 6x6x64 to 64", [1, 6, 6, 64], (b) => b.conv(b.input, 64, same)],
  ["1x1, 12x12x32 to 64", [1, 12, 12, 32], (b) => b.conv(b.input, 64, point)],
  ["depthwise 3x3, 24x24x32", [1, 24, 24, 32], (b) => b.depthwise(b.input, 1, same)],
  ["depthwise 3x3/2, 12x12x64", [1, 12, 12, 64], (b) => b.depthwise(b.input, 1, half)],
];

interface Measured {
  readonly generated: number;
  readonly plain: number;
  readonly equal: boolean;
}

async function main(flags: readonly string[]): Promise<void> {
  const settings = ["-std=c11", ...(flags.length === 0 ? ["-O2"] : flags)];
  const graphs = LAYERS.map(([name, shape, make]) => layerGraph(name, shape, make));
  const results = await measure(graphs, settings);
  console.log(`${settings.join(" ")}: nanoseconds per multiply-add, best of 15 turns\n`);
  console.log(`${"layer".padEnd(30)}  generated    plain    ratio`);
  for (const [i, [name]] of LAYERS.entries()) {
    const { generated, plain, equal } = results[i];
    const macs = multiplyAdds(prepareOperator(graphs[i], 0) as Windowed);
    const cells = [generated / macs, plain / macs, plain / generated].map((x) => x.toFixed(3).padStart(9)).join("");
    console.log(`${name.padEnd(30)}  ${cells}${equal ? "" : "  DIFFERENT RESULTS"}`);
  }
  const network = emitC(residualNetwork(new Random(1)), { provenance: "bench" });
  console.log(`\nresidual network: arena ${network.arenaBytes} bytes (largest live set ${network.plan.lowerBound})`);
  if (results.some(({ equal }) => !equal)) process.exitCode = 1;
}

function layerGraph(name: string, shape: readonly number[], make: (builder: NetworkBuilder) => number): Int8Graph {
  const builder = new NetworkBuilder(new Random(1), shape);
  return builder.finish(name, make(builder));
}

function multiplyAdds(p: Windowed): number {
  const depth = p.kind === "CONV_2D" ? p.inputC : 1;
  return p.batches * p.outputH * p.outputW * p.outputC * p.filterH * p.filterW * depth;
}

async function measure(graphs: readonly Int8Graph[], flags: readonly string[]): Promise<Measured[]> {
  const files: Record<string, string> = { "plain.c": PLAIN };
  for (const [i, graph] of graphs.entries()) {
    Object.assign(files, emitC(graph, { prefix: `m${i}`, provenance: graph.name }).files);
  }
  const program = await compile({ ...files, "layers.c": layersText(graphs), "main.c": mainText(graphs) }, [
    "-D_POSIX_C_SOURCE=200809L",
    ...flags,
  ]);
  try {
    return JSON.parse(await program.run([]));
  } finally {
    await program.dispose();
  }
}

/** The plain layers' data: weights, biases and multipliers as the graph has them. */
function layersText(graphs: readonly Int8Graph[]): string {
  const prepared = graphs.map((graph) => prepareOperator(graph, 0) as Windowed);
  const arrays = prepared.flatMap((p, i) => [
    arrayDefinition(`weights${i}`, p.weights),
    arrayDefinition(`bias${i}`, p.bias ?? new Int32Array(p.outputC)),
    arrayDefinition(`multiplier${i}`, p.multiplier),
    arrayDefinition(`shift${i}`, p.shift),
  ]);
  const layers = prepared.map((p, i) => {
    const depthwise = p.kind === "DEPTHWISE_CONV_2D" ? 1 : 0;
    const image = [p.inputH, p.inputW, p.inputC, p.outputH, p.outputW, p.outputC, p.filterH, p.filterW];
    const window = [p.strideH, p.strideW, p.padTop, p.padLeft, depthwise];
    const output = [p.inputOffset, p.outputOffset, p.activationMin, p.activationMax];
    return `    {${[...image, ...window, ...output].join(", ")}, weights${i}, bias${i}, multiplier${i}, shift${i}},`;
  });
  return `${LAYER}\n${arrays.join("\n")}\nconst struct layer layers[] = {\n${layers.join("\n")}\n};\n`;
}

const LAYER = `#include <stdint.h>
struct layer {
    int in_h, in_w, in_c, out_h, out_w, out_c, h, w, stride_y, stride_x, top, left, depthwise;
    int32_t input_offset, output_offset, low, high;
    const int8_t *weights;
    const int32_t *bias, *multiplier, *shift;
};`;

/** Fills each output with the plainest loops; its only share with the generated code is the final rescaling. */
const PLAIN = `${LAYER}
#include "smk_arithmetic.h"
void plain(const struct layer *l, const int8_t *input, int8_t *output);
void plain(const struct layer *l, const int8_t *input, int8_t *output)
{
    for (int y = 0; y < l->out_h; y++) {
        for (int x = 0; x < l->out_w; x++) {
            for (int o = 0; o < l->out_c; o++) {
                int32_t sum = l->bias[o];
                for (int i = 0; i < l->h; i++) {
                    for (int j = 0; j < l->w; j++) {
                        const int row = y * l->stride_y - l->top + i, column = x * l->stride_x - l->left + j;
                        if (row < 0 || column < 0 || row >= l->in_h || column >= l->in_w) {
                            continue;
                        }
                        const int8_t *from = input + (row * l->in_w + column) * l->in_c;
                        if (l->depthwise) {
                            sum += (from[o] + l->input_offset) * l->weights[(i * l->w + j) * l->out_c + o];
                            continue;
                        }
                        for (int c = 0; c < l->in_c; c++) {
                            sum += (from[c] + l->input_offset) * l->weights[((o * l->h + i) * l->w + j) * l->in_c + c];
                        }
                    }
                }
                const int32_t scaled = smk_multiply(sum, l->multiplier[o], l->shift[o]) + l->output_offset;
                output[(y * l->out_w + x) * l->out_c + o] = (int8_t)smk_clamp(scaled, l->low, l->high);
            }
        }
    }
}
`;

function mainText(graphs: readonly Int8Graph[]): string {
  return `${LAYER}
#include <stdio.h>
#include <string.h>
#include <time.h>
${graphs.map((_, i) => `#include "m${i}.h"`).join("\n")}
extern const struct layer layers[];
void plain(const struct layer *l, const int8_t *input, int8_t *output);
static int8_t input[1 << 20], first[1 << 20], second[1 << 20];
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static void measure(int index, int (*invoke)(const int8_t *, int8_t *), size_t size)
{
    double generated = 1e18, plainly = 1e18;
    for (int turn = 0; turn < 15; turn++) {
        double start = now(), middle, end;
        invoke(input, first);
        middle = now();
        plain(&layers[index], input, second);
        end = now();
        generated = middle - start < generated ? middle - start : generated;
        plainly = end - middle < plainly ? end - middle : plainly;
    }
    printf("%s{\\"generated\\":%.1f,\\"plain\\":%.1f,\\"equal\\":%s}", index ? "," : "[", generated, plainly,
           memcmp(first, second, size) == 0 ? "true" : "false");
}
int main(void)
{
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof(input); i++) {
        state = state * 1664525u + 1013904223u;
        input[i] = (int8_t)(int)((state >> 24) - 128);
    }
${graphs.map((_, i) => `    measure(${i}, m${i}_invoke, M${i}_OUTPUT_LENGTH);`).join("\n")}
    puts("]");
    return 0;
}
`;
}

await main(process.argv.slice(2));
