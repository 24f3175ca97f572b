/** Layers in two parts: the parts at the same time, in either order, against the reference. */
import { describe, expect, it } from "@jest/globals";
import { productsOf, splitOverCores } from "#smilec/emit/c/cores.js";
import { lowerGraph } from "#smilec/emit/c/lower.js";
import { type EmitCOptions, emitC } from "#smilec/emit/c/model.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { bothCoresHooks, type PartOrder } from "../support/both-cores.js";
import { OPTIMIZED, SANITIZED, WARNINGS } from "../support/compile.js";
import { Random } from "../support/random.js";
import { residualNet } from "../support/residual-net.js";
import { compareWithReference } from "./model-program.js";
import { residualNetwork, SPECIAL_GRAPHS } from "./networks.js";

const FAMILIES = [
  "1x1 convolution",
  "convolution of channel groups",
  "depthwise of wide runs",
  "PAD before a convolution",
  "whole networks",
];
const THREAD_SANITIZED = ["-std=c11", "-O1", "-g", ...WARNINGS, "-fsanitize=thread"];
const SPLIT_ALL = { cores: 2, fewestSplitProducts: 1 } as const;

function randomGraphs(seed: number, each: number): Int8Graph[] {
  const random = new Random(seed);
  return FAMILIES.flatMap((name) => Array.from({ length: each }, () => SPECIAL_GRAPHS[name](random)));
}

function splitCalls(graph: Int8Graph, options: Partial<EmitCOptions>): number {
  const { files } = emitC(graph, { provenance: "a test", ...options });
  return [...files["model.c"].matchAll(/^ {4}model_on_both\(/gm)].length;
}

interface Trial {
  readonly order: PartOrder | "default";
  readonly flags: readonly string[];
  readonly emit: Partial<EmitCOptions>;
  readonly runs: number;
}

function compare(graphs: readonly Int8Graph[], { order, flags, emit, runs }: Trial) {
  const files = order === "default" ? {} : { "hooks.c": bothCoresHooks(order, graphs.length) };
  return compareWithReference(graphs, new Random(99), { runs, flags: [...flags, "-pthread"], emit, files });
}

describe("a model on two cores", () => {
  it.each([
    ["at the same time", OPTIMIZED, 16],
    ["at the same time", THREAD_SANITIZED, 6],
    ["the second first", OPTIMIZED, 16],
    ["default", SANITIZED, 6],
  ] as const)(
    "computes random graphs as the reference does, the parts %s %#",
    async (order, flags, runs) => {
      const graphs = randomGraphs(31, 8);
      const split = graphs.filter((graph) => splitCalls(graph, SPLIT_ALL) > 0);
      expect(split.length).toBeGreaterThan(25);
      const result = await compare(split, { order, flags, emit: SPLIT_ALL, runs });
      expect(result.firstDifference).toBeUndefined();
      expect(result.different).toBe(0);
      expect(result.failedSelfTests).toBe(0);
      expect(result.compared).toBeGreaterThan(runs * split.length * 5);
      expect(result.distinct).toBeGreaterThan(200);
    },
    120_000,
  );

  it.each(["at the same time", "the second first"] as const)(
    "computes residual networks on 100 inputs as the reference does, the parts %s",
    async (order) => {
      const graphs = [residualNetwork(new Random(4)), residualNet(new Random(5), { size: 48, channels: [8, 16, 24] })];
      for (const graph of graphs) expect(splitCalls(graph, { cores: 2 })).toBeGreaterThan(5);
      const result = await compare(graphs, { order, flags: OPTIMIZED, emit: { cores: 2 }, runs: 100 });
      expect(result.firstDifference).toBeUndefined();
      expect(result.compared).toBe(2 * 2 * 100);
      expect(result.distinct).toBeGreaterThan(20);
    },
    120_000,
  );

  it("needs both parts", async () => {
    const graphs = [residualNetwork(new Random(4))];
    const trial = { order: "only the first", flags: OPTIMIZED, emit: { cores: 2 }, runs: 4 } as const;
    const result = await compare(graphs, trial);
    expect(result.different).toBe(4);
    expect(result.failedSelfTests).toBe(1);
  });

  it("splits all of a convolution's output, each value once", () => {
    let checked = 0;
    for (const graph of randomGraphs(32, 20)) {
      for (const target of ["portable", "lx6"] as const) {
        const lowered = lowerGraph(graph, target);
        for (const [i, { parts }] of splitOverCores(lowered, 1).calls.entries()) {
          if (parts === undefined) continue;
          const sizes = parts.map(({ call }) => outputBytes(call.arguments[0]));
          expect(parts[0].outputOffset).toBe(0);
          expect(parts[1].outputOffset).toBe(sizes[0]);
          expect(sizes[0] + sizes[1]).toBe(outputBytes(lowered.calls[i].arguments[0]));
          expect(sizes[0]).toBeGreaterThanOrEqual(sizes[1]);
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(150);
  });

  it("splits nearly all of a residual network's multiply-adds, and leaves small layers alone", () => {
    const lowered = lowerGraph(residualNetwork(new Random(4)), "lx6");
    const products = lowered.calls.map(productsOf);
    const { calls } = splitOverCores(lowered);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    const split = products.filter((_, i) => calls[i].parts !== undefined);
    expect(sum(products)).toBeGreaterThan(1_500_000);
    expect(sum(split) / sum(products)).toBeGreaterThan(0.95);
    expect(calls[calls.length - 1].parts).toBeUndefined();
  });

  it("is an option: without it the code is what it was", () => {
    for (const target of ["portable", "lx6"] as const) {
      const graph = residualNetwork(new Random(4));
      const plain = emitC(graph, { provenance: "a test", target });
      const one = emitC(graph, { provenance: "a test", target, cores: 1, fewestSplitProducts: 1 });
      expect(one.files).toEqual(plain.files);
      expect(Object.values(plain.files).join("")).not.toMatch(/on_both|CORES|pointers_t/);
    }
  });

  it("keeps each part's scratch apart from the other's and the output away from the input", () => {
    const graph = residualNetwork(new Random(4));
    const [one, two] = ([1, 2] as const).map((cores) => emitC(graph, { provenance: "a test", target: "lx6", cores }));
    expect(two.arenaBytes).toBeGreaterThan(one.arenaBytes);
    expect(two.arenaBytes).toBeLessThan(one.arenaBytes + 24 * 1024);
    const overlapping = two.arena.flatMap((a, i) =>
      two.arena.slice(i + 1).filter((b) => {
        const together = a.from <= b.to && b.from <= a.to;
        return together && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      }),
    );
    expect(overlapping).toEqual([]);
  });
});

function outputBytes(argument: ReturnType<typeof lowerGraph>["calls"][number]["arguments"][number]): number {
  if ((argument.kind !== "literal" && argument.kind !== "shared") || typeof argument.value === "number")
    return Number.NaN;
  const fields = argument.value.fields as Readonly<Record<string, number>>;
  return fields.batches * fields.out_height * fields.out_width * fields.out_depth;
}
