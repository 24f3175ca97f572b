/** What whole models need: the arena against its lower bound, the layers one after the other, and TFLite Micro. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { lowerGraph } from "#smilec/emit/c/lower.js";
import { emitC } from "#smilec/emit/c/model.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { tflmArena } from "#smilec/emit/tflite/tflm-arena.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { compareWithReference } from "./model-program.js";
import { residualNetwork } from "./networks.js";
import { mobileNetV1, mobileNetV2 } from "./separable-networks.js";

const REFERENCE_FOLDER = fileURLToPath(new URL("../../../shared/data/tflite/", import.meta.url));
const OWN_MODEL = fileURLToPath(new URL("../../models/smile-48/model.tflite", import.meta.url));
const REFERENCE_FILES = ["hello_world_int8.tflite", "kws_ref_model.tflite", "micro_speech_quantized.tflite"];
const files = REFERENCE_FILES.filter((file) => existsSync(REFERENCE_FOLDER + file));
if (files.length < REFERENCE_FILES.length) console.warn(`skipped: reference models not found in ${REFERENCE_FOLDER}`);

const read = (path: string): Int8Graph => readTflite(new Uint8Array(readFileSync(path)), path);
const reference = files.map((file): [string, Int8Graph] => [file, read(REFERENCE_FOLDER + file)]);
const models: [string, Int8Graph][] = [
  ...reference,
  ["smile-48", read(OWN_MODEL)],
  ["residual 48", residualNetwork(new Random(7))],
  ["MobileNetV1 0.25 96", mobileNetV1(new Random(5))],
  ["MobileNetV2 0.35 96", mobileNetV2(new Random(6))],
];

/** As engine tflm on the ESP32, with TFLite Micro's own kernels. */
const RUNTIME = { pointerBytes: 4, kernels: "reference", compression: false, allocatorBytes: 0 } as const;

/** Largest sum of tensors alive at one operator when each has a place of its own; the caller's input and output aside. */
function withoutSharing(graph: Int8Graph): number {
  const { calls } = lowerGraph(graph);
  const uses = new Map<number, number[]>();
  for (const [step, call] of calls.entries()) {
    for (const a of call.arguments) {
      if (a.kind !== "read" && a.kind !== "write") continue;
      const { data } = graph.tensors[a.tensor];
      if (data !== undefined || graph.inputs.includes(a.tensor) || graph.outputs.includes(a.tensor)) continue;
      uses.set(a.tensor, [...(uses.get(a.tensor) ?? []), step]);
    }
  }
  const alive = (step: number) =>
    [...uses].reduce((sum, [tensor, steps]) => {
      const live = Math.min(...steps) <= step && step <= Math.max(...steps);
      return live ? sum + elementCount(graph.tensors[tensor].shape) : sum;
    }, 0);
  return Math.max(0, ...calls.map((_, step) => alive(step)));
}

const rows: string[] = [];
afterAll(() => console.info(["model: arena, lower bound, tensors unshared, TFLM head, TFLM tail", ...rows].join("\n")));

describe("the arena", () => {
  it.each(models)("of %s is within 1.05 of its lower bound, and no more than TFLite Micro's head", (name, graph) => {
    const { arenaBytes, plan } = emitC(graph, { provenance: "a test" });
    const { headBytes, tailBytes } = tflmArena(graph, RUNTIME);
    rows.push([name, arenaBytes, plan.lowerBound, withoutSharing(graph), headBytes, tailBytes].join(", "));
    expect(arenaBytes).toBeLessThanOrEqual(1.05 * plan.lowerBound);
    expect(arenaBytes).toBeLessThanOrEqual(headBytes);
  });

  it.each(models)("of %s with the LX6's kernels is so too, and portable code's where that does", (name, graph) => {
    const portable = emitC(graph, { provenance: "a test" });
    const { arenaBytes, plan } = emitC(graph, { provenance: "a test", target: "lx6" });
    const { headBytes } = tflmArena(graph, RUNTIME);
    rows.push([`${name}, LX6`, arenaBytes, plan.lowerBound, withoutSharing(graph), headBytes].join(", "));
    expect(arenaBytes).toBeLessThanOrEqual(1.05 * plan.lowerBound);
    expect(arenaBytes).toBeLessThanOrEqual(headBytes);
    const least = emitC(graph, { provenance: "a test", target: "lx6", arenaLimit: 0 });
    expect(least.arenaBytes).toBeLessThanOrEqual(portable.arenaBytes);
  });

  const kws = reference.filter(([name]) => name.startsWith("kws"));
  (kws.length === 0 ? it.skip : it)("of keyword spotting leaves the model under 12 KB of memory", () => {
    expect(emitC(kws[0][1], { provenance: "a test" }).arenaBytes).toBeLessThanOrEqual(9 * 1024);
    // Beside the arena there is the self test's output, 12 bytes.
    expect(emitC(kws[0][1], { provenance: "a test", target: "lx6" }).arenaBytes).toBeLessThanOrEqual(12 * 1024 - 32);
  });

  it("of large networks fits internal memory where their tensors alone do not leave room", () => {
    for (const make of [mobileNetV1, mobileNetV2]) {
      const graph = make(new Random(5), 192);
      const { arenaBytes } = emitC(graph, { provenance: "a test" });
      expect(arenaBytes).toBeLessThan(0.7 * withoutSharing(graph));
      const lx6 = emitC(graph, { provenance: "a test", target: "lx6" });
      expect(lx6.arenaBytes).toBeLessThanOrEqual(96 * 1024);
      expect(lx6.files["model.c"]).toContain("smk_lx6_");
    }
  });
});

(files.length === 0 ? describe.skip : describe)("models made by others", () => {
  const graphs = reference.map(([, graph]) => graph);

  it("equal the reference on 200 inputs", async () => {
    const result = await compareWithReference(graphs, new Random(51), { runs: 200, flags: OPTIMIZED, perFile: 1 });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, compared: 200 * (1 + 12 + 4) });
  }, 120_000);

  it("equal the reference after every operator, and under the sanitizers", async () => {
    const cuts = graphs.flatMap((graph) => graph.operators.map(({ outputs }): Int8Graph => ({ ...graph, outputs })));
    const after = await compareWithReference(cuts, new Random(52), { runs: 3, flags: OPTIMIZED, perFile: 6 });
    expect(after).toMatchObject({ different: 0, failedSelfTests: 0, distinct: 256 });
    const checked = await compareWithReference(graphs, new Random(53), { runs: 3, flags: SANITIZED, perFile: 1 });
    expect(checked).toMatchObject({ different: 0, failedSelfTests: 0 });
  }, 120_000);
});
