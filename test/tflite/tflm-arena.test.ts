/** The computed arena against the real TFLite Micro (x86-64, portable kernels): it works with exactly so much, and not with 16 bytes less. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { tflmArena } from "#smilec/emit/tflite/tflm-arena.js";
import type { TflmRuntime } from "#smilec/emit/tflite/tflm-layout.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, randomInputs, randomOperatorGraph } from "../support/random-graph.js";
import { residualNet } from "../support/residual-net.js";
import { TflmOracle } from "../support/tflm.js";

const FOLDER = fileURLToPath(new URL("../../../shared/data/tflite/", import.meta.url));
const REFERENCE_MODELS = ["hello_world_int8.tflite", "kws_ref_model.tflite", "micro_speech_quantized.tflite"].filter(
  (file) => existsSync(FOLDER + file),
);
/**
 * The Python package uses recording allocators: 32 bytes more in the arena's, 200 in the model's (recording_*.h). It is newer than the ESP32's library:
 * the parsed options of FULLY_CONNECTED have 32 bytes, not 16.
 */
function pythonRuntime(graph: Int8Graph): TflmRuntime {
  const dense = graph.operators.filter(({ kind }) => kind === "FULLY_CONNECTED").length;
  return { pointerBytes: 8, kernels: "reference", compression: true, allocatorBytes: 32 + 200 + 16 * dense };
}

if (noOracleHere !== undefined) console.warn(`skipped: ${noOracleHere}`);

(noOracleHere === undefined ? describe : describe.skip)("tflmArena", () => {
  let oracle: TflmOracle;
  beforeAll(async () => {
    oracle = await TflmOracle.start();
  }, 300_000);
  afterAll(() => oracle.close());

  /** Loads and runs the model in the computed arena, and sees it refused in the next smaller one. */
  async function expectTight(graph: Int8Graph, model: Uint8Array, bound: "tight" | "enough" = "tight"): Promise<void> {
    const { bytes, headBytes, tailBytes } = tflmArena(graph, pythonRuntime(graph));
    expect(bytes % 16).toBe(0);
    expect(bytes).toBeGreaterThanOrEqual(headBytes + tailBytes);
    const [input] = randomInputs(graph, new Random(bytes), 1);
    await oracle.load(model, graph, bytes, "greedy");
    const [{ outputs }] = await oracle.run([input]);
    expect(outputs).toEqual(new ReferenceInterpreter(graph).run(input));
    if (bound === "tight") await expect(oracle.load(model, graph, bytes - 16, "greedy")).rejects.toThrow();
  }

  it.each(REFERENCE_MODELS)("is what %s needs, to 16 bytes", async (file) => {
    const model = new Uint8Array(readFileSync(FOLDER + file));
    await expectTight(readTflite(model, file), model);
  });

  it.each([
    { size: 16, channels: [2, 2, 3] },
    { size: 24, channels: [8, 8, 16, 24] },
    { size: 48, channels: [12, 16, 32, 64] },
  ])("is what a residual network of $channels channels at $size pixels needs, to 16 bytes", async (options) => {
    const graph = residualNet(new Random(options.size), options);
    await expectTight(graph, writeTflite(graph));
  });

  it.each(OPERATOR_KINDS)("is what single operators of kind %s need, to 16 bytes", async (kind) => {
    const random = new Random(77);
    for (let count = 0; count < 4; count++) {
      const graph = randomOperatorGraph(kind, random);
      await expectTight(graph, writeTflite(graph), isPerChannelDense(graph) ? "enough" : "tight");
    }
  });
});

/** Its multipliers may overwrite temporaries that are read no more: a little less is enough at times, and computed is what is always safe. */
function isPerChannelDense({ operators, tensors }: Int8Graph): boolean {
  const weights = operators.map(({ kind, inputs }) => (kind === "FULLY_CONNECTED" ? tensors[inputs[1]] : undefined));
  return weights.some((tensor) => (tensor?.quantization?.scale.length ?? 1) > 1);
}
