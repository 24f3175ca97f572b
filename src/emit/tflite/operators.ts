/**
 * How each operator is stored in a TFLite flatbuffer: code, options table, version. Versions are those the TensorFlow converter gives int8
 * operators (tensorflow, lite/tools/versioning/op_version.cc), minimum runtimes those of runtime_version.cc.
 */
import type { Builder } from "flatbuffers";
import type {
  Activation,
  Binary,
  Int8Graph,
  Operator,
  OperatorKind,
  Pad,
  Padding,
  Pool2D,
  Resize,
  Unary,
} from "../../graph/types.js";
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
const BinaryOptions = { activation: 0, fields: 1 } as const;
const ConcatenationOptions = { axis: 0, activation: 1, fields: 2 } as const;
const StridedSliceOptions = {
  beginMask: 0,
  endMask: 1,
  ellipsisMask: 2,
  newAxisMask: 3,
  shrinkAxisMask: 4,
  offset: 5,
  fields: 6,
} as const;
const SqueezeOptions = { squeezeDims: 0, fields: 1 } as const;
const LeakyReluOptions = { alpha: 0, fields: 1 } as const;
/** Slots 0 and 1 of ResizeBilinearOptions are deprecated. */
const RESIZE_OPTIONS = {
  RESIZE_BILINEAR: { alignCorners: 2, halfPixelCenters: 3, fields: 4 },
  RESIZE_NEAREST_NEIGHBOR: { alignCorners: 0, halfPixelCenters: 1, fields: 2 },
} as const;
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
  return storage<Pool2D>({
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

/** An operator without options worth keeping: its options table, where it has one, is empty. */
function plain<O extends Extract<Operator, { kind: PlainKind }>>(definition: {
  kind: PlainKind;
  optionsType: number;
  maxVersion: number;
  resolver: string;
  version: (operator: O, graph: Int8Graph) => readonly [number, string];
}): OperatorStorage {
  const { kind, ...rest } = definition;
  return storage<O>({ ...rest, write: emptyTable, read: (tensors) => ({ ...tensors, kind }) as unknown as O });
}

type PlainKind = "PAD" | "PADV2" | "EXPAND_DIMS" | "TRANSPOSE" | "HARD_SWISH" | "QUANTIZE" | "DEQUANTIZE";

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

function resize(
  kind: Resize["kind"],
  resolver: string,
  version: (operator: Resize) => readonly [number, string],
): OperatorStorage {
  const slots = RESIZE_OPTIONS[kind];
  return storage<Resize>({
    optionsType:
      kind === "RESIZE_BILINEAR" ? BuiltinOptions.ResizeBilinearOptions : BuiltinOptions.ResizeNearestNeighborOptions,
    maxVersion: 4,
    resolver,
    version,
    write: (builder, { alignCorners, halfPixelCenters }) => {
      builder.startObject(slots.fields);
      builder.addFieldInt8(slots.alignCorners, alignCorners ? 1 : 0, 0);
      builder.addFieldInt8(slots.halfPixelCenters, halfPixelCenters ? 1 : 0, 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({
      ...tensors,
      kind,
      alignCorners: options.bool(slots.alignCorners),
      halfPixelCenters: options.bool(slots.halfPixelCenters),
    }),
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
  ADD: binary("ADD", { optionsType: BuiltinOptions.AddOptions, maxVersion: 5, resolver: "AddAdd" }),
  SUB: binary("SUB", { optionsType: BuiltinOptions.SubOptions, maxVersion: 5, resolver: "AddSub" }),
  MUL: binary("MUL", { optionsType: BuiltinOptions.MulOptions, maxVersion: 7, resolver: "AddMul" }),
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
  PAD: plain<Pad>({
    kind: "PAD",
    optionsType: BuiltinOptions.PadOptions,
    maxVersion: 4,
    resolver: "AddPad",
    version: () => [2, "1.14.0"],
  }),
  PADV2: plain<Pad>({
    kind: "PADV2",
    optionsType: BuiltinOptions.PadV2Options,
    maxVersion: 4,
    resolver: "AddPadV2",
    version: () => [2, "1.14.0"],
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
  SQUEEZE: storage<OfKind<"SQUEEZE">>({
    optionsType: BuiltinOptions.SqueezeOptions,
    maxVersion: 2,
    resolver: "AddSqueeze",
    version: () => [1, "1.6.0"],
    write: (builder, { squeezeDims }) => {
      const vector = squeezeDims.length === 0 ? 0 : int32Vector(builder, squeezeDims);
      builder.startObject(SqueezeOptions.fields);
      builder.addFieldOffset(SqueezeOptions.squeezeDims, vector, 0);
      return builder.endObject();
    },
    read: (tensors, options) => ({
      ...tensors,
      kind: "SQUEEZE",
      squeezeDims: options.int32s(SqueezeOptions.squeezeDims),
    }),
  }),
  EXPAND_DIMS: plain<OfKind<"EXPAND_DIMS">>({
    kind: "EXPAND_DIMS",
    optionsType: BuiltinOptions.ExpandDimsOptions,
    maxVersion: 1,
    resolver: "AddExpandDims",
    version: () => [1, "1.10.0"],
  }),
  CONCATENATION: storage<OfKind<"CONCATENATION">>({
    optionsType: BuiltinOptions.ConcatenationOptions,
    maxVersion: 4,
    resolver: "AddConcatenation",
    version: () => [2, "1.14.0"],
    write: (builder, { axis }) => {
      builder.startObject(ConcatenationOptions.fields);
      builder.addFieldInt32(ConcatenationOptions.axis, axis, 0);
      return builder.endObject();
    },
    read: (tensors, options) => {
      options.expectDefault(ConcatenationOptions.activation, "fused activation");
      return { ...tensors, kind: "CONCATENATION", axis: options.int32(ConcatenationOptions.axis) };
    },
  }),
  STRIDED_SLICE: storage<OfKind<"STRIDED_SLICE">>({
    optionsType: BuiltinOptions.StridedSliceOptions,
    maxVersion: 8,
    resolver: "AddStridedSlice",
    version: () => [2, "1.14.0"],
    write: (builder, operator) => {
      builder.startObject(StridedSliceOptions.fields);
      builder.addFieldInt32(StridedSliceOptions.beginMask, operator.beginMask, 0);
      builder.addFieldInt32(StridedSliceOptions.endMask, operator.endMask, 0);
      builder.addFieldInt32(StridedSliceOptions.shrinkAxisMask, operator.shrinkAxisMask, 0);
      return builder.endObject();
    },
    read: (tensors, options) => {
      for (const [slot, what] of [
        [StridedSliceOptions.ellipsisMask, "an ellipsis mask"],
        [StridedSliceOptions.newAxisMask, "a new axis mask"],
      ] as const) {
        if (options.int32(slot) !== 0) options.fail(`has ${what}, which is not supported`);
      }
      if (options.bool(StridedSliceOptions.offset))
        options.fail("has an end relative to its begin, which is not supported");
      return {
        ...tensors,
        kind: "STRIDED_SLICE",
        beginMask: options.int32(StridedSliceOptions.beginMask),
        endMask: options.int32(StridedSliceOptions.endMask),
        shrinkAxisMask: options.int32(StridedSliceOptions.shrinkAxisMask),
      };
    },
  }),
  TRANSPOSE: plain<OfKind<"TRANSPOSE">>({
    kind: "TRANSPOSE",
    optionsType: BuiltinOptions.TransposeOptions,
    maxVersion: 6,
    resolver: "AddTranspose",
    version: ({ inputs }, { tensors }) => (tensors[inputs[0]].shape.length > 4 ? [4, "2.3.0"] : [2, "1.14.0"]),
  }),
  RESIZE_NEAREST_NEIGHBOR: resize(
    "RESIZE_NEAREST_NEIGHBOR",
    "AddResizeNearestNeighbor",
    ({ alignCorners, halfPixelCenters }) => (alignCorners || halfPixelCenters ? [3, "2.3.0"] : [2, "1.14.0"]),
  ),
  RESIZE_BILINEAR: resize("RESIZE_BILINEAR", "AddResizeBilinear", ({ halfPixelCenters }) =>
    halfPixelCenters ? [3, "2.2.0"] : [2, "1.14.0"],
  ),
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
  HARD_SWISH: plain<Extract<Operator, { kind: "HARD_SWISH" }>>({
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
