import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { replaceMultiplyHighs, simulateXtensa } from "#smilec/build/xtensa-sim.js";
import { emitC } from "#smilec/emit/c/model.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { packageRoot } from "#smilec/files/package-root.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { NetworkBuilder } from "../emit-c/networks.js";
import { bothCoresHooks } from "../support/both-cores.js";
import { Random } from "../support/random.js";
import { residualNet } from "../support/residual-net.js";
import { missingSimulator, simulateGraphs } from "../support/xtensa.js";

const reason = await missingSimulator();
const describeSimulated = reason === undefined ? describe : describe.skip;
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;
const ACTIVATIONS = ["NONE", "RELU", "RELU6"] as const;

/** `make` called `count` times with sizes that include the smallest, odd ones and every remainder of 4. */
function layers(seed: number, count: number, make: (random: Random) => Int8Graph): Int8Graph[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => make(random));
}

const plain = { dilationH: 1, dilationW: 1 } as const;

function convolution(random: Random, filter: number, depths: readonly number[]): Int8Graph {
  const shape = [random.chance(0.2) ? 2 : 1, random.integer(3, 9), random.integer(3, 9), random.pick(depths)];
  const b = new NetworkBuilder(random, shape);
  const stride = random.integer(1, 2);
  const choice = { ...plain, filterH: filter, filterW: filter, strideH: stride, strideW: random.integer(1, 2) };
  return b.finish(
    `conv ${filter}`,
    b.conv(b.input, random.integer(1, 9), { ...choice, activation: random.pick(ACTIVATIONS) }),
  );
}

function depthwise(random: Random): Int8Graph {
  const shape = [random.chance(0.2) ? 2 : 1, random.integer(3, 10), random.integer(3, 10), random.integer(1, 9)];
  const b = new NetworkBuilder(random, shape);
  const choice = { ...plain, filterH: 3, filterW: 3, strideH: random.integer(1, 3), strideW: random.integer(1, 2) };
  return b.finish("depthwise", b.depthwise(b.input, 1, { ...choice, activation: random.pick(ACTIVATIONS) }));
}

function matrix(random: Random): Int8Graph {
  const b = new NetworkBuilder(random, [random.integer(1, 5), random.pick([8, 9, 12, 30, 32, 64, 67])]);
  return b.finish("fully connected", b.fullyConnected(b.input, random.integer(1, 9)));
}

const FAMILIES: readonly [name: string, graphs: readonly Int8Graph[], kernels: readonly string[]][] = [
  ["3x3 convolutions", layers(1, 30, (r) => convolution(r, 3, [4, 8, 12, 16])), ["smk_lx6_conv_rows"]],
  ["3x3 convolutions of few channels", layers(2, 14, (r) => convolution(r, 3, [1, 2, 3, 5])), ["smk_lx6_conv_patches"]],
  ["1x1 convolutions", layers(3, 16, (r) => convolution(r, 1, [8, 12, 16, 32])), ["smk_lx6_conv_point"]],
  ["dilated and odd windows", layers(4, 14, anyWindow), ["smk_lx6_conv_patches"]],
  ["3x3 depthwise convolutions", layers(5, 30, depthwise), ["smk_lx6_depthwise"]],
  ["fully connected layers", layers(6, 14, matrix), ["smk_lx6_conv_point", "smk_lx6_conv_patches"]],
];

function anyWindow(random: Random): Int8Graph {
  const b = new NetworkBuilder(random, [1, random.integer(5, 9), random.integer(5, 9), random.integer(2, 9)]);
  return b.finish("any window", b.conv(b.input, random.integer(4, 9)));
}

describeSimulated(`MAC16 kernels on the simulated LX6${suffix}`, () => {
  it.each(FAMILIES)(
    "compute %s as the reference does",
    async (_, graphs, kernels) => {
      const random = new Random(9);
      const result = await simulateGraphs(graphs, "lx6", random, 4, { emit: { arenaLimit: 64 * 1024 } });
      expect(result.firstDifference).toBeUndefined();
      expect(result.different).toBe(0);
      expect(result.compared).toBeGreaterThan(4 * graphs.length);
      expect(result.distinct).toBeGreaterThan(90);
      for (const kernel of kernels) expect(result.kernels).toContain(kernel);
    },
    240_000,
  );

  it("compute layers in several bands as the reference does", async () => {
    const layer = (shape: readonly number[], filter: number): Int8Graph => {
      const b = new NetworkBuilder(new Random(8), shape);
      const choice = { ...plain, filterH: filter, filterW: filter, strideH: 1, strideW: 1, padding: "SAME" } as const;
      return b.finish("banded", b.conv(b.input, 5, choice));
    };
    const graphs = [layer([1, 23, 21, 16], 3), layer([1, 21, 20, 32], 1), layer([1, 20, 21, 3], 5)];
    const emit = { arenaLimit: 16 * 1024 } as const;
    const bands = graphs.map((graph) => {
      const { files } = emitC(graph, { provenance: "test", target: "lx6", ...emit });
      const [, band = ""] = /smk_lx6_conv_\w+\([^;]*?(\d+), input/s.exec(files["model.c"]) ?? [];
      return Number(band);
    });
    expect(bands[0]).toBeLessThan(23);
    expect(bands[1]).toBeLessThan(420);
    expect(bands[2]).toBeLessThan(420);
    expect(Math.min(...bands)).toBeGreaterThan(0);
    const result = await simulateGraphs(graphs, "lx6", new Random(10), 3, { emit });
    expect(result.firstDifference).toBeUndefined();
    expect(result.compared).toBe(3 * 5 * (23 * 21 + 21 * 20 + 20 * 21));
    expect(result.kernels).toEqual(["smk_lx6_conv_patches", "smk_lx6_conv_point", "smk_lx6_conv_rows"]);
  }, 120_000);

  it("compute layers in two parts as the reference does, the second part first", async () => {
    const graphs = FAMILIES.flatMap(([, family]) => family.slice(0, 6));
    const emit = { cores: 2, fewestSplitProducts: 1 } as const;
    const files = { "hooks.c": bothCoresHooks("the second first", graphs.length) };
    const split = graphs.filter((graph) => {
      const { files: emitted } = emitC(graph, { provenance: "test", target: "lx6", ...emit });
      return emitted["model.c"].includes("    model_on_both(");
    });
    expect(split.length).toBeGreaterThan(18);
    const result = await simulateGraphs(graphs, "lx6", new Random(14), 3, { emit, files });
    expect(result.firstDifference).toBeUndefined();
    expect(result.different).toBe(0);
    expect(result.compared).toBeGreaterThan(3 * graphs.length * 4);
    for (const kernel of ["conv_rows", "conv_patches", "conv_point", "depthwise"]) {
      expect(result.kernels).toContain(`smk_lx6_${kernel}`);
    }
  }, 120_000);

  it("compute a residual network in two parts as the reference does, one after the other", async () => {
    const graph = residualNet(new Random(12), { size: 48, channels: [12, 16, 32, 64] });
    const result = await simulateGraphs([graph], "lx6", new Random(15), 3, { emit: { cores: 2 } });
    expect(result.firstDifference).toBeUndefined();
    expect(result.compared).toBe(6);
  }, 120_000);

  it("leave layers whose sums or weights they cannot hold to portable code", async () => {
    const b = new NetworkBuilder(new Random(2), [1, 6, 6, 8]);
    const graph = b.finish("extreme", b.conv(b.input, 4, { ...plain, filterH: 3, filterW: 3, strideH: 1, strideW: 1 }));
    const extreme = {
      ...graph,
      tensors: graph.tensors.map((tensor) =>
        tensor.data instanceof Int8Array ? { ...tensor, data: Int8Array.from(tensor.data).fill(-128, 0, 1) } : tensor,
      ),
    };
    const result = await simulateGraphs([extreme], "lx6", new Random(11), 3);
    expect(result.firstDifference).toBeUndefined();
    expect(result.kernels).toEqual(["smk_conv_pairs"]);
  }, 60_000);

  it("compute a whole residual network as the reference does, in both kinds of code", async () => {
    const graph = residualNet(new Random(3), { size: 24, channels: [8, 12, 16, 24] });
    const portable = await simulateGraphs([graph], "portable", new Random(4), 4);
    const lx6 = await simulateGraphs([graph], "lx6", new Random(4), 4);
    for (const { firstDifference, compared } of [portable, lx6]) {
      expect(firstDifference).toBeUndefined();
      expect(compared).toBe(8);
    }
    expect(lx6.kernels).toContain("smk_lx6_conv_rows");
    expect(portable.kernels.some((name) => name.startsWith("smk_lx6"))).toBe(false);
    expect(lx6.simulation.instructions[2]).toBeLessThan(portable.simulation.instructions[2] / 2);
  }, 120_000);

  it("compute the shipped model as the reference does, and count the same every time", async () => {
    const path = join(packageRoot, "models", "smile-48", "model.tflite");
    const graph = readTflite(readFileSync(path), path);
    const [first, second] = [
      await simulateGraphs([graph], "lx6", new Random(5), 4),
      await simulateGraphs([graph], "lx6", new Random(5), 4),
    ];
    expect(first.firstDifference).toBeUndefined();
    expect(first.compared).toBe(8);
    expect(second.simulation.instructions).toEqual(first.simulation.instructions);
  }, 120_000);
});

describeSimulated(`the simulator${suffix}`, () => {
  it("multiplies to the high half exactly without that instruction", async () => {
    const random = new Random(7);
    const edges = [0, 1, -1, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -0x7fffffff];
    const word = () => (random.chance(0.5) ? random.pick(edges) : random.uint32() | 0);
    const pairs = Array.from({ length: 64 }, () => [word(), word()] as const);
    const words = Int32Array.from(pairs.flat());
    const source = `#include "high.h"
int high_invoke(const int8_t *input, int8_t *output)
{
    const int32_t *in = (const void *)input;
    int32_t *out = (void *)output;
    for (int i = 0; i < 64; i++) {
        out[2 * i] = (int32_t)(((int64_t)in[2 * i] * in[2 * i + 1]) >> 32);
        out[2 * i + 1] = (int32_t)(((uint64_t)(uint32_t)in[2 * i] * (uint32_t)in[2 * i + 1]) >> 32);
    }
    return 0;
}
`;
    const result = await simulateXtensa({
      files: {
        "high.h": "#include <stdint.h>\nint high_invoke(const int8_t *input, int8_t *output);\n",
        "high.c": source,
      },
      prefix: "high",
      inputs: [new Int8Array(words.buffer)],
      outputLength: 512,
    });
    const got = new Int32Array(Int8Array.from(result.outputs[0]).buffer);
    const expected = pairs.flatMap(([a, b]) => [
      Number((BigInt(a) * BigInt(b)) >> 32n) | 0,
      Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n) | 0,
    ]);
    expect([...got]).toEqual(expected);
    expect(result.multiplyHighs[0]).toBe(128);
  }, 60_000);
});

describeSimulated(`the counts${suffix}`, () => {
  const count = async (instructions: number) => {
    const assembly = `.text\n.align 4\n.global nops_invoke\nnops_invoke:\nentry a1, 16\n${"nop\n".repeat(instructions)}movi a2, 0\nretw\n`;
    const header = "#include <stdint.h>\nint nops_invoke(const int8_t *input, int8_t *output);\n";
    const files = { "nops.h": header, "nops.S": assembly };
    const { instructions: counts } = await simulateXtensa({
      files,
      prefix: "nops",
      inputs: [Int8Array.of(0), Int8Array.of(1)],
      outputLength: 1,
    });
    return counts[1];
  };

  it("grow by one for each instruction", async () => {
    const [few, many] = [await count(100), await count(5100)];
    expect(Math.abs(many - few - 5000)).toBeLessThanOrEqual(1);
    expect(few).toBeGreaterThan(100);
    expect(few).toBeLessThan(130);
  }, 60_000);
});

describe("replacing multiply-highs", () => {
  it("leaves assembly without them as it is", () => {
    const text = "add a2, a3, a4\nmull a2, a3, a4\n";
    expect(replaceMultiplyHighs(text)).toBe(text);
  });

  it("gives registers that are alike one routine", () => {
    const text = replaceMultiplyHighs("mulsh a2, a3, a4\nmulsh a2, a3, a4; muluh a5, a5, a6\n");
    expect(text.match(/call0/g)).toHaveLength(3);
    expect(text.match(/^\.Lsim_/gm)).toHaveLength(2);
  });
});

describe("the LX6 kernels' choice", () => {
  it("changes no layer for portable code", () => {
    const graph = residualNet(new Random(3), { size: 24, channels: [8, 12, 16] });
    const { files, kernelSources } = emitC(graph, { provenance: "test" });
    expect(files["model.c"]).not.toContain("lx6");
    expect(kernelSources).toEqual([]);
  });
});
