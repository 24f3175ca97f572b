/** Operators over the picture: pooling, mean, padding, resizing. */
import type { Pad, Pool2D, Resize } from "../../../graph/types.js";
import { ACTIVATIONS, BuiltinOptions, PADDINGS } from "../schema.js";
import { type OfKind, type OperatorStorage, plain, type StorageTable, storage } from "./storage.js";

/** Slots of the options tables. */
const Pool2DOptions = { padding: 0, strideW: 1, strideH: 2, filterW: 3, filterH: 4, activation: 5, fields: 6 } as const;
const ReducerOptions = { keepDims: 0, fields: 1 } as const;
/** Slots 0 and 1 of ResizeBilinearOptions are deprecated. */
const RESIZE_OPTIONS = {
  RESIZE_BILINEAR: { alignCorners: 2, halfPixelCenters: 3, fields: 4 },
  RESIZE_NEAREST_NEIGHBOR: { alignCorners: 0, halfPixelCenters: 1, fields: 2 },
} as const;

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

export const SPATIAL = {
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
  RESIZE_NEAREST_NEIGHBOR: resize(
    "RESIZE_NEAREST_NEIGHBOR",
    "AddResizeNearestNeighbor",
    ({ alignCorners, halfPixelCenters }) => (alignCorners || halfPixelCenters ? [3, "2.3.0"] : [2, "1.14.0"]),
  ),
  RESIZE_BILINEAR: resize("RESIZE_BILINEAR", "AddResizeBilinear", ({ halfPixelCenters }) =>
    halfPixelCenters ? [3, "2.2.0"] : [2, "1.14.0"],
  ),
} satisfies Partial<StorageTable>;
