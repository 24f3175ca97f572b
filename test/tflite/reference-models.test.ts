import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { compareCases } from "../emit-c/model-program.js";
import { OPTIMIZED } from "../support/compile.js";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { randomInputs } from "../support/random-graph.js";
import { compareWithTflm, TflmOracle } from "../support/tflm.js";

const FOLDER = fileURLToPath(new URL("../../../shared/data/tflite/", import.meta.url));
const INPUTS = 1000;
const BATCH = 50;
/** Of these inputs, how many the model as it is compiled gets: what it fuses and overwrites shows in its outputs only. */
const COMPILED_AS_IS = 100;
const MODELS = [
  { file: "hello_world_int8.tflite", kinds: 1 },
  { file: "kws_ref_model.tflite", kinds: 6 },
  { file: "micro_speech_quantized.tflite", kinds: 4 },
] as const;

const missing = MODELS.filter(({ file }) => !existsSync(FOLDER + file)).map(({ file }) => file);
const reason = noOracleHere ?? (missing.length === 0 ? undefined : `${missing.join(", ")} not found in ${FOLDER}`);
if (reason !== undefined) console.warn(`skipped: ${reason}`);

(reason === undefined ? describe : describe.skip)("models made by others", () => {
  let oracle: TflmOracle;
  let total = 0;
  let inC = 0;
  beforeAll(async () => {
    oracle = await TflmOracle.start();
  }, 300_000);
  afterAll(() => {
    oracle.close();
    console.info(`${total} values of ${MODELS.length} models are equal to TFLite Micro's, ${inC} in C`);
  });

  it.each(MODELS)(
    `$file runs with equal values in every tensor of ${INPUTS} inputs in TFLite Micro, TypeScript and C, as it came and rewritten`,
    async ({ file, kinds }) => {
      const model = new Uint8Array(readFileSync(FOLDER + file));
      const graph = readTflite(model, file);
      expect(new Set(graph.operators.map(({ kind }) => kind)).size).toBe(kinds);
      const random = new Random(31);
      const all = randomInputs(graph, random, INPUTS);
      let values = 0;
      for (let run = 0; run < INPUTS; run += BATCH) {
        const inputs = all.slice(run, run + BATCH);
        const comparison = await compareWithTflm(
          oracle,
          graph,
          inputs,
          run % (2 * BATCH) === 0 ? model : writeTflite(graph),
        );
        expect(comparison.differences).toEqual([]);
        values += comparison.values;
      }
      const perInput = graph.operators.reduce((sum, { outputs }) => sum + size(graph.tensors[outputs[0]].shape), 0);
      const outputs = graph.outputs.reduce((sum, index) => sum + size(graph.tensors[index].shape), 0);
      total += values;
      const everyTensor = await compareCases([{ graph: withEveryTensor(graph), inputs: all }], OPTIMIZED);
      const asIs = await compareCases([{ graph, inputs: all.slice(0, COMPILED_AS_IS) }], OPTIMIZED);
      for (const compiled of [everyTensor, asIs]) {
        expect(compiled).toMatchObject({ different: 0, firstDifference: undefined, failedSelfTests: 0 });
        inC += compiled.compared;
      }
      expect(everyTensor.compared).toBe(INPUTS * perInput);
      expect(values).toBe(INPUTS * (perInput + outputs));
    },
    120_000,
  );

  it.each(MODELS)("$file keeps its graph when it is rewritten, and its operator versions", async ({ file }) => {
    const model = new Uint8Array(readFileSync(FOLDER + file));
    const graph = readTflite(model, file);
    const rewritten = writeTflite(graph);
    expect(readTflite(rewritten, file)).toEqual(graph);
    const versions = async (bytes: Uint8Array) => {
      const { operatorCodes } = (await oracle.describe(bytes)).model;
      return operatorCodes
        .map(
          (code: { deprecatedBuiltinCode: number; version: number }) =>
            `${code.deprecatedBuiltinCode} v${code.version}`,
        )
        .sort();
    };
    expect(await versions(rewritten)).toEqual(await versions(model));
  });
});

/** The same graph with every computed tensor as an output. */
function withEveryTensor(graph: Int8Graph): Int8Graph {
  return { ...graph, outputs: graph.operators.flatMap(({ outputs }) => outputs) };
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
