import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { compile, kernelFolder, OPTIMIZED, SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";
import { compareWithReference } from "./model-program.js";
import { NetworkBuilder, residualNetwork } from "./networks.js";

const network = residualNetwork(new Random(7));

describe("a residual network of 1.7 million multiply-adds", () => {
  it("equals the reference on 200 inputs", async () => {
    const result = await compareWithReference([network], new Random(8), { runs: 200, flags: OPTIMIZED });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, compared: 400 });
    expect(result.distinct).toBeGreaterThan(20);
  }, 60_000);

  it("equals the reference after every operator", async () => {
    const cuts = network.operators.map(({ outputs }) => ({ ...network, outputs }));
    const result = await compareWithReference(cuts, new Random(10), { runs: 5, flags: OPTIMIZED });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, distinct: 256 });
    expect(cuts).toHaveLength(15);
    expect(result.compared).toBeGreaterThan(5 * 20_000);
  }, 60_000);

  it("touches no memory but its own under the sanitizers", async () => {
    const result = await compareWithReference([network], new Random(9), { runs: 4, flags: SANITIZED });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, compared: 8 });
  }, 60_000);

  it("needs no more memory than its largest set of live tensors", () => {
    const { plan, arenaBytes } = emitC(network, { provenance: "a test" });
    expect(arenaBytes).toBe(plan.lowerBound);
    // Three whole tensors and two windows would take 11,808: the first stage's convolutions write over what they have consumed.
    expect(arenaBytes).toBeLessThan(24 * 24 * 12 + 2 * (12 * 12 * 16) + 2 * 9 * 16);
  });

  it("stores each weight once", () => {
    const { weightBytes } = emitC(network, { provenance: "a test" });
    const weights = network.tensors.filter((t) => t.data instanceof Int8Array);
    const channels = weights.reduce((sum, t) => sum + t.shape[0], 0);
    const additions = network.operators.filter((o) => o.kind === "ADD").length;
    expect(additions).toBe(3);
    // Per channel: bias 4, multiplier 4, shift 1.
    expect(weightBytes).toBeLessThanOrEqual(weights.reduce((sum, t) => sum + elementCount(t.shape), 0) + 9 * channels);
  });
});

describe("generated files", () => {
  it("are the same bytes every time and end in a newline", () => {
    const options = { provenance: "model.tflite" };
    const [first, second] = [emitC(network, options), emitC(residualNetwork(new Random(7)), options)];
    expect(first).toEqual(second);
    expect(Object.keys(first.files)).toEqual(["model.h", "model.c"]);
    for (const text of Object.values(first.files)) expect(text).toMatch(/[^\n]\n$/);
  });

  it("are ASCII within 120 columns without trailing blanks or tabs", () => {
    const lines = Object.values(emitC(network, { provenance: "épreuve\n*/ ??/ 😀" }).files).flatMap((t) =>
      t.split("\n"),
    );
    expect(lines.length).toBeGreaterThan(1000);
    expect(lines.filter((line) => !/^[ -~]{0,120}$/.test(line) || / $/.test(line))).toEqual([]);
  });

  it("name every kernel header they need, so that copying those is enough", async () => {
    const { files, kernelHeaders } = emitC(network, { provenance: "a test" });
    const copies = await Promise.all(
      kernelHeaders.map(async (name) => [name, await readFile(join(kernelFolder, name), "utf8")] as const),
    );
    const texts = [files["model.c"], ...copies.map(([, text]) => text)];
    const included = texts.flatMap((text) => [...text.matchAll(/#include "(smk_[^"]+)"/g)].map(([, name]) => name));
    expect(included.length).toBeGreaterThan(5);
    expect([...new Set(included)].sort()).toEqual([...kernelHeaders]);
  });

  it("compile with the firmware's constants of the contract", async () => {
    const { files, arenaBytes } = emitC(network, { provenance: "a test" });
    const main = `#include "model.h"
#include <stdio.h>
int main(void) {
    printf("%d %d %d %d %d", MODEL_INPUT_LENGTH, MODEL_OUTPUT_LENGTH, MODEL_ARENA_BYTES, model_init(), model_self_test());
    return 0;
}`;
    const program = await compile({ ...files, "main.c": main }, OPTIMIZED);
    expect(await program.run([])).toBe(`2304 2 ${arenaBytes} 0 0`);
    await program.dispose();
  }, 60_000);

  it("hold a self test that notices a single wrong output", async () => {
    const input = new Random(1).int8s(48 * 48);
    const [output] = new ReferenceInterpreter(network).run([input]);
    const wrong = Int8Array.from(output, (value, i) => (i === 1 ? value ^ 1 : value));
    const { files } = emitC(network, { provenance: "a test", golden: { input, output: wrong } });
    const main = `#include "model.h"\nint main(void) { return model_self_test() == MODEL_ERROR_SELF_TEST ? 0 : 1; }\n`;
    const program = await compile({ ...files, "main.c": main }, OPTIMIZED);
    expect(await program.run([])).toBe("");
    await program.dispose();
  }, 60_000);

  it("refuse null pointers", async () => {
    const { files } = emitC(
      tiny((b) => b.unary("RELU", b.input)),
      { provenance: "a test" },
    );
    const main = `#include "model.h"
#include <stddef.h>
int main(void) {
    int8_t bytes[MODEL_INPUT_LENGTH] = {0};
    return model_invoke(NULL, bytes) == MODEL_ERROR_ARGUMENT && model_invoke(bytes, NULL) == MODEL_ERROR_ARGUMENT ? 0 : 1;
}`;
    const program = await compile({ ...files, "main.c": main }, SANITIZED);
    await program.run([]);
    await program.dispose();
  }, 60_000);
});

describe("provenance that tries to break out", () => {
  it.each([
    "*/ int x = 1/0; /*",
    "a trailing backslash \\",
    "??/",
    "a line\nbreak\r\nand \u2028 more",
    "//* /*/ **/ */*",
    "\u202e right to left \u0000 nul 😀",
    "%s %n \" ' `",
  ])(
    "stays inside its comment: %j",
    async (provenance) => {
      const { files } = emitC(
        tiny((b) => b.unary("RELU", b.input)),
        { provenance },
      );
      const main = `#include "model.h"\nint main(void) { return model_self_test(); }\n`;
      const program = await compile({ ...files, "main.c": main }, [
        ...SANITIZED,
        "-Wcomment",
        "-Wtrigraphs",
        "-trigraphs",
      ]);
      expect(basename(program.path)).toBe("program");
      await program.run([]);
      await program.dispose();
    },
    60_000,
  );
});

describe("compiling a graph", () => {
  it("copies when the output is the input itself, reshaped", async () => {
    const graphs = [
      tiny((b) => b.input),
      tiny((b) => b.reshape(b.input, [16])),
      tiny((b) => b.reshape(b.reshape(b.input, [16]), [2, 8])),
      tiny((b) => b.constantInt8([1, 2, 2, 4])),
    ];
    const result = await compareWithReference(graphs, new Random(2), { runs: 4, flags: SANITIZED });
    expect(result).toMatchObject({ different: 0, failedSelfTests: 0, compared: 4 * 4 * 16 });
  }, 60_000);

  it("leaves out what the output does not depend on", () => {
    const graph = tiny((b) => {
      b.conv(b.input, 64);
      return b.unary("RELU", b.input);
    });
    expect(emitC(graph, { provenance: "a test" }).files["model.c"]).not.toContain("smk_conv");
  });

  it("writes elementwise results over inputs that nothing reads again, but never over one that is", () => {
    const dead = tiny((b) => b.unary("RELU", b.unary("QUANTIZE", b.unary("RELU", b.input))));
    const alive = tiny((b) => {
      const x = b.unary("QUANTIZE", b.input);
      return b.add(b.unary("RELU", b.unary("RELU", x)), x);
    });
    expect(emitC(dead, { provenance: "a test" }).arenaBytes).toBe(0);
    expect(emitC(alive, { provenance: "a test" }).arenaBytes).toBe(16);
  });

  it("folds a padding into the convolution after it", () => {
    const graph = tiny((b) =>
      b.conv(
        b.pad(b.input, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]),
        4,
      ),
    );
    expect(emitC(graph, { provenance: "a test" }).files["model.c"]).not.toContain("smk_pad");
  });

  it("refuses a bad prefix, and a golden example of another size or for another number of inputs", () => {
    const two = {
      ...network,
      inputs: [...network.inputs, network.tensors.length],
      tensors: [...network.tensors, network.tensors[0]],
    };
    expect(() => emitC(network, { provenance: "a test", prefix: "int main" })).toThrow(/prefix/);
    const golden = { input: new Int8Array(3), output: new Int8Array(2) };
    expect(() => emitC(network, { provenance: "a test", golden })).toThrow(/golden/);
    expect(() => emitC(two as Int8Graph, { provenance: "a test", golden })).toThrow(/golden/);
  });
});

function tiny(make: (builder: NetworkBuilder) => number): Int8Graph {
  const builder = new NetworkBuilder(new Random(11), [1, 2, 2, 4]);
  return builder.finish("tiny", make(builder));
}
