import { beforeAll, describe, expect, it } from "@jest/globals";
import { Builder } from "flatbuffers";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { UserError } from "#smilec/errors.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { prepareOperator } from "#smilec/graph/prepare.js";
import { type ActivationData, type Int8Graph, type OperatorKind, tensorBytes } from "#smilec/graph/types.js";
import { GraphBuilder } from "../support/graph-builder.js";
import { Random } from "../support/random.js";
import { OPERATOR_KINDS, randomOperatorGraph } from "../support/random-graph.js";
import { residualNet } from "../support/residual-net.js";
import { valuesOf } from "../support/tflm.js";

const MUTATIONS = 6000;

/** Reads bytes that may be anything: a valid graph, or the message of a UserError; anything else is the test's failure. */
function outcome(bytes: Uint8Array): Int8Graph | string {
  try {
    return readTflite(bytes, "bytes");
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** A model of one operator whose fields are written as given; see schema.fbs for the slots. */
interface Crafted {
  readonly version?: number;
  readonly operatorVersion?: number;
  readonly builtinCode?: number;
  readonly customCode?: string;
  readonly tensorType?: number;
  readonly subgraphs?: number;
  readonly isVariable?: boolean;
  readonly externalBuffer?: number;
  readonly opcodeIndex?: number;
  readonly buffer?: number;
  readonly activation?: number;
  readonly optionsType?: number;
  readonly customOptions?: boolean;
  readonly options2Type?: number;
  /** How often the vector of tensors names the one tensor. */
  readonly repeatTensor?: number;
  readonly tensorName?: string;
}

function craft(options: Crafted): Uint8Array {
  const builder = new Builder(256);
  const vector = (offsets: readonly number[]) => {
    builder.startVector(4, offsets.length, 4);
    for (const offset of [...offsets].reverse()) builder.addOffset(offset);
    return builder.endVector();
  };
  const integers = (values: readonly number[]) => {
    builder.startVector(4, values.length, 4);
    for (const value of [...values].reverse()) builder.addInt32(value);
    return builder.endVector();
  };
  const table = (fields: number, write: () => void) => {
    builder.startObject(fields);
    write();
    return builder.endObject();
  };
  const custom = builder.createString(options.customCode ?? "");
  const code = table(4, () => {
    builder.addFieldInt8(0, Math.min(options.builtinCode ?? 0, 127), 0);
    if (options.customCode !== undefined) builder.addFieldOffset(1, custom, 0);
    builder.addFieldInt32(2, options.operatorVersion ?? 2, 1);
    builder.addFieldInt32(3, options.builtinCode ?? 0, 0);
  });
  const shape = integers([1, 4]);
  const name = builder.createString(options.tensorName ?? "only tensor");
  const tensor = table(11, () => {
    builder.addFieldOffset(0, shape, 0);
    builder.addFieldInt8(1, options.tensorType ?? 9, 0);
    builder.addFieldInt32(2, options.buffer ?? 0, 0);
    builder.addFieldOffset(3, name, 0);
    builder.addFieldInt8(5, options.isVariable ? 1 : 0, 0);
    builder.addFieldInt32(10, options.externalBuffer ?? 0, 0);
  });
  const inputs = integers([0, 0]);
  const outputs = integers([0]);
  const addOptions = table(2, () => builder.addFieldInt8(0, options.activation ?? 0, 0));
  const customOptions = builder.createString("a map of something");
  const operator = table(13, () => {
    builder.addFieldInt32(0, options.opcodeIndex ?? 0, 0);
    builder.addFieldOffset(1, inputs, 0);
    builder.addFieldOffset(2, outputs, 0);
    builder.addFieldInt8(3, options.optionsType ?? 11, 0);
    builder.addFieldOffset(4, addOptions, 0);
    if (options.customOptions === true) builder.addFieldOffset(5, customOptions, 0);
    builder.addFieldInt8(11, options.options2Type ?? 0, 0);
  });
  const tensors = vector(new Array(options.repeatTensor ?? 1).fill(tensor));
  const operators = vector([operator]);
  const subgraph = table(5, () => {
    builder.addFieldOffset(0, tensors, 0);
    builder.addFieldOffset(1, outputs, 0);
    builder.addFieldOffset(2, outputs, 0);
    builder.addFieldOffset(3, operators, 0);
  });
  const buffers = vector([table(3, () => undefined)]);
  const codes = vector([code]);
  const subgraphs = vector(new Array(options.subgraphs ?? 1).fill(subgraph));
  const model = table(8, () => {
    builder.addFieldInt32(0, options.version ?? 3, 0);
    builder.addFieldOffset(1, codes, 0);
    builder.addFieldOffset(2, subgraphs, 0);
    builder.addFieldOffset(4, buffers, 0);
  });
  builder.finish(model, "TFL3");
  return builder.asUint8Array().slice();
}

describe("readTflite on what it cannot accept", () => {
  it.each<[what: string, model: Crafted, message: RegExp]>([
    ["another schema version", { version: 4 }, /schema version 4, not 3/],
    ["several subgraphs", { subgraphs: 2 }, /has 2 subgraphs, not 1/],
    ["no subgraph", { subgraphs: 0 }, /has 0 subgraphs, not 1/],
    ["an operator it does not know", { builtinCode: 56 }, /operator 0 \(ARG_MAX\) is not supported/],
    ["an operator beyond the deprecated byte", { builtinCode: 150 }, /operator 0 \(GELU\) is not supported/],
    ["an operator from the future", { builtinCode: 5000 }, /operator 0 \(builtin operator 5000\) is not supported/],
    [
      "a custom operator",
      { builtinCode: 32, customCode: "Mine\n" },
      /operator 0 \(custom operator "Mine\\n"\) is not supported/,
    ],
    [
      "a newer version of an operator",
      { operatorVersion: 99 },
      /operator 0 \(ADD\) has version 99; smilec knows versions 1 to 5/,
    ],
    ["a version of zero", { operatorVersion: 0 }, /operator 0 \(ADD\) has version 0/],
    ["options of another operator", { optionsType: 1 }, /operator 0 \(ADD\) has options of type 1, not 11/],
    ["an activation without int8 kernels", { activation: 4 }, /operator 0 \(ADD\) has the fused activation TANH/],
    ["custom options", { customOptions: true }, /operator 0 \(ADD\) has custom options/],
    ["options of the second union", { options2Type: 3 }, /operator 0 \(ADD\) has options of a newer kind/],
    [
      "an operator code that is missing",
      { opcodeIndex: 7 },
      /operator 0 refers to an operator code that does not exist/,
    ],
    ["a type it does not know", { tensorType: 4 }, /tensor 0 "only tensor" of operator 0 \(ADD\) has type INT64/],
    ["a type from the future", { tensorType: 99 }, /tensor 0 "only tensor" of operator 0 \(ADD\) has type 99/],
    ["a variable", { isVariable: true }, /tensor 0 .* is a variable/],
    ["a tensor outside the file", { externalBuffer: 1 }, /tensor 0 .* is stored outside the file/],
    ["a buffer that is missing", { buffer: 5 }, /tensor 0 .* refers to buffer 5, which does not exist/],
    [
      "parts that name each other over and over",
      { repeatTensor: 20_000, tensorName: "n".repeat(20_000) },
      /over and over/,
    ],
    ["too many tensors", { repeatTensor: 2 ** 16 + 1 }, /has 65537 tensors, more than 65536/],
    ["a graph that is none", {}, /operator 0 \(ADD\) writes tensor "only tensor"/],
  ])("names %s", (_, model, message) => {
    expect(outcome(craft(model))).toMatch(message);
  });

  it.each<[kind: OperatorKind, type: "int16" | "uint8" | "float32", message: RegExp]>([
    ["MUL", "int16", /operator 0 \(MUL\) reads or writes .*int16/],
    ["CONV_2D", "float32", /operator 0 \(CONV_2D\) reads or writes .*float32/],
    ["TRANSPOSE", "uint8", /operator 0 \(TRANSPOSE\) reads or writes .*uint8/],
    ["QUANTIZE", "uint8", /operator 0 \(QUANTIZE\) from uint8 to uint8 is not supported/],
    ["DEQUANTIZE", "float32", /operator 0 \(DEQUANTIZE\) from float32 to float32 is not supported/],
  ])("names %s of %s values", (kind, type, message) => {
    const graph = randomOperatorGraph(kind, new Random(4));
    const ends = [...graph.inputs, ...graph.outputs];
    const tensors = graph.tensors.map((tensor, index) => (ends.includes(index) ? { ...tensor, type } : tensor));
    expect(() => prepareOperator({ ...graph, tensors }, 0, "model.tflite")).toThrow(message);
  });

  it("says that other files are no TFLite models", () => {
    const model = craft({});
    model.set(new TextEncoder().encode("TFL2"), 4);
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(7),
      new Uint8Array(64),
      model,
      new TextEncoder().encode("<!DOCTYPE html>"),
    ]) {
      expect(outcome(bytes)).toMatch(/not a TFLite model/);
    }
  });
});

describe("readTflite on damaged files", () => {
  let model: Uint8Array;
  beforeAll(() => {
    model = writeTflite({
      ...residualNet(new Random(6), { size: 8, channels: [2, 3, 4] }),
      metadata: { a: Uint8Array.of(1) },
    });
  });

  it("refuses the model cut off at every length", () => {
    let read = 0;
    for (let length = 0; length < model.length; length++) {
      const result = outcome(model.subarray(0, length));
      // The last bytes may be padding that nothing refers to.
      if (typeof result !== "string") read++;
    }
    expect(read).toBeLessThanOrEqual(16);
    expect(typeof outcome(model)).toBe("object");
  });

  it("gives a valid graph or a UserError for any damaged byte", () => {
    const random = new Random(12);
    const kinds = OPERATOR_KINDS.map((kind) => writeTflite(randomOperatorGraph(kind, random)));
    let refused = 0;
    let ran = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const damaged = (i % 2 === 0 ? model : kinds[random.integer(0, kinds.length - 1)]).slice();
      for (let n = random.integer(1, 3); n > 0; n--)
        damaged[random.integer(0, damaged.length - 1)] = random.integer(0, 255);
      const result = outcome(damaged);
      if (typeof result === "string") refused++;
      else if (i % 10 === 1) {
        new ReferenceInterpreter(result).runAnyType(result.inputs.map((input) => zeros(result, input)));
        ran++;
      }
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 20);
    expect(ran).toBeGreaterThan(50);
  });

  it("accepts a model at any alignment in memory", () => {
    for (let offset = 0; offset < 4; offset++) {
      const shifted = Buffer.alloc(model.length + offset);
      shifted.set(model, offset);
      expect(readTflite(shifted.subarray(offset), "shifted")).toEqual(readTflite(model, "model"));
    }
  });
});

function zeros(graph: Int8Graph, index: number): ActivationData {
  const tensor = graph.tensors[index];
  return valuesOf(new Uint8Array(tensorBytes(tensor)), tensor);
}

describe("readTflite on models of old converters", () => {
  it("takes operator codes from the deprecated byte and defaults from absent options", () => {
    const graph = new GraphBuilder(new Random(1));
    const input = graph.input([1, 4], 0.1, 0);
    const output = graph.activation([1, 4], 0.1, 0);
    graph.operators.push({ kind: "RELU6", inputs: [input], outputs: [output] });
    const bytes = writeTflite(graph.build());
    // OperatorCode.builtin_code is the only int32 of value 21 (RELU6) in so small a file.
    const view = new DataView(bytes.buffer);
    const places = Array.from({ length: bytes.length / 4 - 1 }, (_, i) => 4 * i).filter(
      (at) => view.getInt32(at, true) === 21,
    );
    expect(places).toHaveLength(1);
    view.setInt32(places[0], 0, true);
    expect(readTflite(bytes, "old").operators[0].kind).toBe("RELU6");
  });
});
