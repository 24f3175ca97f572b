/** Forward and backward pass of one group of pictures on the kernels, inside one thread's workspace. */
import { crossEntropySum } from "../loss.js";
import {
  type AddLayer,
  BATCH_NORM_EPSILON,
  type ConvLayer,
  type DenseLayer,
  type DepthwiseLayer,
  type MeanLayer,
  type Network,
  type ParameterRole,
} from "../network.js";
import type { Kernels } from "./kernels.js";
import { GROUP_PICTURES, type LayerBuffers, type SharedPlan, type Workspace } from "./plan.js";

/** Pictures [start, start + count) of the batch. */
export interface Group {
  readonly index: number;
  readonly start: number;
  readonly count: number;
}

/** What a job asks of every group. */
export interface PassOptions {
  readonly labelSmoothing: number;
  /** 1 / sum of the batch's weights. */
  readonly lossFactor: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Byte offset of a layer's parameter in a flat array. */
type Offsets = Partial<Record<ParameterRole, number>>;

export class GroupRunner {
  private readonly f32: Float32Array;
  private readonly f64: Float64Array;
  private readonly offsets: Offsets[];
  /** 1 / standard deviation per channel of batch-norm layers, kept from forward to backward. */
  private readonly inverseDeviations: Float64Array[];

  constructor(
    private readonly network: Network,
    private readonly kernels: Kernels,
    private readonly memory: WebAssembly.Memory,
    private readonly shared: SharedPlan,
    private readonly workspace: Workspace,
  ) {
    this.f32 = new Float32Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.offsets = network.layers.map(() => ({}));
    for (const slot of shared.slots) this.offsets[slot.layer][slot.role] = slot.offset * 4;
    this.inverseDeviations = shared.shapes.map((shape) => new Float64Array(shape.channels));
  }

  /** Rearranges the kernels for the matrix products; once per change of parameters. */
  pack(backward: boolean): void {
    this.network.layers.forEach((layer, index) => {
      if (layer.kind !== "conv") return;
      const buffers = this.workspace.layers[index];
      const { kernel, run } = this.shared.windows[index]!;
      const from = this.parameter(index, "kernel");
      this.kernels.packForward(from, buffers.forwardPanels, kernel, run, layer.filters);
      if (backward) this.kernels.packBackward(from, buffers.backwardPanels, kernel, run, layer.filters);
    });
  }

  /** Logits of the group into the shared logits. */
  infer(group: Group, options: PassOptions): void {
    this.forward(group, options, false);
  }

  /** Gradient, statistics and loss of the group into its shared slots. */
  train(group: Group, options: PassOptions): void {
    this.forward(group, options, true);
    const gradient = this.gradientOf(group);
    this.f32.fill(0, gradient >> 2, (gradient >> 2) + this.shared.parameterCount);
    this.f32.fill(0, this.workspace.gradientsStart >> 2, this.workspace.gradientsEnd >> 2);
    this.storeStatistics(group);
    this.loss(group, options);
    for (let index = this.network.layers.length - 1; index > 0; index--) this.backwardLayer(index, group);
  }

  private parameter(index: number, role: ParameterRole): number {
    return this.shared.parameters + this.offsets[index][role]!;
  }

  private gradientOf(group: Group): number {
    return this.shared.gradients + group.index * this.shared.parameterCount * 4;
  }

  private parameterGradient(group: Group, index: number, role: ParameterRole): number {
    return this.gradientOf(group) + this.offsets[index][role]!;
  }

  private forward(group: Group, options: PassOptions, training: boolean): void {
    this.network.layers.forEach((layer, index) => {
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
        case "dense":
          this.dense(layer, index, group, training);
          break;
      }
    });
    this.copyLogits(group);
  }

  private dequantize(group: Group, { scale, zeroPoint }: PassOptions): void {
    const { height, width, channels } = this.shared.shapes[0];
    const { base, row, picture } = this.workspace.layers[0].activation;
    const from = this.shared.inputs + group.start * height * width * channels;
    this.kernels.dequantize(from, base, group.count, height, width * channels, row, picture, scale, zeroPoint);
  }

  private convolve(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const window = this.shared.windows[index]!;
    const { start, row, picture } = this.workspace.layers[layer.input].activation;
    const { sums, forwardPanels } = this.workspace.layers[index];
    const offsets = this.shared.offsets[index];
    const { channels } = this.shared.shapes[index];
    if (layer.kind === "depthwise") {
      const kernel = this.parameter(index, "kernel");
      const { pixels } = window;
      this.kernels.depthwiseForward(
        start,
        sums,
        kernel,
        offsets,
        group.count,
        pixels,
        picture,
        row,
        layer.kernel,
        channels,
      );
      return;
    }
    const { blocks, tiles, stride } = this.blocks(index, group, picture);
    this.kernels.convForward(
      start,
      sums,
      forwardPanels,
      offsets,
      blocks,
      tiles,
      stride,
      row,
      window.kernel,
      window.run,
      channels,
    );
  }

  private blocks(index: number, group: Group, picture: number) {
    const { blockPictures, pixels } = this.shared.windows[index]!;
    return {
      blocks: Math.ceil(group.count / blockPictures),
      tiles: (blockPictures * pixels) / 4,
      stride: blockPictures * picture,
    };
  }

  /** Batch norm or bias, then the activation. */
  private normalize(layer: ConvLayer | DepthwiseLayer, index: number, group: Group, training: boolean): void {
    const { height, width, channels } = this.shared.shapes[index];
    const buffers = this.workspace.layers[index];
    if (!layer.batchNorm) this.prepareBias(index, buffers, channels);
    else if (training) this.prepareFromBatch(index, buffers, group);
    else this.prepareFromMoving(index, buffers, channels);
    const { base, row, picture } = buffers.activation;
    const offsets = buffers.channels + channels * 4;
    const clamp = layer.activation === "relu6" ? 1 : 0;
    this.kernels.affineForward(
      buffers.sums,
      base,
      buffers.channels,
      offsets,
      group.count,
      height,
      width,
      channels,
      row,
      picture,
      clamp,
    );
  }

  /** The per-channel arrays of a layer: factor, offset, mean, constant, slope. */
  private channelArrays(buffers: LayerBuffers, channels: number): Float32Array[] {
    const at = (k: number) => (buffers.channels >> 2) + k * channels;
    return [0, 1, 2, 3, 4].map((k) => this.f32.subarray(at(k), at(k + 1)));
  }

  private values(address: number, count: number): Float32Array {
    return this.f32.subarray(address >> 2, (address >> 2) + count);
  }

  private prepareBias(index: number, buffers: LayerBuffers, channels: number): void {
    const [factor, offset, mean, constant, slope] = this.channelArrays(buffers, channels);
    factor.fill(1);
    offset.set(this.values(this.parameter(index, "bias"), channels));
    for (const zero of [mean, constant, slope]) zero.fill(0);
  }

  private prepareFromMoving(index: number, buffers: LayerBuffers, channels: number): void {
    const means = this.values(this.parameter(index, "movingMean"), channels);
    const variances = this.values(this.parameter(index, "movingVariance"), channels);
    for (let c = 0; c < channels; c++) this.prepareChannel(index, buffers, c, means[c], variances[c]);
  }

  private prepareFromBatch(index: number, buffers: LayerBuffers, group: Group): void {
    const { height, width, channels } = this.shared.shapes[index];
    const { scratch } = this.workspace;
    this.kernels.channelSums(buffers.sums, group.count, height * width, channels, scratch);
    const count = group.count * height * width;
    const at = scratch >> 3;
    const variances = this.channelArrays(buffers, channels)[4];
    for (let c = 0; c < channels; c++) {
      const mean = this.f64[at + c] / count;
      const variance = Math.max(0, this.f64[at + channels + c] / count - mean * mean);
      this.prepareChannel(index, buffers, c, mean, variance);
      // The slope's place is free until the backward pass; the statistics leave from there.
      variances[c] = variance;
    }
  }

  private prepareChannel(index: number, buffers: LayerBuffers, c: number, mean: number, variance: number): void {
    const { channels } = this.shared.shapes[index];
    const inverse = 1 / Math.sqrt(variance + BATCH_NORM_EPSILON);
    const at = (buffers.channels >> 2) + c;
    const gamma = this.f32[(this.parameter(index, "gamma") >> 2) + c];
    const beta = this.f32[(this.parameter(index, "beta") >> 2) + c];
    this.inverseDeviations[index][c] = inverse;
    this.f32[at] = gamma * inverse;
    this.f32[at + channels] = beta - mean * gamma * inverse;
    this.f32[at + 2 * channels] = mean;
  }

  private storeStatistics(group: Group): void {
    this.network.layers.forEach((layer, index) => {
      if ((layer.kind !== "conv" && layer.kind !== "depthwise") || !layer.batchNorm) return;
      const { channels } = this.shared.shapes[index];
      const [, , means, , variances] = this.channelArrays(this.workspace.layers[index], channels);
      this.values(this.parameterGradient(group, index, "movingMean"), channels).set(means);
      this.values(this.parameterGradient(group, index, "movingVariance"), channels).set(variances);
    });
  }

  private add(layer: AddLayer, index: number, group: Group): void {
    const { height, width, channels } = this.shared.shapes[index];
    const [a, b] = layer.inputs.map((from) => this.workspace.layers[from].activation);
    const out = this.workspace.layers[index].activation;
    const clamp = layer.activation === "relu6" ? 1 : 0;
    const line = width * channels;
    this.kernels.addForward(
      a.base,
      b.base,
      out.base,
      group.count,
      height,
      line,
      a.row,
      a.picture,
      b.row,
      b.picture,
      out.row,
      out.picture,
      clamp,
    );
  }

  private mean(layer: MeanLayer, index: number, group: Group): void {
    const { height, width, channels } = this.shared.shapes[layer.input];
    const { base, row, picture } = this.workspace.layers[layer.input].activation;
    const out = this.workspace.layers[index].activation.base;
    this.kernels.meanForward(base, out, group.count, height, width, channels, row, picture);
  }

  private mask(layer: DenseLayer, index: number, group: Group): number {
    if (layer.dropout === 0) return 0;
    return this.shared.masks.get(index)! + group.start * this.shared.shapes[layer.input].channels * 4;
  }

  private dense(layer: DenseLayer, index: number, group: Group, training: boolean): void {
    const inputs = this.shared.shapes[layer.input].channels;
    const from = this.workspace.layers[layer.input].activation.base;
    const out = this.workspace.layers[index].activation.base;
    const mask = training ? this.mask(layer, index, group) : 0;
    const [kernel, bias] = [this.parameter(index, "kernel"), this.parameter(index, "bias")];
    this.kernels.denseForward(from, mask, kernel, bias, out, group.count, inputs, layer.units);
  }

  private copyLogits(group: Group): void {
    const last = this.network.layers.length - 1;
    const { channels } = this.shared.shapes[last];
    const from = this.workspace.layers[last].activation.base;
    const to = this.shared.logits + group.start * channels * 4;
    this.values(to, group.count * channels).set(this.values(from, group.count * channels));
  }

  private loss(group: Group, options: PassOptions): void {
    const last = this.network.layers.length - 1;
    const classes = this.shared.shapes[last].channels;
    const { activation, gradient } = this.workspace.layers[last];
    const labels = new Uint8Array(this.memory.buffer, this.shared.labels + group.start, group.count);
    const { loss, correct } = crossEntropySum(
      {
        logits: this.values(activation.base, group.count * classes),
        classes,
        labels,
        weights: this.values(this.shared.weights + group.start * 4, group.count),
        labelSmoothing: options.labelSmoothing,
      },
      options.lossFactor,
      this.values(gradient.base, group.count * classes),
    );
    const result = (this.shared.results >> 3) + group.index * 2;
    this.f64[result] = loss;
    this.f64[result + 1] = correct;
  }

  private backwardLayer(index: number, group: Group): void {
    const layer = this.network.layers[index];
    switch (layer.kind) {
      case "conv":
      case "depthwise":
        this.normalizeBackward(layer, index, group);
        this.convolveBackward(layer, index, group);
        break;
      case "add":
        this.addBackward(layer, index, group);
        break;
      case "mean":
        this.meanBackward(layer, index, group);
        break;
      case "dense":
        this.denseBackward(layer, index, group);
        break;
      case "input":
        break;
    }
  }

  /** Leaves the gradient of the sums in their place. */
  private normalizeBackward(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const { height, width, channels } = this.shared.shapes[index];
    const buffers = this.workspace.layers[index];
    const { activation: a, gradient: g, sums } = buffers;
    const clamp = layer.activation === "relu6" ? 1 : 0;
    const at = (k: number) => buffers.channels + k * channels * 4;
    const { scratch } = this.workspace;
    this.kernels.affineSums(
      sums,
      g.base,
      a.base,
      at(2),
      group.count,
      height,
      width,
      channels,
      g.row,
      g.picture,
      a.row,
      a.picture,
      clamp,
      scratch,
    );
    this.channelGradients(layer, index, group);
    this.kernels.affineBackward(
      sums,
      g.base,
      a.base,
      at(0),
      at(3),
      at(2),
      at(4),
      group.count,
      height,
      width,
      channels,
      g.row,
      g.picture,
      a.row,
      a.picture,
      clamp,
    );
    // Matrix products take whole blocks of pictures; those beyond the group must not contribute.
    const floats = height * width * channels;
    this.values(
      sums + group.count * floats * 4,
      (Math.min(GROUP_PICTURES, Math.ceil(group.count / 4) * 4) - group.count) * floats,
    ).fill(0);
  }

  /** Gradients of gamma and beta, or of the bias, and what the second pass needs (Ioffe and Szegedy 2015, section 3). */
  private channelGradients(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const { height, width, channels } = this.shared.shapes[index];
    const buffers = this.workspace.layers[index];
    const at = this.workspace.scratch >> 3;
    const sums = this.f64.subarray(at, at + channels);
    if (!layer.batchNorm) {
      this.values(this.parameterGradient(group, index, "bias"), channels).set(sums);
      return;
    }
    const count = group.count * height * width;
    const [factor, , , constant, slope] = this.channelArrays(buffers, channels);
    const gamma = this.values(this.parameterGradient(group, index, "gamma"), channels);
    const beta = this.values(this.parameterGradient(group, index, "beta"), channels);
    for (let c = 0; c < channels; c++) {
      const inverse = this.inverseDeviations[index][c];
      const product = this.f64[at + channels + c];
      gamma[c] = product * inverse;
      beta[c] = sums[c];
      constant[c] = (-factor[c] * sums[c]) / count;
      slope[c] = (-factor[c] * inverse * inverse * product) / count;
    }
  }

  private convolveBackward(layer: ConvLayer | DepthwiseLayer, index: number, group: Group): void {
    const window = this.shared.windows[index]!;
    const { channels } = this.shared.shapes[index];
    const input = this.workspace.layers[layer.input];
    const { start, row, picture } = input.activation;
    const { sums, backwardPanels } = this.workspace.layers[index];
    const offsets = this.shared.offsets[index];
    const gradKernel = this.parameterGradient(group, index, "kernel");
    const target = input.gradient.start;
    const wanted = layer.input !== 0;
    if (layer.kind === "depthwise") {
      const rest = [group.count, window.pixels, picture, row, layer.kernel, channels];
      this.kernels.depthwiseGradKernel(start, sums, gradKernel, offsets, ...rest);
      if (wanted) this.kernels.depthwiseGradInput(sums, target, this.parameter(index, "kernel"), offsets, ...rest);
      return;
    }
    const { blocks, tiles, stride } = this.blocks(index, group, picture);
    const rest = [stride, row, window.kernel, window.run, channels];
    this.kernels.convGradKernel(start, sums, gradKernel, offsets, blocks, tiles * 4, ...rest);
    if (wanted) this.kernels.convGradInput(sums, target, backwardPanels, offsets, blocks, tiles, ...rest);
  }

  private addBackward(layer: AddLayer, index: number, group: Group): void {
    const { height, width, channels } = this.shared.shapes[index];
    const { activation: a, gradient: g } = this.workspace.layers[index];
    const line = width * channels;
    if (layer.activation === "relu6") {
      this.kernels.relu6Backward(g.base, a.base, group.count, height, line, g.row, g.picture, a.row, a.picture);
    }
    for (const from of layer.inputs) {
      const target = this.workspace.layers[from].gradient;
      if (from === 0 || target === g) continue;
      this.kernels.accumulate(
        g.base,
        target.base,
        group.count,
        height,
        line,
        g.row,
        g.picture,
        target.row,
        target.picture,
      );
    }
  }

  private meanBackward(layer: MeanLayer, index: number, group: Group): void {
    const { height, width, channels } = this.shared.shapes[layer.input];
    const { base, row, picture } = this.workspace.layers[layer.input].gradient;
    const from = this.workspace.layers[index].gradient.base;
    this.kernels.meanBackward(from, base, group.count, height, width, channels, row, picture);
  }

  private denseBackward(layer: DenseLayer, index: number, group: Group): void {
    const inputs = this.shared.shapes[layer.input].channels;
    const input = this.workspace.layers[layer.input];
    const from = this.workspace.layers[index].gradient.base;
    this.kernels.denseBackward(
      input.activation.base,
      this.mask(layer, index, group),
      this.parameter(index, "kernel"),
      from,
      input.gradient.base,
      this.parameterGradient(group, index, "kernel"),
      this.parameterGradient(group, index, "bias"),
      group.count,
      inputs,
      layer.units,
    );
  }
}
