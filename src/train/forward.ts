/**
 * Float reference: the forward pass of a trained network in plain TypeScript, one picture at a time.
 *
 * It defines what the float model means (batch norm by its moving statistics) for calibration, for the quantizer's comparisons and for the
 * tests of the fast backends. Sums are double precision; activations are rounded to float32 once per layer.
 */
import { sameWindow } from "./geometry.js";
import {
  BATCH_NORM_EPSILON,
  type ConvLayer,
  type DepthwiseLayer,
  type FloatModel,
  type Layer,
  outputShapes,
  type ParameterRole,
  parameterLayout,
} from "./network.js";

/** Parameters of one layer by role, views into the flat array. */
export type LayerParameters = Readonly<Partial<Record<ParameterRole, Float32Array>>>;

/** Views of every layer's parameters. */
function parametersByLayer(model: FloatModel): LayerParameters[] {
  const views: Partial<Record<ParameterRole, Float32Array>>[] = model.network.layers.map(() => ({}));
  for (const slot of parameterLayout(model.network)) {
    views[slot.layer][slot.role] = model.parameters.subarray(slot.offset, slot.offset + slot.size);
  }
  return views;
}

/**
 * Activations of every layer for one picture.
 *
 * @param input dequantized network input, [H, W, C] row-major
 * @returns one array per layer in the order of `network.layers`: its output after batch norm and activation; the last holds the logits
 */
export function runFloat(model: FloatModel, input: Float32Array): Float32Array[] {
  const shapes = outputShapes(model.network);
  const parameters = parametersByLayer(model);
  const outputs: Float32Array[] = [];
  model.network.layers.forEach((layer, index) => {
    outputs.push(runLayer(layer, { shapes, outputs, parameters: parameters[index], index }, input));
  });
  return outputs;
}

interface LayerContext {
  readonly shapes: readonly number[][];
  readonly outputs: readonly Float32Array[];
  readonly parameters: LayerParameters;
  readonly index: number;
}

function runLayer(layer: Layer, context: LayerContext, input: Float32Array): Float32Array {
  switch (layer.kind) {
    case "input":
      return input;
    case "conv":
      return finish(layer, conv(layer, context), context.parameters);
    case "depthwise":
      return finish(layer, depthwise(layer, context), context.parameters);
    case "add": {
      const [a, b] = layer.inputs.map((from) => context.outputs[from]);
      const relu6 = layer.activation === "relu6";
      return a.map((value, i) => (relu6 ? clamp6(value + b[i]) : value + b[i]));
    }
    case "mean":
      return mean(context.outputs[layer.input], context.shapes[context.index][0]);
    case "upsample":
      return upsample(context.outputs[layer.input], context.shapes[layer.input]);
    case "dense":
      return dense(context.outputs[layer.input], context.parameters, layer.units);
  }
}

function clamp6(value: number): number {
  return Math.max(0, Math.min(6, value));
}

/** Per-channel factor and offset of batch norm or bias: y = z * factor + offset. */
function channelAffine(parameters: LayerParameters, channels: number): [Float64Array, Float64Array] {
  const factor = new Float64Array(channels).fill(1);
  const offset = new Float64Array(channels);
  const { bias, gamma, beta, movingMean, movingVariance } = parameters;
  for (let c = 0; c < channels; c++) {
    if (bias !== undefined) offset[c] = bias[c];
    if (gamma === undefined) continue;
    factor[c] = gamma[c] / Math.sqrt(movingVariance![c] + BATCH_NORM_EPSILON);
    offset[c] = beta![c] - movingMean![c] * factor[c];
  }
  return [factor, offset];
}

function finish(layer: ConvLayer | DepthwiseLayer, sums: Float64Array, parameters: LayerParameters): Float32Array {
  const channels = (parameters.bias ?? parameters.gamma)!.length;
  const [factor, offset] = channelAffine(parameters, channels);
  const out = new Float32Array(sums.length);
  for (let i = 0; i < out.length; i++) {
    const value = sums[i] * factor[i % channels] + offset[i % channels];
    out[i] = layer.activation === "relu6" ? clamp6(value) : value;
  }
  return out;
}

/** Calls `tap` for each output pixel and each kernel position that falls inside the picture. */
function eachTap(
  layer: ConvLayer | DepthwiseLayer,
  context: LayerContext,
  tap: (outputPixel: number, inputPixel: number, kernelPixel: number) => void,
): void {
  const [height, width] = context.shapes[layer.input];
  const rows = sameWindow(height, layer.kernel, layer.stride);
  const columns = sameWindow(width, layer.kernel, layer.stride);
  for (let y = 0; y < rows.output; y++) {
    for (let x = 0; x < columns.output; x++) {
      for (let ky = 0; ky < layer.kernel; ky++) {
        const inY = y * layer.stride - rows.before + ky;
        if (inY < 0 || inY >= height) continue;
        for (let kx = 0; kx < layer.kernel; kx++) {
          const inX = x * layer.stride - columns.before + kx;
          if (inX < 0 || inX >= width) continue;
          tap(y * columns.output + x, inY * width + inX, ky * layer.kernel + kx);
        }
      }
    }
  }
}

function conv(layer: ConvLayer, context: LayerContext): Float64Array {
  const input = context.outputs[layer.input];
  const depth = context.shapes[layer.input][2];
  const kernel = context.parameters.kernel!;
  const { filters } = layer;
  const [height, width] = context.shapes[context.index];
  const sums = new Float64Array(height * width * filters);
  eachTap(layer, context, (outputPixel, inputPixel, kernelPixel) => {
    const to = outputPixel * filters;
    for (let c = 0; c < depth; c++) {
      const value = input[inputPixel * depth + c];
      if (value === 0) continue;
      const from = (kernelPixel * depth + c) * filters;
      for (let f = 0; f < filters; f++) sums[to + f] += value * kernel[from + f];
    }
  });
  return sums;
}

function depthwise(layer: DepthwiseLayer, context: LayerContext): Float64Array {
  const input = context.outputs[layer.input];
  const [height, width, depth] = context.shapes[context.index];
  const kernel = context.parameters.kernel!;
  const sums = new Float64Array(height * width * depth);
  eachTap(layer, context, (outputPixel, inputPixel, kernelPixel) => {
    for (let c = 0; c < depth; c++) {
      sums[outputPixel * depth + c] += input[inputPixel * depth + c] * kernel[kernelPixel * depth + c];
    }
  });
  return sums;
}

function mean(input: Float32Array, channels: number): Float32Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < input.length; i++) sums[i % channels] += input[i];
  return Float32Array.from(sums, (sum) => sum / (input.length / channels));
}

function upsample(input: Float32Array, [height, width, channels]: readonly number[]): Float32Array {
  const out = new Float32Array(4 * input.length);
  for (let y = 0, to = 0; y < 2 * height; y++) {
    for (let x = 0; x < 2 * width; x++, to += channels) {
      const from = ((y >> 1) * width + (x >> 1)) * channels;
      out.set(input.subarray(from, from + channels), to);
    }
  }
  return out;
}

function dense(input: Float32Array, parameters: LayerParameters, units: number): Float32Array {
  const kernel = parameters.kernel!;
  const sums = Float64Array.from(parameters.bias!);
  for (let i = 0; i < input.length; i++) {
    for (let u = 0; u < units; u++) sums[u] += input[i] * kernel[i * units + u];
  }
  return Float32Array.from(sums);
}
