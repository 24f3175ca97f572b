/** Operators that make each value from one or two: sums, products, activations, changes of scale; and softmax. */
import type { Binary, Int8Graph, Operator, Unary } from "../../../graph/types.js";
import { ACTIVATIONS, BuiltinOptions } from "../schema.js";
import { type OfKind, type OperatorStorage, plain, type StorageTable, storage } from "./storage.js";

/** Slots of the options tables. */
const BinaryOptions = { activation: 0, fields: 1 } as const;
const SoftmaxOptions = { beta: 0, fields: 1 } as const;
const LeakyReluOptions = { alpha: 0, fields: 1 } as const;

function binary(kind: Binary["kind"], definition: Pick<OperatorStorage, "optionsType" | "maxVersion" | "resolver">) {
  return storage<Binary>({
    ...definition,
    version: (operator, graph) => (kind === "MUL" && growsProducts(operator, graph) ? [3, "1.15.0"] : [2, "1.14.0"]),
    write: (builder, operator) => {
      builder.startObject(BinaryOptions.fields);
      builder.addFieldInt8(BinaryOptions.activation, ACTIVATIONS.indexOf(operator.activation), 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({ ...tensors, kind, activation: options.activation(BinaryOptions.activation) }),
  });
}

/** Rescaling products by 1 or more came with version 3. */
function growsProducts({ inputs, outputs }: Operator, { tensors }: Int8Graph): boolean {
  const [a, b, output] = [...inputs, ...outputs].map((index) => tensors[index].quantization?.scale[0] ?? 0);
  return a * b >= output;
}

function unary(
  kind: "RELU" | "RELU6" | "LOGISTIC" | "TANH",
  resolver: string,
  version: readonly [number, string],
): OperatorStorage {
  return storage<Unary>({
    optionsType: BuiltinOptions.NONE,
    maxVersion: 3,
    resolver,
    version: () => version,
    write: () => 0,
    read: (tensors) => ({ ...tensors, kind }),
  });
}

export const ELEMENTWISE = {
  ADD: binary("ADD", { optionsType: BuiltinOptions.AddOptions, maxVersion: 5, resolver: "AddAdd" }),
  SUB: binary("SUB", { optionsType: BuiltinOptions.SubOptions, maxVersion: 5, resolver: "AddSub" }),
  MUL: binary("MUL", { optionsType: BuiltinOptions.MulOptions, maxVersion: 7, resolver: "AddMul" }),
  SOFTMAX: storage<OfKind<"SOFTMAX">>({
    optionsType: BuiltinOptions.SoftmaxOptions,
    maxVersion: 3,
    resolver: "AddSoftmax",
    version: () => [2, "1.14.0"],
    write: (builder, operator) => {
      builder.startObject(SoftmaxOptions.fields);
      builder.addFieldFloat32(SoftmaxOptions.beta, operator.beta, 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({ ...tensors, kind: "SOFTMAX", beta: options.float32(SoftmaxOptions.beta) }),
  }),
  RELU: unary("RELU", "AddRelu", [2, "2.1.0"]),
  RELU6: unary("RELU6", "AddRelu6", [2, "2.1.0"]),
  LOGISTIC: unary("LOGISTIC", "AddLogistic", [2, "1.14.0"]),
  TANH: unary("TANH", "AddTanh", [2, "1.14.0"]),
  HARD_SWISH: plain<OfKind<"HARD_SWISH">>({
    kind: "HARD_SWISH",
    optionsType: BuiltinOptions.HardSwishOptions,
    maxVersion: 1,
    resolver: "AddHardSwish",
    version: () => [1, "1.15.0"],
  }),
  LEAKY_RELU: storage<OfKind<"LEAKY_RELU">>({
    optionsType: BuiltinOptions.LeakyReluOptions,
    maxVersion: 2,
    resolver: "AddLeakyRelu",
    version: () => [2, "2.3.0"],
    write: (builder, { alpha }) => {
      builder.startObject(LeakyReluOptions.fields);
      builder.addFieldFloat32(LeakyReluOptions.alpha, alpha, 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({ ...tensors, kind: "LEAKY_RELU", alpha: options.float32(LeakyReluOptions.alpha) }),
  }),
  QUANTIZE: plain<OfKind<"QUANTIZE">>({
    kind: "QUANTIZE",
    optionsType: BuiltinOptions.QuantizeOptions,
    maxVersion: 4,
    resolver: "AddQuantize",
    version: () => [1, "1.14.0"],
  }),
  DEQUANTIZE: plain<OfKind<"DEQUANTIZE">>({
    kind: "DEQUANTIZE",
    optionsType: BuiltinOptions.DequantizeOptions,
    maxVersion: 6,
    resolver: "AddDequantize",
    version: ({ inputs }, { tensors }) => (tensors[inputs[0]].type === "uint8" ? [1, "1.13.1"] : [2, "1.14.0"]),
  }),
} satisfies Partial<StorageTable>;
