/** Whole models with the LX6's kernels, their assembly replaced by its twin in C: plans, bands, joined rows and the C around the assembly, sanitized. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { kernelFolder, OPTIMIZED, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { compareWithReference } from "./model-program.js";
import { NetworkBuilder, residualNetwork } from "./networks.js";
import { mobileNetV1, mobileNetV2, randomSeparable } from "./separable-networks.js";

const twin = { "lx6_twin.c": readFileSync(join(packageRoot, "test", "support", "lx6_twin.c"), "utf8") };
const include = `-I${join(kernelFolder, "lx6")}`;

function networks(seed: number, count: number, make: (random: Random) => Int8Graph): Int8Graph[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => make(random));
}

function kernelsOf(graphs: readonly Int8Graph[], emit: object = {}): Map<string, number> {
  const counts = new Map<string, number>();
  for (const graph of graphs) {
    const source = emitC(graph, { provenance: "a test", target: "lx6", ...emit }).files["model.c"];
    for (const [name] of source.matchAll(/\bsmk_(lx6_\w+|rows)(?=[_(])/g))
      counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Convolutions and depthwise ones behind a PAD larger than their filter, so that whole windows see nothing of the picture. */
function farPadding(random: Random): Int8Graph {
  const b = new NetworkBuilder(random, [1, random.integer(1, 4), random.integer(1, 4), random.pick([4, 8])]);
  const side = () => random.integer(0, 9);
  const padded = b.pad(b.input, [
    [0, 0],
    [3 + side(), side()],
    [3 + side(), side()],
    [0, 0],
  ]);
  const choice = { padding: "VALID", filterH: 3, filterW: 3, dilationH: 1, dilationW: 1 } as const;
  const strides = { strideH: random.integer(1, 5), strideW: random.integer(1, 5) };
  return b.finish(
    "far padding",
    random.chance(0.5)
      ? b.conv(padded, random.integer(4, 6), { ...choice, ...strides })
      : b.depthwise(padded, 1, { ...choice, strideH: strides.strideH, strideW: random.integer(1, 2) }),
  );
}

describe("the LX6 kernels", () => {
  it("see the zero point wherever a window lies outside of the picture", async () => {
    const graphs = networks(61, 60, farPadding);
    const options = {
      runs: 4,
      flags: [...SANITIZED, include],
      emit: { target: "lx6", arenaLimit: 65_536 },
      files: twin,
    } as const;
    const result = await compareWithReference(graphs, new Random(62), options);
    expect(result.firstDifference).toBeUndefined();
    expect(result.failedSelfTests).toBe(0);
    const kernels = kernelsOf(graphs, { arenaLimit: 65_536 });
    expect(kernels.get("smk_lx6_conv_rows")).toBeGreaterThan(10);
    expect(kernels.get("smk_lx6_depthwise")).toBeGreaterThan(10);
  }, 120_000);

  const separable = networks(63, 20, randomSeparable);
  const residual = networks(64, 1, residualNetwork);
  const families = [mobileNetV1(new Random(65)), mobileNetV2(new Random(66))];

  it.each([
    ["within the memory that the tensors take unshared", {}],
    ["in as little memory as portable code", { arenaLimit: 0 }],
    ["in plenty of memory", { arenaLimit: 128 * 1024 }],
    ["row by row", { joinLayers: "wherever-possible" }],
  ] as const)(
    "compute whole networks as the reference does, %s",
    async (_, more) => {
      const emit = { target: "lx6", ...more } as const;
      const options = { runs: 3, perFile: 8, emit, files: twin };
      const checked = await compareWithReference([...separable, ...residual], new Random(67), {
        ...options,
        flags: [...SANITIZED, include],
      });
      expect(checked.firstDifference).toBeUndefined();
      expect(checked.failedSelfTests).toBe(0);
      const quick = await compareWithReference(families, new Random(68), {
        ...options,
        flags: [...OPTIMIZED, include],
      });
      expect(quick.firstDifference).toBeUndefined();
      const kernels = kernelsOf([...separable, ...residual, ...families], more);
      for (const kernel of ["conv_point", "conv_rows", "conv_patches", "depthwise"]) {
        expect(kernels.get(`smk_lx6_${kernel}`)).toBeGreaterThan(0);
      }
      if ("joinLayers" in more) expect(kernels.get("smk_rows")).toBeGreaterThan(20);
    },
    240_000,
  );
});
