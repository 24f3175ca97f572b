/** Estimated instructions against instructions counted on the simulated Xtensa, and against every kernel that lowering can choose. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { KernelCall } from "#smilec/emit/c/kernel-call.js";
import { type KernelTarget, lowerGraph } from "#smilec/emit/c/lower.js";
import { type EmitCOptions, emitC, planCalls } from "#smilec/emit/c/model.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { KERNEL_COSTS } from "#smilec/inspect/kernel-costs.js";
import { aotInstructions, ESTIMATES, estimateOf, kernelInstructions } from "#smilec/inspect/speed.js";
import { workOf } from "#smilec/inspect/work.js";
import { kernelWorks } from "#smilec/inspect/work-rows.js";
import { NetworkBuilder, SPECIAL_GRAPHS } from "../emit-c/networks.js";
import { mobileNetV1, randomSeparable } from "../emit-c/separable-networks.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, randomOperatorGraph } from "../support/random-graph.js";
import { foreignModelPaths, shippedModelPath } from "../support/tflite-models.js";
import { countSteps, missingSimulator } from "../support/xtensa.js";

const TARGETS: readonly KernelTarget[] = ["portable", "lx6"];
const reason = await missingSimulator();
const describeSimulated = reason === undefined ? describe : describe.skip;
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

const fromFile = (path: string): Int8Graph => readTflite(new Uint8Array(readFileSync(path)), path);
const worksOf = (graph: Int8Graph, calls: readonly KernelCall[]) => calls.flatMap((call) => kernelWorks(graph, call));
const instructionsOf = (graph: Int8Graph, call: KernelCall) =>
  worksOf(graph, [call]).reduce((sum, { kernel, work }) => sum + kernelInstructions(kernel, work), 0);

/** What differs between estimate and count, as a fraction of the count: of the whole, and of each call that takes a twentieth of it or more. */
async function errorsOf(graph: Int8Graph, target: KernelTarget, emit: Partial<EmitCOptions> = {}) {
  const counted = await countSteps(graph, { ...emit, target });
  const { calls } = planCalls(graph, { ...emit, target });
  const estimated = calls.map((call) => instructionsOf(graph, call));
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  expect(counted).toHaveLength(calls.length);
  const large = counted.flatMap((count, i) => (count >= total(counted) / 20 ? [estimated[i] / count - 1] : []));
  return { whole: total(estimated) / total(counted) - 1, large, total: total(counted) };
}

describeSimulated(`estimated instructions${suffix}`, () => {
  const models = [shippedModelPath, ...foreignModelPaths].filter((path) => !path.includes("hello_world"));

  it.each(models.flatMap((path) => TARGETS.map((target) => [basename(path), target, path] as const)))(
    "of %s, target %s, are those counted within 15 %, and of each large layer within 30 %",
    async (name, target, path) => {
      const { whole, large, total } = await errorsOf(fromFile(path), target);
      console.info(`${name}, ${target}: ${total} instructions counted, estimate off by ${(100 * whole).toFixed(1)} %`);
      expect(Math.abs(whole)).toBeLessThan(0.15);
      expect(large.length).toBeGreaterThan(0);
      expect(Math.max(...large.map(Math.abs))).toBeLessThan(0.3);
    },
    600_000,
  );

  it.each(TARGETS)(
    "of a MobileNet whose layers are computed row by row, target %s, are those counted within 15 %%",
    async (target) => {
      const graph = mobileNetV1(new Random(5), 32, 4);
      const joinLayers = "wherever-possible";
      expect(planCalls(graph, { target, joinLayers }).calls.some(({ kernel }) => kernel === "smk_rows")).toBe(true);
      const { whole, total } = await errorsOf(graph, target, { joinLayers });
      console.info(
        `MobileNet row by row, ${target}: ${total} instructions counted, off by ${(100 * whole).toFixed(1)} %`,
      );
      expect(Math.abs(whole)).toBeLessThan(0.15);
    },
    600_000,
  );
});

describe("kernels that lowering chooses", () => {
  const random = new Random(61);
  const graphs = [
    ...OPERATOR_KINDS.flatMap((kind) => Array.from({ length: 40 }, () => randomOperatorGraph(kind, random))),
    ...Object.values(SPECIAL_GRAPHS).flatMap((make) => Array.from({ length: 40 }, () => make(random))),
  ];

  it("all have a figure, and the table has no others", () => {
    const joined = Array.from({ length: 6 }, () => randomSeparable(random)).flatMap((graph) =>
      TARGETS.flatMap((target) => worksOf(graph, planCalls(graph, { target, joinLayers: "wherever-possible" }).calls)),
    );
    const single = graphs.flatMap((graph) =>
      TARGETS.flatMap((target) => worksOf(graph, lowerGraph(graph, target).calls)),
    );
    const reached = new Set<string>();
    for (const { kernel, work } of [...single, ...joined]) {
      const instructions = kernelInstructions(kernel, work);
      expect(Number.isFinite(instructions) && instructions >= 0).toBe(true);
      if (instructions > 0) reached.add(kernel);
    }
    expect([...reached].sort()).toEqual(Object.keys(KERNEL_COSTS).sort());
  });

  it("are counted, but for those that need floating point, which the simulator lacks", () => {
    const assumed = Object.entries(KERNEL_COSTS).filter(([, { origin }]) => origin === "assumed");
    expect(assumed.map(([kernel]) => kernel)).toEqual(["smk_dequantize", "smk_dequantize_unsigned", "smk_quantize"]);
    for (const [, { origin, fit }] of Object.entries(KERNEL_COSTS)) {
      expect(fit === undefined).toBe(origin === "assumed");
      expect(fit?.layers ?? 10).toBeGreaterThanOrEqual(8);
    }
  });

  it("are an error where nobody said what they do or cost", () => {
    const b = new NetworkBuilder(random, [1, 4, 4, 8]);
    const [call] = lowerGraph(b.finish("unknown", b.conv(b.input, 4))).calls;
    expect(() => workOf({ ...call, kernel: "smk_conv_future" })).toThrow(/smk_conv_future/);
    expect(() => kernelInstructions("smk_conv_future", {})).toThrow(/smk_conv_future/);
  });
});

describe("an estimate", () => {
  const b = new NetworkBuilder(new Random(62), [1, 24, 24, 16]);
  const three = {
    filterH: 3,
    filterW: 3,
    strideH: 1,
    strideW: 1,
    dilationH: 1,
    dilationW: 1,
    padding: "SAME",
  } as const;
  const graph = b.finish("two layers", b.conv(b.conv(b.input, 16, three), 32, { ...three, filterH: 1, filterW: 1 }));

  it.each([0, 1])("follows the band of a kernel for the MAC16 (layer %d)", (layer) => {
    const call = lowerGraph(graph, "lx6").calls[layer];
    const withBand = (band: number): KernelCall => ({
      ...call,
      arguments: call.arguments.map((a) =>
        a.kind === "literal" && typeof a.value === "number" ? { ...a, value: band } : a,
      ),
    });
    const [narrow, wide] = [withBand(2), withBand(12)].map((changed) => instructionsOf(graph, changed));
    expect(narrow).toBeGreaterThan(1.05 * wide);
  });

  it("is shared out among the operators, joined or not", () => {
    for (const which of ["to-save-memory", "wherever-possible"] as const) {
      const works = worksOf(graph, planCalls(graph, { joinLayers: which }).calls);
      const { perOperator, total } = aotInstructions(graph, works);
      expect(perOperator).toHaveLength(2);
      expect(Math.min(...perOperator)).toBeGreaterThan(100_000);
      expect(perOperator[0] + perOperator[1]).toBeCloseTo(total, 6);
    }
  });

  it("is of the calls that are rendered, whatever is folded, joined or shared", () => {
    for (const target of TARGETS) {
      for (let i = 0; i < 5; i++) {
        const net = randomSeparable(new Random(i));
        const { files, arena } = emitC(net, { provenance: "a test", target, profile: true });
        const { calls } = planCalls(net, { target });
        expect(calls).toHaveLength(files["model.c"].match(/^ {4}sim_step\(\d+\);/gm)?.length ?? 0);
        expect(Math.max(0, ...arena.map(({ to }) => to))).toBeLessThan(calls.length);
      }
    }
  });

  it("takes the cycles per instruction that were measured on the chip, and says for which it is an assumption", () => {
    expect(estimateOf(1_000_000)).toEqual({ cycles: 1_200_000, ms: 5 });
    expect(ESTIMATES.aot.source).toMatch(/1\.20 cycles per instruction, assumed/);
    expect(ESTIMATES.portable.source).toMatch(/assumed/);
    expect(ESTIMATES.tflm.source).toMatch(/1\.20 cycles per instruction, measured/);
  });
});
