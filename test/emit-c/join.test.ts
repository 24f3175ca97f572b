import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { compareWithReference } from "./model-program.js";
import { NetworkBuilder } from "./networks.js";
import { mobileNetV1, mobileNetV2, randomSeparable } from "./separable-networks.js";

const source = (graph: Int8Graph, joinLayers: "to-save-memory" | "wherever-possible") =>
  emitC(graph, { provenance: "a test", joinLayers }).files["model.c"];

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe("layers computed row by row", () => {
  const random = new Random(21);
  const graphs = Array.from({ length: 80 }, () => randomSeparable(random));

  it.each([
    ["wherever possible, optimized", "wherever-possible", OPTIMIZED, graphs],
    ["wherever possible, under the sanitizers", "wherever-possible", SANITIZED, graphs.slice(0, 25)],
    ["to save memory, optimized", "to-save-memory", OPTIMIZED, graphs],
    ["to save memory, under the sanitizers", "to-save-memory", SANITIZED, graphs.slice(25, 50)],
  ] as const)(
    "equal the reference, whatever the arena holds before: %s",
    async (_, joinLayers, flags, nets) => {
      const result = await compareWithReference(nets, new Random(22), { runs: 4, flags, emit: { joinLayers } });
      expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0 });
      expect(result.compared).toBeGreaterThan(2_000);
    },
    300_000,
  );

  it("are many among these, of two layers and more, with padding rows, backward, and over their own input", () => {
    const joined = graphs.map((graph) => source(graph, "wherever-possible"));
    const saving = graphs.map((graph) => source(graph, "to-save-memory"));
    const having = (texts: readonly string[], pattern: RegExp) => texts.filter((text) => pattern.test(text)).length;
    expect(having(joined, /smk_rows_next/)).toBeGreaterThan(40);
    expect(having(joined, /y_3 < \d+/)).toBeGreaterThan(8);
    expect(having(joined, /continue;/)).toBeGreaterThan(30);
    expect(having(joined, /y_\d+--/)).toBeGreaterThan(0);
    expect(having(joined, /smk_sums_mean/)).toBeGreaterThan(3);
    expect(having(joined, /smk_sums_average/)).toBeGreaterThan(3);
    expect(having(saving, /smk_rows_next/)).toBeGreaterThan(8);
    expect(having(saving, /y_0--/)).toBeGreaterThan(0);
    expect(having(saving, /end -= count/)).toBeGreaterThan(0);
  });

  it("never take more memory than layers computed one after the other", () => {
    for (const graph of graphs) {
      const { arenaBytes, plan } = emitC(graph, { provenance: "a test" });
      expect(arenaBytes).toBe(plan.bytes);
      expect(plan.bytes).toBeGreaterThanOrEqual(plan.lowerBound);
    }
  });
});

describe("a mean over the picture that a convolution makes", () => {
  const random = new Random(25);
  const graphs = (["mean", "pool"] as const).map((end) => {
    const b = new NetworkBuilder(random, [1, 20, 18, 4]);
    const choice = { padding: "SAME", filterH: 3, filterW: 3, dilationH: 1, dilationW: 1 } as const;
    const half = b.conv(b.input, 8, { ...choice, strideH: 2, strideW: 2 });
    const top = b.conv(half, 96, { ...choice, strideH: 1, strideW: 1 });
    const pool = { filterH: 10, filterW: 9, strideH: 1, strideW: 1, padding: "VALID" } as const;
    const sums = end === "mean" ? b.mean(top, [1, 2], true) : b.pool("AVERAGE_POOL_2D", top, pool);
    return b.finish(end, b.fullyConnected(b.reshape(sums, [1, 96]), 2));
  });

  it.each(["portable", "lx6"] as const)("takes a row of it and a sum per channel with %s kernels", (target) => {
    for (const graph of graphs) {
      const { arenaBytes, files } = emitC(graph, { provenance: "a test", target, arenaLimit: 0 });
      expect(files["model.c"]).toMatch(/smk_sums_(mean|average)\(96, /);
      // Of 10 x 9 x 96 bytes.
      expect(arenaBytes).toBeLessThan(10 * 9 * 8 + 9 * 96 + 96 * 4 + 96 + 2048);
    }
  });

  it("equals the reference", async () => {
    const result = await compareWithReference(graphs, new Random(26), { runs: 50, flags: SANITIZED });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, compared: 2 * 50 * 2 });
  });
});

describe("MobileNets", () => {
  const small = [mobileNetV1(new Random(5), 32, 4), mobileNetV2(new Random(6), 32)];

  it("equal the reference", async () => {
    const result = await compareWithReference(small, new Random(23), { runs: 20, flags: OPTIMIZED, perFile: 1 });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, compared: 2 * 20 * 2 });
  }, 120_000);

  it("equal the reference layer by layer where memory is shared", async () => {
    const cuts = small.flatMap((graph) =>
      graph.operators.filter((_, index) => index % 6 === 5).map(({ outputs }): Int8Graph => ({ ...graph, outputs })),
    );
    const result = await compareWithReference(cuts, new Random(24), { runs: 3, flags: OPTIMIZED, perFile: 4 });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, distinct: 256 });
    expect(cuts.length).toBeGreaterThan(10);
  }, 120_000);

  it("never hold a bottleneck's expanded picture as a whole", () => {
    const text = source(mobileNetV2(new Random(6)), "to-save-memory");
    expect(count(text, /^MODEL_KERNEL void model_rows/gm)).toBeGreaterThan(0);
  });
});
