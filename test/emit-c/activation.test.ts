import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { compareWithReference } from "./model-program.js";
import { NetworkBuilder } from "./networks.js";

const source = (graph: Int8Graph) => emitC(graph, { provenance: "a test" }).files["model.c"];

/** A producer of every kind that clamps, then RELU6 with equal scales. */
function clampedTwice(random: Random, kind: number): Int8Graph {
  const b = new NetworkBuilder(random, [1, random.integer(2, 7), random.integer(2, 7), random.integer(1, 9)]);
  const producers = [
    () => b.conv(b.input, random.integer(1, 9)),
    () => b.depthwise(b.input, random.integer(1, 2)),
    () => b.pool(random.pick(["AVERAGE_POOL_2D", "MAX_POOL_2D"]), b.input),
    () => b.fullyConnected(b.input, random.integer(1, 9)),
    () => b.add(b.unary("QUANTIZE", b.input), b.input),
  ];
  return b.finish("clamped", b.unary("RELU6", producers[kind]()));
}

describe("an activation after a layer that clamps", () => {
  const random = new Random(61);
  const graphs = Array.from({ length: 100 }, (_, i) => clampedTwice(random, i % 5));

  it("becomes part of the layer", () => {
    const left = graphs.filter((graph, i) => i % 5 !== 4 && source(graph).includes("smk_table"));
    expect(left).toEqual([]);
  });

  it("gives the reference's results", async () => {
    const result = await compareWithReference(graphs, new Random(62), { runs: 4, flags: SANITIZED });
    expect(result).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0 });
    expect(result.compared).toBeGreaterThan(10_000);
    expect(result.distinct).toBeGreaterThan(200);
  }, 120_000);

  it("stays when something else reads the layer, or when it rescales", () => {
    const b = new NetworkBuilder(new Random(63), [1, 4, 4, 3]);
    const x = b.conv(b.input, 3, { padding: "SAME", strideH: 1, strideW: 1 });
    expect(source(b.finish("twice", b.add(b.unary("RELU6", x), x)))).toContain("smk_table");
    const c = new NetworkBuilder(new Random(63), [1, 4, 4, 3]);
    expect(source(c.finish("rescaled", c.unary("RELU", c.conv(c.input, 3))))).toContain("smk_table");
  });
});
