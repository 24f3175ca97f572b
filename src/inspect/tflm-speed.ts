/**
 * What a layer costs in TFLite Micro with Espressif's C kernels (ESP-NN). The figures of the multiplying layers are instructions counted on a simulated
 * Xtensa (gcc -O2); the others are assumed.
 */
import { operatorMacs } from "../graph/cost.js";
import { elementCount, type Int8Graph, type Operator } from "../graph/types.js";

interface LayerCost {
  readonly perMac: number;
  readonly perOutput: number;
  readonly origin: "counted" | "assumed";
}

const COSTS = {
  /** On one channel: the line through 360 instructions an output for 3x3 and 1,000 for keyword spotting's 10x4. */
  firstConvolution: { perMac: 20.6, perOutput: 174, origin: "counted" },
  /** 1x1; fully connected layers are the same loop. */
  convolution: { perMac: 7.5, perOutput: 96, origin: "counted" },
  /** 3x3, requantization included. */
  depthwise: { perMac: 18.6, perOutput: 0, origin: "counted" },
  /** Sums or maxima of a window, per value read. */
  window: { perMac: 6, perOutput: 60, origin: "assumed" },
  softmax: { perMac: 0, perOutput: 200, origin: "assumed" },
  elementwise: { perMac: 0, perOutput: 100, origin: "assumed" },
  table: { perMac: 0, perOutput: 6, origin: "assumed" },
  copy: { perMac: 0, perOutput: 2, origin: "assumed" },
  none: { perMac: 0, perOutput: 0, origin: "counted" },
} as const satisfies Readonly<Record<string, LayerCost>>;

type LayerClass = keyof typeof COSTS;

const CLASSES: ReadonlyMap<string, LayerClass> = new Map<string, LayerClass>([
  ["CONV_2D", "convolution"],
  ["FULLY_CONNECTED", "convolution"],
  ["DEPTHWISE_CONV_2D", "depthwise"],
  ["AVERAGE_POOL_2D", "window"],
  ["MAX_POOL_2D", "window"],
  ["MEAN", "window"],
  ["SOFTMAX", "softmax"],
  ["RELU", "table"],
  ["RELU6", "table"],
  ["LEAKY_RELU", "table"],
  ["HARD_SWISH", "table"],
  ["LOGISTIC", "table"],
  ["TANH", "table"],
  ["QUANTIZE", "table"],
  ["RESHAPE", "none"],
  ["SQUEEZE", "none"],
  ["EXPAND_DIMS", "none"],
  ["PAD", "copy"],
  ["PADV2", "copy"],
  ["CONCATENATION", "copy"],
  ["STRIDED_SLICE", "copy"],
  ["TRANSPOSE", "copy"],
  ["RESIZE_NEAREST_NEIGHBOR", "copy"],
]);

/** Elementwise for kinds the table does not name. */
function layerClass(graph: Int8Graph, operator: Operator): LayerClass {
  const known = CLASSES.get(operator.kind) ?? "elementwise";
  const single = operator.kind === "CONV_2D" && graph.tensors[operator.inputs[1]].shape[3] === 1;
  return single ? "firstConvolution" : known;
}

/** Instructions of one operator, estimated. */
export function tflmInstructions(graph: Int8Graph, operator: Operator): number {
  const kind = layerClass(graph, operator);
  const { perMac, perOutput } = COSTS[kind];
  const shape = (index: number) => elementCount(graph.tensors[index].shape);
  const outputs = shape(operator.outputs[0]);
  const steps =
    kind === "window" ? windowReads(operator, outputs, shape(operator.inputs[0])) : operatorMacs(graph, operator);
  return perMac * steps + perOutput * outputs;
}

function windowReads(operator: Operator, outputs: number, inputs: number): number {
  return "filterH" in operator ? outputs * operator.filterH * operator.filterW : inputs;
}
