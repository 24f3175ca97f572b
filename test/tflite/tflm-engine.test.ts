import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import { emitTflmEngine, firmwareArena } from "#smilec/emit/tflite/tflm-engine.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { UserError } from "#smilec/errors.js";
import type { Int8Graph, Operator } from "#smilec/graph/types.js";
import { compile, OPTIMIZED, type Program } from "../support/compile.js";
import { GraphBuilder } from "../support/graph-builder.js";
import { Random } from "../support/random.js";
import { residualNet } from "../support/residual-net.js";

const NAMES = ["model.h", "model_data.c", "model_data.h", "model_golden.h", "model_resolver.h"];
const HOSTILE = 'model of "me" */ int main; /* ??/\nå\\';
const graph = withBiases(residualNet(new Random(3), { size: 16, channels: [4, 4, 8] }));
const bytes = writeTflite(graph);

/** The ESP32's convolutions need a bias; random networks leave some out. */
function withBiases(random: Int8Graph): Int8Graph {
  const tensors = [...random.tensors];
  const operators = random.operators.map((operator): Operator => {
    if (operator.kind !== "CONV_2D" || operator.inputs[2] >= 0) return operator;
    const [input, weights] = operator.inputs;
    const [channels] = tensors[weights].shape;
    const scale = tensors[weights].quantization!.scale.map((s) => s * tensors[input].quantization!.scale[0]);
    const quantization = { scale, zeroPoint: new Int32Array(scale.length), axis: 0 };
    const bias = {
      name: "bias",
      type: "int32",
      shape: [channels],
      quantization,
      data: new Int32Array(channels),
    } as const;
    return { ...operator, inputs: [input, weights, tensors.push(bias) - 1] };
  });
  return { ...random, tensors, operators };
}

describe("emitTflmEngine", () => {
  const files = emitTflmEngine(graph, bytes, HOSTILE);

  it("gives the five files the firmware's glue includes, the same each time", () => {
    expect(Object.keys(files).sort()).toEqual(NAMES);
    expect(emitTflmEngine(graph, bytes, HOSTILE)).toEqual(files);
  });

  it("keeps lines within 120 columns and foreign text inside comments", () => {
    for (const text of Object.values(files)) {
      expect(text).toMatch(/^[\x20-\x7e\n]*$/);
      expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
      const [comment] = text.match(/^\/\*.*?\*\//s)!;
      expect(comment).toContain("model of");
      expect(text.slice(comment.length)).not.toContain("int main");
    }
  });

  it("says how the arena was computed, for either chip", () => {
    for (const chip of ["esp32", "esp32s3"] as const) {
      const header = emitTflmEngine(graph, bytes, "test", chip)["model.h"];
      const { arenaBytes, bytes: needed, headBytes, tailBytes } = firmwareArena(graph, chip);
      expect(header).toContain(`#define MODEL_ARENA_BYTES ${arenaBytes}\n`);
      expect(header.replaceAll(/\s*\n \* /g, " ")).toContain(
        `on the ${chip}, aligned to 16: it needs ${needed} (tensors and scratch buffers ${headBytes}, persistent data ${tailBytes})`,
      );
    }
  });

  it("guards its declarations for C++, in which TFLite Micro is written", () => {
    for (const name of ["model.h", "model_data.h"]) {
      const [open, close] = [...files[name].matchAll(/#ifdef __cplusplus\n(.*)\n#endif\n/g)];
      expect([open[1], close[1]]).toEqual(['extern "C" {', "}"]);
      const between = files[name].slice(open.index, close.index);
      expect(between).toMatch(
        name === "model.h" ? /int model_self_test\(void\);/ : /extern const unsigned char model_data/,
      );
    }
  });
});

describe("the files of emitTflmEngine", () => {
  /** Engine aot's model.c, linked with the golden example and the flatbuffer of engine tflm. */
  const MAIN = `#include <stdio.h>
    #include <string.h>
    #include "model.h"
    #include "model_data.h"
    #include "model_golden.h"
    int main(void) {
      static signed char output[MODEL_OUTPUT_LENGTH];
      int error = model_init();
      error = error < 0 ? error : model_invoke(model_golden_input, output);
      printf("%d %d %d %d %u %d %d\\n", error, MODEL_INPUT_LENGTH == sizeof(model_golden_input),
             MODEL_OUTPUT_LENGTH == sizeof(model_golden_output), memcmp(output, model_golden_output, sizeof(output)),
             MODEL_DATA_LENGTH, model_data[4] == 'T' && model_data[7] == '3', MODEL_ARENA_BYTES);
      return model_self_test(); }`;
  let program: Program;

  beforeAll(async () => {
    const { "model.c": source, "model.h": header } = emitC(graph, { provenance: HOSTILE }).files;
    const { "model.h": ours, ...rest } = emitTflmEngine(graph, bytes, HOSTILE);
    program = await compile(
      { ...rest, "aot.h": header, "aot.c": source.replace('"model.h"', '"aot.h"'), "model.h": ours, "main.c": MAIN },
      OPTIMIZED,
    );
  }, 120_000);
  afterAll(() => program?.dispose());

  it("compile as strict C, declare what engine aot defines, and hold the example that engine reproduces", async () => {
    const { arenaBytes } = firmwareArena(graph, "esp32");
    expect((await program.run([])).trim()).toBe(`0 1 1 0 ${bytes.length} 1 ${arenaBytes}`);
  });
});

describe("firmwareArena", () => {
  it("adds a sixteenth of the persistent data as margin, and stays a multiple of 16", () => {
    for (const size of [16, 24, 40]) {
      const net = residualNet(new Random(size), { size, channels: [4, 8, 12] });
      const { arenaBytes, bytes: needed, tailBytes } = firmwareArena(net, "esp32");
      const margin = arenaBytes - needed;
      expect(arenaBytes % 16).toBe(0);
      expect(margin).toBeGreaterThanOrEqual(tailBytes / 16);
      expect(margin).toBeLessThan(tailBytes / 16 + 16);
      expect(arenaBytes / needed).toBeLessThan(1.15);
    }
  });

  it("gives the ESP32-S3 the scratch memory in which ESP-NN aligns weights and inputs", () => {
    const [esp32, s3] = [firmwareArena(graph, "esp32"), firmwareArena(graph, "esp32s3")];
    expect(s3.headBytes).toBeGreaterThan(esp32.headBytes);
    // A handle of 4 bytes for each of the convolutions' scratch buffers.
    const convolutions = graph.operators.filter(({ kind }) => kind === "CONV_2D").length;
    expect(Math.abs(s3.tailBytes - esp32.tailBytes - 4 * convolutions)).toBeLessThan(16);
  });
});

describe("a model that esp-tflite-micro cannot run", () => {
  const emit = (model: Int8Graph) => emitTflmEngine(model, new Uint8Array(16), "test");

  function softmax(shape: readonly number[]): Int8Graph {
    const net = new GraphBuilder(new Random(1));
    const input = net.input(shape);
    const output = net.activation(shape, 1 / 256, -128);
    net.operators.push({ kind: "SOFTMAX", inputs: [input], outputs: [output], beta: 1 });
    return net.build();
  }

  it.each([[[4]], [[1, 3, 5]]])(
    "is refused for its SOFTMAX over %j, which would write beyond its scratch buffer",
    (shape) => {
      expect(() => emit(softmax(shape))).toThrow(UserError);
      expect(() => emit(softmax(shape))).toThrow(/operator 0, SOFTMAX, is over a tensor of shape \[/);
    },
  );

  it.each([[[1, 4]], [[2, 5, 3]]])("is not refused for a SOFTMAX over %j", (shape) => {
    expect(Object.keys(emit(softmax(shape))).sort()).toEqual(NAMES);
  });

  it("is refused for a convolution without bias or in groups", () => {
    const conv = graph.operators.findIndex(({ kind }) => kind === "CONV_2D");
    const change = (inputs: (old: readonly number[]) => readonly number[]): Int8Graph => ({
      ...graph,
      operators: graph.operators.map((operator, n) =>
        n === conv ? { ...operator, inputs: inputs(operator.inputs) } : operator,
      ),
    });
    expect(() => emit(change(([input, weights]) => [input, weights, -1]))).toThrow(/CONV_2D, has no bias/);
    expect(() => emit(change(([input, weights]) => [input, weights]))).toThrow(/CONV_2D, has no bias/);
    const grouped = new GraphBuilder(new Random(4));
    const input = grouped.input([1, 4, 4, 4]);
    const weights = grouped.weights([2, 1, 1, 2], 0, true);
    const output = grouped.activation([1, 4, 4, 2], 0.1, 0);
    grouped.operators.push({
      kind: "CONV_2D",
      inputs: [input, weights, grouped.int32s([0, 0])],
      outputs: [output],
      padding: "VALID",
      strideH: 1,
      strideW: 1,
      dilationH: 1,
      dilationW: 1,
      activation: "NONE",
    });
    expect(() => emit(grouped.build())).toThrow(/operator 0, CONV_2D, is grouped/);
  });

  it("is refused for a second output, for other types than int8, and for a memory plan of its own", () => {
    expect(() => emit({ ...graph, outputs: [...graph.outputs, ...graph.inputs] })).toThrow(/1 inputs and 2 outputs/);
    const typed = graph.tensors.map((t, n) => (n === graph.inputs[0] ? { ...t, type: "int16" as const } : t));
    expect(() => emit({ ...graph, tensors: typed })).toThrow(/is int16, not int8/);
    const planned = { ...graph, metadata: { OfflineMemoryAllocation: new Uint8Array(16) } };
    expect(() => emit(planned)).toThrow(/memory plan of its own/);
  });
});
