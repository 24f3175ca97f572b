/** Forward pass of one group of pictures. */
import type { AddLayer, ConvLayer, DenseLayer, DepthwiseLayer, MeanLayer, UpsampleLayer } from "../network.js";
import { BATCH_NORM_EPSILON } from "../network.js";
import type { Group, GroupMemory, PassOptions } from "./group-memory.js";

export class GroupForward {
  constructor(private readonly memory: GroupMemory) {}

  /** Activations of every layer into the workspace; in training by the group's own statistics and with dropout. */
  run(group: Group, options: PassOptions, training: boolean): void {
    this.memory.network.layers.forEach((layer, index) => {
      switch (layer.kind) {
        case "input":
          this.dequantize(group, options);
          break;
        case "conv":
        case "depthwise":
          this.convolve(layer, index, group);
          this.normalize(layer, index, group, training);
          break;
        case "add":
          this.add(layer, index, group);
          break;
        case "mean":
          this.mean(layer, index, group);
          break;
        case "upsample":
          this.upsample(layer, index, group);
          break;
        case "dense":
          this.dense(layer, index, group, training);
          break;
      }
      this.quantize(index, group);
    });
  }

  /** Batch statistics of every layer into the group's gradient slots; after a forward pass in training. */
  storeStatistics(group: Group): void {
    const { memory } = this;
    memory.network.layers.forEach((layer, index) => {
      if ((layer.kind !== "conv" && layer.kind !== "depthwise") || !layer.batchNorm) return;
      const { channels } = memory.shape(index);
      const [, , means, , variances] = memory.channelArrays(index);
      memory.values(memory.parameterGradient(group, index, "movingMean"), channels).set(means);
      memory.values(memory.parameterGradient(group, index, "movingVariance"), channels).set(variances);
    });
  }

  private dequantize(group: Group, { scale, zeroPoint }: PassOptions): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(0);
    const { base, row, picture } = memory.layer(0).activation;
    const from = memory.shared.inputs + group.start * height * width * channels;
    memory.kernels.dequantize(from, base, group.count, height, width * channels, row, picture, scale, zeroPoint);
  }

  private convolve(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const { memory } = this;
    const window = memory.shared.windows[index]!;
    const { start, row, picture } = memory.layer(layer.input).activation;
    const { sums, forwardPanels } = memory.layer(index);
    const offsets = memory.shared.offsets[index];
    const { channels } = memory.shape(index);
    if (layer.kind === "depthwise") {
      const kernel = memory.parameter(index, "kernel");
      const rest = [group.count, window.pixels, picture, row, layer.kernel, channels];
      memory.kernels.depthwiseForward(start, sums, kernel, offsets, ...rest);
      return;
    }
    const { blocks, tiles, stride } = memory.blocks(layer, index, group);
    const rest = [blocks, tiles, stride, row, window.kernel, window.run, channels];
    memory.kernels.convForward(start, sums, forwardPanels, offsets, ...rest);
  }

  /** Batch norm or bias, then the activation. */
  private normalize(layer: ConvLayer | DepthwiseLayer, index: number, group: Group, training: boolean): void {
    const { memory } = this;
    if (!layer.batchNorm) this.prepareBias(index);
    else if (training) this.prepareFromBatch(index, group);
    else this.prepareFromMoving(index);
    const { height, width, channels } = memory.shape(index);
    const { sums, activation } = memory.layer(index);
    const size = [group.count, height, width, channels, activation.row, activation.picture];
    const clamp = layer.activation === "relu6" ? 1 : 0;
    const [factors, offsets] = [memory.channelArray(index, 0), memory.channelArray(index, 1)];
    memory.kernels.affineForward(sums, activation.base, factors, offsets, ...size, clamp);
  }

  private prepareBias(index: number): void {
    const { memory } = this;
    const [factor, offset, mean, constant, slope] = memory.channelArrays(index);
    factor.fill(1);
    offset.set(memory.values(memory.parameter(index, "bias"), offset.length));
    for (const zero of [mean, constant, slope]) zero.fill(0);
  }

  private prepareFromMoving(index: number): void {
    const { memory } = this;
    const { channels } = memory.shape(index);
    const means = memory.values(memory.parameter(index, "movingMean"), channels);
    const variances = memory.values(memory.parameter(index, "movingVariance"), channels);
    for (let c = 0; c < channels; c++) this.prepareChannel(index, c, means[c], variances[c]);
  }

  private prepareFromBatch(index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(index);
    const { scratch } = memory.workspace;
    memory.kernels.channelSums(memory.layer(index).sums, group.count, height * width, channels, scratch);
    const count = group.count * height * width;
    const at = scratch >> 3;
    const variances = memory.channelArrays(index)[4];
    for (let c = 0; c < channels; c++) {
      const mean = memory.f64[at + c] / count;
      const variance = Math.max(0, memory.f64[at + channels + c] / count - mean * mean);
      this.prepareChannel(index, c, mean, variance);
      // The slope's place is free until the backward pass; the statistics leave from there.
      variances[c] = variance;
    }
  }

  private prepareChannel(index: number, c: number, mean: number, variance: number): void {
    const { memory } = this;
    const { channels } = memory.shape(index);
    const inverse = 1 / Math.sqrt(variance + BATCH_NORM_EPSILON);
    const at = (memory.layer(index).channels >> 2) + c;
    const gamma = memory.f32[(memory.parameter(index, "gamma") >> 2) + c];
    const beta = memory.f32[(memory.parameter(index, "beta") >> 2) + c];
    memory.inverseDeviations[index][c] = inverse;
    memory.f32[at] = gamma * inverse;
    memory.f32[at + channels] = beta - mean * gamma * inverse;
    memory.f32[at + 2 * channels] = mean;
  }

  private add(layer: AddLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(index);
    const [a, b] = layer.inputs.map((from) => memory.layer(from).activation);
    const out = memory.layer(index).activation;
    const clamp = layer.activation === "relu6" ? 1 : 0;
    const strides = [a.row, a.picture, b.row, b.picture, out.row, out.picture];
    memory.kernels.addForward(a.base, b.base, out.base, group.count, height, width * channels, ...strides, clamp);
  }

  private mean(layer: MeanLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(layer.input);
    const { base, row, picture } = memory.layer(layer.input).activation;
    const out = memory.layer(index).activation.base;
    memory.kernels.meanForward(base, out, group.count, height, width, channels, row, picture);
  }

  private upsample(layer: UpsampleLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(layer.input);
    const { base, row, picture } = memory.layer(layer.input).activation;
    const out = memory.layer(index).activation;
    const strides = [row, picture, out.row, out.picture];
    memory.kernels.upsampleForward(base, out.base, group.count, height, width, channels, ...strides);
  }

  private dense(layer: DenseLayer, index: number, group: Group, training: boolean): void {
    const { memory } = this;
    const inputs = memory.shape(layer.input).channels;
    const from = memory.layer(layer.input).activation.base;
    const out = memory.layer(index).activation.base;
    const mask = training ? memory.mask(index, group) : 0;
    const [kernel, bias] = [memory.parameter(index, "kernel"), memory.parameter(index, "bias")];
    memory.kernels.denseForward(from, mask, kernel, bias, out, group.count, inputs, layer.units);
  }

  /** Rounds a layer's output to int8 and back where that is simulated. */
  private quantize(index: number, group: Group): void {
    const { memory } = this;
    const quantization = memory.quantization[index];
    if (quantization === undefined) return;
    const { height, width, channels } = memory.shape(index);
    const { base, row, picture } = memory.layer(index).activation;
    const size = [group.count, height, width * channels, row, picture];
    memory.kernels.simulateInt8(base, ...size, quantization.scale, quantization.zeroPoint);
  }
}
