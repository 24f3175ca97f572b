/** Operators with weights and a bias. */
import type { Int8Graph, Operator } from "../../../graph/types.js";
import { ACTIVATIONS, BuiltinOptions, PADDINGS } from "../schema.js";
import { type OfKind, type StorageTable, storage } from "./storage.js";

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
const FullyConnectedOptions = { activation: 0, weightsFormat: 1, keepNumDims: 2, fields: 5 } as const;

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

export const WEIGHTED = {
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
} satisfies Partial<StorageTable>;
