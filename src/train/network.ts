/**
 * The float network: a small typed DAG that every training backend executes and the quantizer folds.
 *
 * Activations are NHWC float32. Layers are in topological order and refer to earlier layers by index. Parameters of all layers live in one
 * flat Float32Array (layout: {@link parameterLayout}), so that checkpoints, optimizers and backends share one definition.
 */

export type LayerActivation = "none" | "relu6";

export interface InputLayer {
  readonly kind: "input";
  readonly name: string;
  /** [height, width, channels] */
  readonly shape: readonly [number, number, number];
}

/** SAME padding as TensorFlow. Kernel parameter is HWIO. With batchNorm there is no bias; without it there is one. */
export interface ConvLayer {
  readonly kind: "conv";
  readonly name: string;
  readonly input: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly batchNorm: boolean;
  readonly activation: LayerActivation;
}

/** Depth multiplier 1, SAME padding, kernel parameter HWC. */
export interface DepthwiseLayer {
  readonly kind: "depthwise";
  readonly name: string;
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly batchNorm: boolean;
  readonly activation: LayerActivation;
}

export interface AddLayer {
  readonly kind: "add";
  readonly name: string;
  readonly inputs: readonly [number, number];
  readonly activation: LayerActivation;
}

/** Global average pool: [H,W,C] -> [C]. */
export interface MeanLayer {
  readonly kind: "mean";
  readonly name: string;
  readonly input: number;
}

/** Each pixel four times, in a square: [H,W,C] -> [2H,2W,C]. */
export interface UpsampleLayer {
  readonly kind: "upsample";
  readonly name: string;
  readonly input: number;
}

/** [C] -> [units]; kernel parameter IO, with bias. Dropout (training only) applies to its input. */
export interface DenseLayer {
  readonly kind: "dense";
  readonly name: string;
  readonly input: number;
  readonly units: number;
  /** Probability of dropping an input, 0 to < 1. */
  readonly dropout: number;
}

export type Layer = InputLayer | ConvLayer | DepthwiseLayer | AddLayer | MeanLayer | UpsampleLayer | DenseLayer;

export interface Network {
  readonly name: string;
  /** layers[0] is the input, the last layer gives the logits: [classes], or [H,W,C] of a network that answers for every place. */
  readonly layers: readonly Layer[];
}

export type ParameterRole = "kernel" | "bias" | "gamma" | "beta" | "movingMean" | "movingVariance";

/** Where one parameter lies in the flat array. */
export interface ParameterSlot {
  readonly layer: number;
  readonly role: ParameterRole;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  /** False for batch-norm moving statistics, which the optimizer leaves alone. */
  readonly trainable: boolean;
  /** Weight decay applies to kernels only. */
  readonly decay: boolean;
}

/** A trained network: the artifact that `train` produces and `quantize` consumes. */
export interface FloatModel {
  readonly network: Network;
  readonly parameters: Float32Array;
}

/** Batch-norm epsilon of every layer, Keras' default. */
export const BATCH_NORM_EPSILON = 1e-3;

/** [H, W, C] of each layer's output; [C] after mean, [units] after dense. */
export function outputShapes(network: Network): number[][] {
  const shapes: number[][] = [];
  for (const layer of network.layers) shapes.push(outputShape(layer, shapes));
  return shapes;
}

function outputShape(layer: Layer, shapes: readonly number[][]): number[] {
  switch (layer.kind) {
    case "input":
      return [...layer.shape];
    case "conv":
    case "depthwise": {
      const [height, width, channels] = shapes[layer.input] as [number, number, number];
      const depth = layer.kind === "conv" ? layer.filters : channels;
      return [Math.ceil(height / layer.stride), Math.ceil(width / layer.stride), depth];
    }
    case "add":
      return [...shapes[layer.inputs[0]]];
    case "mean":
      return [shapes[layer.input][2]];
    case "upsample": {
      const [height, width, channels] = shapes[layer.input];
      return [2 * height, 2 * width, channels];
    }
    case "dense":
      return [layer.units];
  }
}

function layerParameters(layer: Layer, shapes: readonly number[][]): [ParameterRole, number[]][] {
  switch (layer.kind) {
    case "input":
    case "add":
    case "mean":
    case "upsample":
      return [];
    case "dense":
      return [
        ["kernel", [shapes[layer.input][0], layer.units]],
        ["bias", [layer.units]],
      ];
    case "conv":
    case "depthwise": {
      const inputChannels = shapes[layer.input][2];
      const isConv = layer.kind === "conv";
      const channels = isConv ? layer.filters : inputChannels;
      const kernel = [layer.kernel, layer.kernel, inputChannels, ...(isConv ? [channels] : [])];
      const rest: ParameterRole[] = layer.batchNorm ? ["gamma", "beta", "movingMean", "movingVariance"] : ["bias"];
      return [["kernel", kernel], ...rest.map((role): [ParameterRole, number[]] => [role, [channels]])];
    }
  }
}

/** Slots of all parameters in layer order, densely packed. */
export function parameterLayout(network: Network): ParameterSlot[] {
  const shapes = outputShapes(network);
  const slots: ParameterSlot[] = [];
  let offset = 0;
  network.layers.forEach((layer, index) => {
    for (const [role, shape] of layerParameters(layer, shapes)) {
      const size = shape.reduce((a, b) => a * b, 1);
      const trainable = role !== "movingMean" && role !== "movingVariance";
      slots.push({ layer: index, role, shape, offset, size, trainable, decay: role === "kernel" });
      offset += size;
    }
  });
  return slots;
}

/** Multiply-accumulates of one inference. */
export function macCount(network: Network): number {
  const shapes = outputShapes(network);
  return network.layers.reduce((sum, layer, index) => sum + layerMacs(layer, shapes, index), 0);
}

function layerMacs(layer: Layer, shapes: readonly number[][], index: number): number {
  const size = shapes[index].reduce((a, b) => a * b, 1);
  switch (layer.kind) {
    case "conv":
      return size * layer.kernel * layer.kernel * shapes[layer.input][2];
    case "depthwise":
      return size * layer.kernel * layer.kernel;
    case "dense":
      return size * shapes[layer.input][0];
    default:
      return 0;
  }
}
