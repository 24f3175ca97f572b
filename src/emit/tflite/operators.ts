/**
 * How each operator is stored in a TFLite flatbuffer: code, options table, version. Versions are those the TensorFlow converter gives int8
 * operators (tensorflow, lite/tools/versioning/op_version.cc), minimum runtimes those of runtime_version.cc.
 */
import type { Builder } from "flatbuffers";
import type { Activation, Int8Graph, Operator, OperatorKind, Padding } from "../../graph/types.js";
import type { TableView } from "./flatbuffer-view.js";
import { ACTIVATIONS, BUILTIN_OPERATORS, BuiltinOptions, PADDINGS } from "./schema.js";

/** What all operators have: their tensors. */
export interface OperatorTensors {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Reads options; `fail` names the operator. */
export class OptionsReader {
  constructor(
    /** Undefined when the operator has no options table: all fields then have their defaults. */
    private readonly table: TableView | undefined,
    readonly fail: (what: string) => never,
  ) {}

  int32(slot: number, absent = 0): number {
    return this.table?.int32(slot, absent) ?? absent;
  }

  bool(slot: number): boolean {
    return this.table?.bool(slot) ?? false;
  }

  float32(slot: number): number {
    return this.table?.float32(slot) ?? 0;
  }

  int32s(slot: number): number[] {
    return [...(this.table?.int32s(slot) ?? [])];
  }

  padding(slot: number): Padding {
    const code = this.table?.int8(slot) ?? 0;
    return PADDINGS[code] ?? this.fail(`has unknown padding ${code}`);
  }

  activation(slot: number): Activation {
    const code = this.table?.int8(slot) ?? 0;
    return (
      ACTIVATIONS[code] ??
      this.fail(`has the fused activation ${["TANH", "SIGN_BIT"][code - 4] ?? code}, which is not supported`)
    );
  }

  /** Refuses options whose value changes the meaning in a way smilec does not know. */
  expectDefault(slot: number, what: string): void {
    const code = this.table?.int8(slot) ?? 0;
    if (code !== 0) this.fail(`has ${what} ${code}, which is not supported`);
  }
}

export interface OperatorStorage {
  /** Type tag of the options table; NONE when there is none. */
  readonly optionsType: number;
  /** Highest version whose meaning for int8 operators is known here. */
  readonly maxVersion: number;
  /** MicroMutableOpResolver's method (tflite-micro, micro_mutable_op_resolver.h). */
  readonly resolver: string;
  /** Version and the oldest TFLite runtime that has it. */
  version(operator: Operator, graph: Int8Graph): readonly [version: number, runtime: string];
  /** Writes the options table and returns its offset. */
  write(builder: Builder, operator: Operator): number;
  read(tensors: OperatorTensors, options: OptionsReader): Operator;
}

/** Slots of the options tables. */
const Conv2DOptions = {
  padding: 0,
  strideW: 1,
  strideH: 2,
  activation: 3,
  dilationW: 4,
  dilationH: 5,
  fields: 7,
} as const;
const DepthwiseConv2DOptions = {
  padding: 0,
  strideW: 1,
  strideH: 2,
  depthMultiplier: 3,
  activation: 4,
  dilationW: 5,
  dilationH: 6,
  fields: 7,
} as const;
const Pool2DOptions = { padding: 0, strideW: 1, strideH: 2, filterW: 3, filterH: 4, activation: 5, fields: 6 } as const;
const FullyConnectedOptions = { activation: 0, weightsFormat: 1, keepNumDims: 2, fields: 5 } as const;
const AddOptions = { activation: 0, fields: 2 } as const;
const SoftmaxOptions = { beta: 0, fields: 1 } as const;
const ReducerOptions = { keepDims: 0, fields: 1 } as const;
const ReshapeOptions = { newShape: 0, fields: 1 } as const;

type OfKind<K extends OperatorKind> = Extract<Operator, { kind: K }>;

/** Ties the functions of one kind together; sound as the table below is keyed by kind. */
function storage<O extends Operator>(definition: {
  optionsType: number;
  maxVersion: number;
  resolver: string;
  version: (operator: O, graph: Int8Graph) => readonly [number, string];
  write: (builder: Builder, operator: O) => number;
  read: (tensors: OperatorTensors, options: OptionsReader) => O;
}): OperatorStorage {
  return definition as unknown as OperatorStorage;
}

function pool(kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D", resolver: string): OperatorStorage {
  return storage<Extract<Operator, { filterH: number }>>({
    optionsType: BuiltinOptions.Pool2DOptions,
    maxVersion: 3,
    resolver,
    version: () => [2, "1.14.0"],
    write: (builder, operator) => {
      builder.startObject(Pool2DOptions.fields);
      builder.addFieldInt8(Pool2DOptions.padding, PADDINGS.indexOf(operator.padding), 0);
      builder.addFieldInt32(Pool2DOptions.strideW, operator.strideW, 0);
      builder.addFieldInt32(Pool2DOptions.strideH, operator.strideH, 0);
      builder.addFieldInt32(Pool2DOptions.filterW, operator.filterW, 0);
      builder.addFieldInt32(Pool2DOptions.filterH, operator.filterH, 0);
      builder.addFieldInt8(Pool2DOptions.activation, ACTIVATIONS.indexOf(operator.activation), 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({
      ...tensors,
      kind,
      padding: options.padding(Pool2DOptions.padding),
      strideW: options.int32(Pool2DOptions.strideW),
      strideH: options.int32(Pool2DOptions.strideH),
      filterW: options.int32(Pool2DOptions.filterW),
      filterH: options.int32(Pool2DOptions.filterH),
      activation: options.activation(Pool2DOptions.activation),
    }),
  });
}

function unary(
  kind: "RELU" | "RELU6" | "LOGISTIC",
  resolver: string,
  version: readonly [number, string],
): OperatorStorage {
  return storage<Extract<Operator, { kind: "RELU" | "RELU6" | "LOGISTIC" | "QUANTIZE" }>>({
    optionsType: BuiltinOptions.NONE,
    maxVersion: 3,
    resolver,
    version: () => version,
    write: () => 0,
    read: (tensors) => ({ ...tensors, kind }),
  });
}

function emptyTable(builder: Builder): number {
  builder.startObject(0);
  return builder.endObject();
}

/** Grouped convolutions came with version 6. */
function isGrouped({ inputs }: Operator, { tensors }: Int8Graph): boolean {
  return tensors[inputs[0]].shape[3] !== tensors[inputs[1]].shape[3];
}

function fullyConnectedVersion(operator: OfKind<"FULLY_CONNECTED">, { tensors }: Int8Graph): readonly [number, string] {
  const weights = tensors[operator.inputs[1]].quantization;
  if (weights !== undefined && weights.scale.length > 1) return [12, "2.17.0"];
  if ((operator.inputs[2] ?? -1) < 0) return [6, "2.1.0"];
  return operator.keepNumDims ? [5, "2.0.0"] : [4, "1.14.0"];
}

export const STORAGE: Readonly<Record<OperatorKind, OperatorStorage>> = {
  CONV_2D: storage<OfKind<"CONV_2D">>({
    optionsType: BuiltinOptions.Conv2DOptions,
    maxVersion: 8,
    resolver: "AddConv2D",
    version: (operator, graph) => (isGrouped(operator, graph) ? [6, "2.9.0"] : [3, "1.14.0"]),
    write: (builder, operator) => {
      builder.startObject(Conv2DOptions.fields);
      builder.addFieldInt8(Conv2DOptions.padding, PADDINGS.indexOf(operator.padding), 0);
      builder.addFieldInt32(Conv2DOptions.strideW, operator.strideW, 0);
      builder.addFieldInt32(Conv2DOptions.strideH, operator.strideH, 0);
      builder.addFieldInt8(Conv2DOptions.activation, ACTIVATIONS.indexOf(operator.activation), 0);
      builder.addFieldInt32(Conv2DOptions.dilationW, operator.dilationW, 1);
      builder.addFieldInt32(Conv2DOptions.dilationH, operator.dilationH, 1);
      return builder.endObject();
    },
    read: (tensors, options) => ({
      ...tensors,
      kind: "CONV_2D",
      padding: options.padding(Conv2DOptions.padding),
      strideW: options.int32(Conv2DOptions.strideW),
      strideH: options.int32(Conv2DOptions.strideH),
      activation: options.activation(Conv2DOptions.activation),
      dilationW: options.int32(Conv2DOptions.dilationW, 1),
      dilationH: options.int32(Conv2DOptions.dilationH, 1),
    }),
  }),
  DEPTHWISE_CONV_2D: storage<OfKind<"DEPTHWISE_CONV_2D">>({
    optionsType: BuiltinOptions.DepthwiseConv2DOptions,
    maxVersion: 7,
    resolver: "AddDepthwiseConv2D",
    version: () => [3, "1.14.0"],
    write: (builder, operator) => {
      builder.startObject(DepthwiseConv2DOptions.fields);
      builder.addFieldInt8(DepthwiseConv2DOptions.padding, PADDINGS.indexOf(operator.padding), 0);
      builder.addFieldInt32(DepthwiseConv2DOptions.strideW, operator.strideW, 0);
      builder.addFieldInt32(DepthwiseConv2DOptions.strideH, operator.strideH, 0);
      builder.addFieldInt32(DepthwiseConv2DOptions.depthMultiplier, operator.depthMultiplier, 0);
      builder.addFieldInt8(DepthwiseConv2DOptions.activation, ACTIVATIONS.indexOf(operator.activation), 0);
      builder.addFieldInt32(DepthwiseConv2DOptions.dilationW, operator.dilationW, 1);
      builder.addFieldInt32(DepthwiseConv2DOptions.dilationH, operator.dilationH, 1);
      return builder.endObject();
    },
    read: (tensors, options) => ({
      ...tensors,
      kind: "DEPTHWISE_CONV_2D",
      padding: options.padding(DepthwiseConv2DOptions.padding),
      strideW: options.int32(DepthwiseConv2DOptions.strideW),
      strideH: options.int32(DepthwiseConv2DOptions.strideH),
      depthMultiplier: options.int32(DepthwiseConv2DOptions.depthMultiplier),
      activation: options.activation(DepthwiseConv2DOptions.activation),
      dilationW: options.int32(DepthwiseConv2DOptions.dilationW, 1),
      dilationH: options.int32(DepthwiseConv2DOptions.dilationH, 1),
    }),
  }),
  FULLY_CONNECTED: storage<OfKind<"FULLY_CONNECTED">>({
    optionsType: BuiltinOptions.FullyConnectedOptions,
    maxVersion: 13,
    resolver: "AddFullyConnected",
    version: fullyConnectedVersion,
    write: (builder, operator) => {
      builder.startObject(FullyConnectedOptions.fields);
      builder.addFieldInt8(FullyConnectedOptions.activation, ACTIVATIONS.indexOf(operator.activation), 0);
      builder.addFieldInt8(FullyConnectedOptions.keepNumDims, operator.keepNumDims ? 1 : 0, 0);
      return builder.endObject();
    },
    read: (tensors, options) => {
      options.expectDefault(FullyConnectedOptions.weightsFormat, "weights format");
      return {
        ...tensors,
        kind: "FULLY_CONNECTED",
        activation: options.activation(FullyConnectedOptions.activation),
        keepNumDims: options.bool(FullyConnectedOptions.keepNumDims),
      };
    },
  }),
  ADD: storage<OfKind<"ADD">>({
    optionsType: BuiltinOptions.AddOptions,
    maxVersion: 5,
    resolver: "AddAdd",
    version: () => [2, "1.14.0"],
    write: (builder, operator) => {
      builder.startObject(AddOptions.fields);
      builder.addFieldInt8(AddOptions.activation, ACTIVATIONS.indexOf(operator.activation), 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({ ...tensors, kind: "ADD", activation: options.activation(AddOptions.activation) }),
  }),
  AVERAGE_POOL_2D: pool("AVERAGE_POOL_2D", "AddAveragePool2D"),
  MAX_POOL_2D: pool("MAX_POOL_2D", "AddMaxPool2D"),
  MEAN: storage<OfKind<"MEAN">>({
    optionsType: BuiltinOptions.ReducerOptions,
    maxVersion: 3,
    resolver: "AddMean",
    version: () => [2, "1.14.0"],
    write: (builder, operator) => {
      builder.startObject(ReducerOptions.fields);
      builder.addFieldInt8(ReducerOptions.keepDims, operator.keepDims ? 1 : 0, 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({ ...tensors, kind: "MEAN", keepDims: options.bool(ReducerOptions.keepDims) }),
  }),
  PAD: storage<OfKind<"PAD">>({
    optionsType: BuiltinOptions.PadOptions,
    maxVersion: 4,
    resolver: "AddPad",
    version: () => [2, "1.14.0"],
    write: emptyTable,
    read: (tensors) => ({ ...tensors, kind: "PAD" }),
  }),
  RESHAPE: storage<OfKind<"RESHAPE">>({
    optionsType: BuiltinOptions.ReshapeOptions,
    maxVersion: 1,
    resolver: "AddReshape",
    version: () => [1, "1.5.0"],
    write: (builder, { newShape }) => {
      const vector = newShape.length === 0 ? 0 : int32Vector(builder, newShape);
      builder.startObject(ReshapeOptions.fields);
      builder.addFieldOffset(ReshapeOptions.newShape, vector, 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({ ...tensors, kind: "RESHAPE", newShape: options.int32s(ReshapeOptions.newShape) }),
  }),
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
  QUANTIZE: storage<Extract<Operator, { kind: "RELU" | "RELU6" | "LOGISTIC" | "QUANTIZE" }>>({
    optionsType: BuiltinOptions.QuantizeOptions,
    maxVersion: 4,
    resolver: "AddQuantize",
    version: () => [1, "1.14.0"],
    write: emptyTable,
    read: (tensors) => ({ ...tensors, kind: "QUANTIZE" }),
  }),
};

/** The schema's BuiltinOperator code of a kind. */
export function builtinCode(kind: OperatorKind): number {
  return BUILTIN_OPERATORS.indexOf(kind);
}

/** The kind with this BuiltinOperator code, if smilec supports it. */
export function supportedKind(code: number): OperatorKind | undefined {
  const name = BUILTIN_OPERATORS[code];
  return name !== undefined && Object.hasOwn(STORAGE, name) ? (name as OperatorKind) : undefined;
}

/**
 * Inputs without absent ones (-1) at the end: TFLite Micro's DEPTHWISE_CONV_2D takes a third input for a bias that is there, and crashes.
 */
export function withoutAbsentTail(inputs: readonly number[]): number[] {
  const last = inputs.findLastIndex((index) => index !== -1);
  return inputs.slice(0, last + 1);
}

export function int32Vector(builder: Builder, values: ArrayLike<number>): number {
  builder.startVector(4, values.length, 4);
  for (let i = values.length - 1; i >= 0; i--) builder.addInt32(values[i]);
  return builder.endVector();
}
