/**
 * What a layer costs on the processor, estimated: one table, to be replaced by figures measured on generated code. The figures of the multiplying
 * layers are instructions counted on a simulated Xtensa for Espressif's C kernels (ESP-NN, gcc -O2), times the cycles per instruction that its
 * person detection model takes on the chip; the others are assumed.
 */
import { operatorMacs } from "../graph/cost.js";
import { elementCount, type Int8Graph, type Operator } from "../graph/types.js";

export interface LayerCost {
  readonly instructionsPerMac: number;
  readonly instructionsPerOutput: number;
  readonly origin: "counted" | "assumed";
}

export const SPEED_MODEL = {
  board: "esp32cam",
  cyclesPerInstruction: 1.2,
  source:
    "estimate: instructions of ESP-NN's C kernels counted on a simulated Xtensa, times 1.20 cycles per instruction measured on the chip",
  costs: {
    /** On one channel: the line through 360 instructions an output for 3x3 and 1,000 for keyword spotting's 10x4. */
    firstConvolution: { instructionsPerMac: 20.6, instructionsPerOutput: 174, origin: "counted" },
    /** 1x1; fully connected layers are the same loop. */
    convolution: { instructionsPerMac: 7.5, instructionsPerOutput: 96, origin: "counted" },
    /** 3x3, requantization included. */
    depthwise: { instructionsPerMac: 18.6, instructionsPerOutput: 0, origin: "counted" },
    /** Sums or maxima of a window, per value read. */
    window: { instructionsPerMac: 6, instructionsPerOutput: 60, origin: "assumed" },
    softmax: { instructionsPerMac: 0, instructionsPerOutput: 200, origin: "assumed" },
    elementwise: { instructionsPerMac: 0, instructionsPerOutput: 100, origin: "assumed" },
    table: { instructionsPerMac: 0, instructionsPerOutput: 6, origin: "assumed" },
    copy: { instructionsPerMac: 0, instructionsPerOutput: 2, origin: "assumed" },
    none: { instructionsPerMac: 0, instructionsPerOutput: 0, origin: "counted" },
  },
} as const satisfies {
  readonly board: string;
  readonly cyclesPerInstruction: number;
  readonly source: string;
  readonly costs: Readonly<Record<string, LayerCost>>;
};

export type LayerClass = keyof typeof SPEED_MODEL.costs;

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
export function layerClass(graph: Int8Graph, operator: Operator): LayerClass {
  const known = CLASSES.get(operator.kind) ?? "elementwise";
  const single = operator.kind === "CONV_2D" && graph.tensors[operator.inputs[1]].shape[3] === 1;
  return single ? "firstConvolution" : known;
}

/** Processor cycles, estimated; a whole number. */
export function estimatedCycles(graph: Int8Graph, operator: Operator): number {
  const kind = layerClass(graph, operator);
  const { instructionsPerMac, instructionsPerOutput } = SPEED_MODEL.costs[kind];
  const shape = (index: number) => elementCount(graph.tensors[index].shape);
  const outputs = shape(operator.outputs[0]);
  const steps =
    kind === "window" ? windowReads(operator, outputs, shape(operator.inputs[0])) : operatorMacs(graph, operator);
  const instructions = instructionsPerMac * steps + instructionsPerOutput * outputs;
  return Math.round(SPEED_MODEL.cyclesPerInstruction * instructions);
}

function windowReads(operator: Operator, outputs: number, inputs: number): number {
  return "filterH" in operator ? outputs * operator.filterH * operator.filterW : inputs;
}
