/** One model, one set of inputs, four machines: TypeScript reference, TFLite Micro, generated C at -O2, generated C under sanitizers. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openCatalogue } from "#smilec/data/catalogue.js";
import { openPacked, packSplit } from "#smilec/data/packed.js";
import { syntheticImport } from "#smilec/data/synthetic/import.js";
import { emitC } from "#smilec/emit/c/model.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { type Model, readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { networkInputs } from "#smilec/train/evaluate.js";
import { compile, OPTIMIZED, SANITIZED } from "../support/compile.js";
import { noOracleHere } from "../support/oracle-venv.js";
import { Random } from "../support/random.js";
import { compareWithTflm, TflmOracle } from "../support/tflm.js";

const RANDOM_INPUTS = 1000;
const DRAWN_PICTURES = 200;

const MAIN = `#include <stdint.h>
#include <stdio.h>
#include "model.h"
static int8_t input[MODEL_INPUT_LENGTH];
static int8_t output[MODEL_OUTPUT_LENGTH];
int main(void)
{
    if (model_init() != 0 || model_self_test() != 0) {
        return 1;
    }
    FILE *in = fopen("in.bin", "rb");
    FILE *out = fopen("out.bin", "wb");
    if (in == NULL || out == NULL) {
        return 2;
    }
    while (fread(input, 1, sizeof(input), in) == sizeof(input)) {
        if (model_invoke(input, output) != 0 || fwrite(output, 1, sizeof(output), out) != sizeof(output)) {
            return 3;
        }
    }
    return fclose(in) == 0 && fclose(out) == 0 ? 0 : 4;
}
`;

describe("the shipped model", () => {
  let model: Model;
  let work: string;
  let inputs: Int8Array[];
  let expected: number[];

  beforeAll(async () => {
    model = await readModel(SHIPPED_MODEL, "shipped");
    work = mkdtempSync(join(tmpdir(), "smilec-exact-"));
    const random = new Random(2024);
    const length = model.description.preprocess.size ** 2;
    const noise = Array.from({ length: RANDOM_INPUTS }, () => random.int8s(length));
    inputs = [...noise, ...(await drawnInputs(model, work))];
    const interpreter = new ReferenceInterpreter(model.graph);
    expected = inputs.flatMap((input) => [...interpreter.run([input])[0]]);
  }, 120_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it("is fed with random inputs and with pictures, and answers with many different values", () => {
    expect(inputs.length).toBe(RANDOM_INPUTS + DRAWN_PICTURES);
    expect(new Set(expected).size).toBeGreaterThan(60);
  });

  (noOracleHere === undefined ? it : it.skip)(
    `has the same value in every tensor of every run in TFLite Micro${noOracleHere === undefined ? "" : ` (${noOracleHere})`}`,
    async () => {
      const oracle = await TflmOracle.start();
      try {
        const { values, differences } = await compareWithTflm(
          oracle,
          model.graph,
          inputs.map((input) => [input]),
          model.bytes,
        );
        expect(differences).toEqual([]);
        expect(values).toBeGreaterThan(inputs.length * 10_000);
        console.log(
          `${inputs.length} inputs, ${model.graph.operators.length} tensors each, ${values} values compared with TFLite Micro, 0 differences`,
        );
      } finally {
        oracle.close();
      }
    },
    300_000,
  );

  it.each([
    ["-O2 with warnings as errors", OPTIMIZED],
    ["address and undefined-behaviour sanitizers", SANITIZED],
  ])(
    "has the same outputs in generated C: %s",
    async (_, flags) => {
      const { files } = emitC(model.graph, { provenance: "exactness test" });
      const program = await compile({ ...files, "main.c": MAIN }, flags);
      try {
        writeFileSync(
          join(program.folder, "in.bin"),
          Buffer.concat(inputs.map((input) => Buffer.from(input.buffer, input.byteOffset, input.length))),
        );
        await program.run([]);
        const outputs = new Int8Array(readFileSync(join(program.folder, "out.bin")));
        expect(outputs.length).toBe(expected.length);
        expect([...outputs]).toEqual(expected);
      } finally {
        await program.dispose();
      }
    },
    300_000,
  );
});

/** What the network sees of drawn faces. */
async function drawnInputs(model: Model, work: string): Promise<Int8Array[]> {
  const context = { reporter: silentReporter, signal: new AbortController().signal };
  await syntheticImport({ count: DRAWN_PICTURES, seed: 3, into: join(work, "data"), context });
  const catalogue = await openCatalogue(join(work, "data"));
  const { labels, preprocess } = model.description;
  const packed = join(work, "packed");
  mkdirSync(packed);
  await packSplit(catalogue.records, packed, "test", { catalogue, size: preprocess.size, labels, context });
  expect(readdirSync(packed)).toContain("test.u8");
  const source = openPacked(packed, "test");
  const inputs = [...networkInputs(source, preprocess)];
  source.close();
  return inputs;
}
