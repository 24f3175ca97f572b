/** Folded float layers + activation ranges -> Int8Graph. */
import type { Activation, Int8Graph, Operator, Quantization, Tensor } from "../graph/types.js";
import {
  type AddLayer,
  type ConvLayer,
  type DenseLayer,
  type DepthwiseLayer,
  type Layer,
  type MeanLayer,
  type Network,
  outputShapes,
  type UpsampleLayer,
} from "../train/network.js";
import type { FoldedLayer } from "./fold.js";
import { quantizeBias, quantizeWeight, weightScales } from "./ranges.js";

export interface QuantizedNetwork {
  readonly graph: Int8Graph;
  /** Tensor index of each layer's output. */
  readonly layerTensors: readonly number[];
}

/**
 * Builds the graph. `activations[i]` quantizes layer i's output; activations[0] is the preprocessing's input quantization.
 * Convolutions are per channel, the fully connected layer per tensor (what TFLite's converter emits).
 */
export function buildGraph(
  network: Network,
  folded: readonly (FoldedLayer | undefined)[],
  activations: readonly Quantization[],
): QuantizedNetwork {
  return new GraphBuilder(network, folded, activations).build();
}

class GraphBuilder {
  private readonly tensors: Tensor[] = [];
  private readonly operators: Operator[] = [];
  private readonly layerTensors: number[] = [];
  private readonly shapes: readonly number[][];

  constructor(
    private readonly network: Network,
    private readonly folded: readonly (FoldedLayer | undefined)[],
    private readonly activations: readonly Quantization[],
  ) {
    this.shapes = outputShapes(network);
  }

  build(): QuantizedNetwork {
    this.network.layers.forEach((layer, index) => {
      this.add(layer, index);
    });
    const graph = {
      name: this.network.name,
      tensors: this.tensors,
      operators: this.operators,
      inputs: [this.layerTensors[0]],
      outputs: [this.layerTensors.at(-1)!],
    };
    return { graph, layerTensors: this.layerTensors };
  }

  private tensor(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }

  /** Constants of a layer are numbered before its output, as a reader of the file expects. */
  private output(layer: Layer, index: number): number {
    const shape = [1, ...this.shapes[index]];
    const id = this.tensor({ name: layer.name, type: "int8", shape, quantization: this.activations[index] });
    this.layerTensors[index] = id;
    return id;
  }

  private add(layer: Layer, index: number): void {
    switch (layer.kind) {
      case "input":
        this.output(layer, index);
        break;
      case "conv":
        this.addConv(layer, index);
        break;
      case "depthwise":
        this.addDepthwise(layer, index);
        break;
      case "dense":
        this.addDense(layer, index);
        break;
      case "add":
        this.addAdd(layer, index);
        break;
      case "mean":
        this.addMean(layer, index);
        break;
      case "upsample":
        this.addUpsample(layer, index);
        break;
    }
  }

  private addMean(layer: MeanLayer, index: number): void {
    const axes = this.tensor({ name: `${layer.name}/axes`, type: "int32", shape: [2], data: Int32Array.of(1, 2) });
    const inputs = [this.layerTensors[layer.input], axes];
    this.operators.push({ kind: "MEAN", inputs, outputs: [this.output(layer, index)], keepDims: false });
  }

  private addUpsample(layer: UpsampleLayer, index: number): void {
    const data = Int32Array.from(this.shapes[index].slice(0, 2));
    const size = this.tensor({ name: `${layer.name}/size`, type: "int32", shape: [2], data });
    const inputs = [this.layerTensors[layer.input], size];
    const outputs = [this.output(layer, index)];
    const flags = { alignCorners: false, halfPixelCenters: false };
    this.operators.push({ kind: "RESIZE_NEAREST_NEIGHBOR", inputs, outputs, ...flags });
  }

  private addConv(layer: ConvLayer, index: number): void {
    const { kernel, kernelShape, bias } = this.folded[index]!;
    const [height, width, inputs, outputs] = kernelShape;
    const scales = weightScales(kernel, outputs, true);
    const data = new Int8Array(kernel.length);
    // HWIO -> OHWI
    for (let i = 0; i < kernel.length; i++) {
      const channel = i % outputs;
      data[channel * (kernel.length / outputs) + Math.floor(i / outputs)] = quantizeWeight(kernel[i], scales[channel]);
    }
    const operands = this.weightsAndBias(layer, {
      data,
      shape: [outputs, height, width, inputs],
      scales,
      axis: 0,
      bias,
    });
    this.operators.push({
      kind: "CONV_2D",
      inputs: operands,
      outputs: [this.output(layer, index)],
      ...window(layer),
      dilationH: 1,
      dilationW: 1,
      activation: fused(layer),
    });
  }

  private addDepthwise(layer: DepthwiseLayer, index: number): void {
    const { kernel, kernelShape, bias } = this.folded[index]!;
    const channels = kernelShape[2];
    const scales = weightScales(kernel, channels, true);
    const data = Int8Array.from(kernel, (value, i) => quantizeWeight(value, scales[i % channels]));
    const operands = this.weightsAndBias(layer, { data, shape: [1, ...kernelShape], scales, axis: 3, bias });
    this.operators.push({
      kind: "DEPTHWISE_CONV_2D",
      inputs: operands,
      outputs: [this.output(layer, index)],
      depthMultiplier: 1,
      ...window(layer),
      dilationH: 1,
      dilationW: 1,
      activation: fused(layer),
    });
  }

  private addDense(layer: DenseLayer, index: number): void {
    const { kernel, kernelShape, bias } = this.folded[index]!;
    const [inputs, units] = kernelShape;
    const scales = weightScales(kernel, units, false);
    const data = new Int8Array(kernel.length);
    for (let i = 0; i < kernel.length; i++)
      data[(i % units) * inputs + Math.floor(i / units)] = quantizeWeight(kernel[i], scales[0]);
    const operands = this.weightsAndBias(layer, {
      data,
      shape: [units, inputs],
      scales,
      axis: 0,
      bias,
    });
    this.operators.push({
      kind: "FULLY_CONNECTED",
      inputs: operands,
      outputs: [this.output(layer, index)],
      keepNumDims: false,
      activation: "NONE",
    });
  }

  private addAdd(layer: AddLayer, index: number): void {
    const inputs = layer.inputs.map((input) => this.layerTensors[input]);
    this.operators.push({ kind: "ADD", inputs, outputs: [this.output(layer, index)], activation: fused(layer) });
  }

  private weightsAndBias(layer: ConvLayer | DepthwiseLayer | DenseLayer, weights: Weights): number[] {
    const { scales } = weights;
    const inputScale = this.activations[layer.input].scale[0];
    const biasScales = scales.map((scale) => inputScale * scale);
    const weightId = this.tensor({
      name: `${layer.name}/weights`,
      type: "int8",
      shape: weights.shape,
      quantization: { scale: scales, zeroPoint: new Int32Array(scales.length), axis: weights.axis },
      data: weights.data,
    });
    const biasId = this.tensor({
      name: `${layer.name}/bias`,
      type: "int32",
      shape: [weights.bias.length],
      quantization: { scale: biasScales, zeroPoint: new Int32Array(biasScales.length), axis: 0 },
      data: Int32Array.from(weights.bias, (value, channel) =>
        quantizeBias(value, biasScales[channel % biasScales.length]),
      ),
    });
    return [this.layerTensors[layer.input], weightId, biasId];
  }
}

interface Weights {
  readonly data: Int8Array;
  readonly shape: readonly number[];
  readonly scales: Float32Array;
  readonly axis: number;
  readonly bias: Float32Array;
}

function window(layer: ConvLayer | DepthwiseLayer) {
  return { padding: "SAME", strideH: layer.stride, strideW: layer.stride } as const;
}

function fused(layer: { readonly activation: "none" | "relu6" }): Activation {
  return layer.activation === "relu6" ? "RELU6" : "NONE";
}
