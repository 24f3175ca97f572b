/** Backward pass of one group of pictures: from the gradient of the logits to those of the parameters. */
import type { AddLayer, ConvLayer, DenseLayer, DepthwiseLayer, MeanLayer, UpsampleLayer } from "../network.js";
import type { Group, GroupMemory } from "./group-memory.js";

export class GroupBackward {
  constructor(private readonly memory: GroupMemory) {}

  /** Adds to the group's gradient, after a forward pass in training and with the gradient of the last layer in place. */
  run(group: Group): void {
    for (let index = this.memory.network.layers.length - 1; index > 0; index--) this.layer(index, group);
  }

  private layer(index: number, group: Group): void {
    const layer = this.memory.network.layers[index];
    switch (layer.kind) {
      case "conv":
      case "depthwise":
        this.normalize(layer, index, group);
        this.convolve(layer, index, group);
        break;
      case "add":
        this.limit(index, group);
        this.add(layer, index, group);
        break;
      case "mean":
        this.limit(index, group);
        this.mean(layer, index, group);
        break;
      case "upsample":
        this.limit(index, group);
        this.upsample(layer, index, group);
        break;
      case "dense":
        this.limit(index, group);
        this.dense(layer, index, group);
        break;
      case "input":
        break;
    }
  }

  /** Takes the gradient away, in place, where the output is at an end of its range. */
  private limit(index: number, group: Group): void {
    const { memory } = this;
    const limits = memory.limits[index];
    if (limits === undefined) return;
    const { height, width, channels } = memory.shape(index);
    const { activation: a, gradient: g } = memory.layer(index);
    const size = [group.count, height, width * channels, g.row, g.picture, a.row, a.picture];
    memory.kernels.limitBackward(g.base, a.base, ...size, limits.low, limits.high);
  }

  /** Leaves the gradient of the sums in their place. */
  private normalize(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(index);
    const { activation: a, gradient: g, sums } = memory.layer(index);
    const limits = memory.limits[index];
    const { low, high } = limits ?? { low: 0, high: 0 };
    const ends = [limits === undefined ? 0 : 1, low, high];
    const size = [group.count, height, width, channels, g.row, g.picture, a.row, a.picture];
    const [factors, , means, constants, slopes] = [0, 1, 2, 3, 4].map((k) => memory.channelArray(index, k));
    const { scratch } = memory.workspace;
    memory.kernels.affineSums(sums, g.base, a.base, means, ...size, ...ends, scratch);
    this.channelGradients(layer, index, group);
    memory.kernels.affineBackward(sums, g.base, a.base, factors, constants, means, slopes, ...size, ...ends);
    // Matrix products take whole blocks of pictures; those beyond the group must not contribute.
    const floats = height * width * channels;
    const blocked = Math.min(memory.shared.groupPictures, Math.ceil(group.count / 4) * 4);
    memory.values(sums + group.count * floats * 4, (blocked - group.count) * floats).fill(0);
  }

  /** Gradients of gamma and beta, or of the bias, and what the second pass needs (Ioffe and Szegedy 2015, section 3). */
  private channelGradients(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(index);
    const at = memory.workspace.scratch >> 3;
    const sums = memory.f64.subarray(at, at + channels);
    if (!layer.batchNorm) {
      memory.values(memory.parameterGradient(group, index, "bias"), channels).set(sums);
      return;
    }
    const count = group.count * height * width;
    const [factor, , , constant, slope] = memory.channelArrays(index);
    const gamma = memory.values(memory.parameterGradient(group, index, "gamma"), channels);
    const beta = memory.values(memory.parameterGradient(group, index, "beta"), channels);
    for (let c = 0; c < channels; c++) {
      const inverse = memory.inverseDeviations[index][c];
      const product = memory.f64[at + channels + c];
      gamma[c] = product * inverse;
      beta[c] = sums[c];
      constant[c] = (-factor[c] * sums[c]) / count;
      slope[c] = (-factor[c] * inverse * inverse * product) / count;
    }
  }

  private convolve(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const { memory } = this;
    const window = memory.shared.windows[index]!;
    const { channels } = memory.shape(index);
    const { activation, gradient } = memory.layer(layer.input);
    const { start, row, picture } = activation;
    const { sums, backwardPanels } = memory.layer(index);
    const offsets = memory.shared.offsets[index];
    const gradKernel = memory.parameterGradient(group, index, "kernel");
    const wanted = layer.input !== 0;
    if (layer.kind === "depthwise") {
      const kernel = memory.parameter(index, "kernel");
      const rest = [group.count, window.pixels, picture, row, layer.kernel, channels];
      memory.kernels.depthwiseGradKernel(start, sums, gradKernel, offsets, ...rest);
      if (wanted) memory.kernels.depthwiseGradInput(sums, gradient.start, kernel, offsets, ...rest);
      return;
    }
    const { blocks, tiles, stride } = memory.blocks(layer, index, group);
    const rest = [stride, row, window.kernel, window.run, channels];
    memory.kernels.convGradKernel(start, sums, gradKernel, offsets, blocks, tiles * 4, ...rest);
    if (wanted) memory.kernels.convGradInput(sums, gradient.start, backwardPanels, offsets, blocks, tiles, ...rest);
  }

  private add(layer: AddLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(index);
    const { gradient: g } = memory.layer(index);
    for (const from of layer.inputs) {
      const target = memory.layer(from).gradient;
      if (from === 0 || target === g) continue;
      const strides = [g.row, g.picture, target.row, target.picture];
      memory.kernels.accumulate(g.base, target.base, group.count, height, width * channels, ...strides);
    }
  }

  private mean(layer: MeanLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(layer.input);
    const { base, row, picture } = memory.layer(layer.input).gradient;
    const from = memory.layer(index).gradient.base;
    memory.kernels.meanBackward(from, base, group.count, height, width, channels, row, picture);
  }

  private upsample(layer: UpsampleLayer, index: number, group: Group): void {
    const { memory } = this;
    const { height, width, channels } = memory.shape(layer.input);
    const { base, row, picture } = memory.layer(layer.input).gradient;
    const out = memory.layer(index).gradient;
    const strides = [row, picture, out.row, out.picture];
    memory.kernels.upsampleBackward(out.base, base, group.count, height, width, channels, ...strides);
  }

  private dense(layer: DenseLayer, index: number, group: Group): void {
    const { memory } = this;
    const input = memory.layer(layer.input);
    memory.kernels.denseBackward(
      input.activation.base,
      memory.mask(index, group),
      memory.parameter(index, "kernel"),
      memory.layer(index).gradient.base,
      input.gradient.base,
      memory.parameterGradient(group, index, "kernel"),
      memory.parameterGradient(group, index, "bias"),
      group.count,
      memory.shape(layer.input).channels,
      layer.units,
    );
  }
}
