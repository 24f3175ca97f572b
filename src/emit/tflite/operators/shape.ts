/** Operators that only move values: to another shape, together, apart. */
import { BuiltinOptions } from "../schema.js";
import { int32Vector } from "../vectors.js";
import { type OfKind, plain, type StorageTable, storage } from "./storage.js";

/** Slots of the options tables. */
const ReshapeOptions = { newShape: 0, fields: 1 } as const;
const SqueezeOptions = { squeezeDims: 0, fields: 1 } as const;
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

export const SHAPE = {
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
} satisfies Partial<StorageTable>;
