/**
 * Where everything lies in the shared memory of the WebAssembly backend.
 *
 * One shared region (parameters, batch, gradients of every group, patch offsets) and one workspace per thread of equal layout. A batch is
 * cut into groups of at most `groupPictures` pictures; a group is computed by one thread from begin to end, so that nothing depends on
 * how many threads there are.
 */
import type { TrainingTask } from "../backend.js";
import { OUTPUT_CHANNELS, TARGET_CHANNELS } from "../detection-loss.js";
import { sameWindow } from "../geometry.js";
import {
  type ConvLayer,
  type DepthwiseLayer,
  type Network,
  outputShapes,
  type ParameterSlot,
  parameterLayout,
} from "../network.js";
import { RESERVED_BYTES } from "./kernels.js";

/** Most pictures in a group, which batch norm takes its statistics over. A multiple of 4. */
export const GROUP_PICTURES = 32;
/** The same of a detector: its pictures are large, and it wants many steps of few. */
export const DETECTOR_GROUP_PICTURES = 8;

/** An activation or its gradient: [pictures][height][width][channels] with a border of zeros. Bytes. */
export interface View {
  /** Start of the buffer, border included. */
  readonly start: number;
  /** First pixel inside the border. */
  readonly base: number;
  readonly row: number;
  readonly picture: number;
}

export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Addresses that do not differ between threads. */
export interface SharedPlan {
  readonly parameters: number;
  readonly parameterCount: number;
  /** One flat gradient per group. */
  readonly gradients: number;
  /** Two float64 per group: sum of weighted losses, correct pictures. */
  readonly results: number;
  readonly inputs: number;
  readonly labels: number;
  /** Of a detector: what is wanted of each cell, and each picture's loss. */
  readonly targets: number;
  readonly losses: number;
  readonly weights: number;
  /** Masks of dense layers by layer. */
  readonly masks: ReadonlyMap<number, number>;
  readonly logits: number;
  /** Logits of the teacher, [maxBatch, classes]. */
  readonly teacher: number;
  /** Two int32: next group to take, unused. */
  readonly counter: number;
  /** Patch offsets by layer. */
  readonly offsets: readonly number[];
  readonly slots: readonly ParameterSlot[];
  readonly shapes: readonly Shape[];
  readonly windows: readonly (WindowPlan | undefined)[];
  readonly borders: readonly Border[];
  readonly maxBatch: number;
  readonly groupPictures: number;
  readonly end: number;
}

/** Pixel grouping of a windowed layer. */
export interface WindowPlan {
  readonly kernel: number;
  /** kernel * input channels for conv, floats. */
  readonly run: number;
  readonly beforeY: number;
  readonly beforeX: number;
  readonly stride: number;
  /** Pictures whose pixels are treated together: 1 or 4, so that the pixels are a multiple of 4. */
  readonly blockPictures: number;
  readonly pixels: number;
}

export interface Border {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** One layer's buffers in a thread's workspace. */
export interface LayerBuffers {
  readonly activation: View;
  /** Where consumers put the gradient of the activation; shared with the sum's when a residual addition is the only consumer. */
  readonly gradient: View;
  /** Sums before batch norm, [pictures][pixels][channels]; in the backward pass their gradient. 0 if the layer has none. */
  readonly sums: number;
  readonly forwardPanels: number;
  readonly backwardPanels: number;
  /** Per channel float32: factor, offset, mean, constant, slope. */
  readonly channels: number;
}

export interface Workspace {
  readonly layers: readonly LayerBuffers[];
  /** Region of gradients that a group starts with cleared. */
  readonly gradientsStart: number;
  readonly gradientsEnd: number;
  /** Float64 scratch for channel sums. */
  readonly scratch: number;
  readonly end: number;
}

class Arena {
  constructor(public top: number) {}

  take(bytes: number): number {
    const address = this.top;
    this.top += Math.ceil(bytes / 64) * 64;
    return address;
  }
}

export function planShared(network: Network, maxBatch: number, task: TrainingTask = "classify"): SharedPlan {
  const shapes = outputShapes(network).map(toShape);
  const slots = parameterLayout(network);
  const parameterCount = slots.reduce((sum, slot) => sum + slot.size, 0);
  const groupPictures = task === "detect" ? DETECTOR_GROUP_PICTURES : GROUP_PICTURES;
  const groups = Math.ceil(maxBatch / groupPictures);
  const windows = network.layers.map((layer) => planWindow(layer, shapes));
  const arena = new Arena(RESERVED_BYTES);
  const elements = (index: number) => shapes[index].height * shapes[index].width * shapes[index].channels;
  const cells = task === "detect" ? elements(shapes.length - 1) / OUTPUT_CHANNELS : 0;
  return {
    parameters: arena.take(parameterCount * 4),
    gradients: arena.take(groups * parameterCount * 4),
    results: arena.take(groups * 16),
    inputs: arena.take(maxBatch * elements(0)),
    labels: arena.take(maxBatch),
    targets: arena.take(maxBatch * cells * TARGET_CHANNELS * 4),
    losses: arena.take(maxBatch * 4),
    weights: arena.take(maxBatch * 4),
    masks: new Map(
      network.layers.flatMap((layer, index) =>
        layer.kind === "dense" ? [[index, arena.take(maxBatch * elements(layer.input) * 4)]] : [],
      ),
    ),
    logits: arena.take((maxBatch + 3) * elements(shapes.length - 1) * 4),
    teacher: arena.take(maxBatch * elements(shapes.length - 1) * 4),
    counter: arena.take(8),
    offsets: windows.map((window) => (window === undefined ? 0 : arena.take(window.blockPictures * window.pixels * 4))),
    parameterCount,
    slots,
    shapes,
    windows,
    borders: planBorders(network, shapes),
    maxBatch,
    groupPictures,
    end: arena.top,
  };
}

function toShape(shape: readonly number[]): Shape {
  const [height, width, channels] = shape.length === 3 ? shape : [1, 1, shape[0]];
  return { height, width, channels };
}

function windowsOf(layer: ConvLayer | DepthwiseLayer, shapes: readonly Shape[]) {
  const { height, width } = shapes[layer.input];
  return {
    rows: sameWindow(height, layer.kernel, layer.stride),
    columns: sameWindow(width, layer.kernel, layer.stride),
  };
}

function planWindow(layer: Network["layers"][number], shapes: readonly Shape[]): WindowPlan | undefined {
  if (layer.kind !== "conv" && layer.kind !== "depthwise") return undefined;
  const { rows, columns } = windowsOf(layer, shapes);
  const pixels = rows.output * columns.output;
  // A single large picture keeps the working set in the first-level cache; small maps need four for whole tiles.
  const single = layer.kind === "depthwise" || (pixels % 4 === 0 && pixels >= 128);
  return {
    kernel: layer.kernel,
    run: layer.kernel * shapes[layer.input].channels,
    beforeY: rows.before,
    beforeX: columns.before,
    stride: layer.stride,
    blockPictures: single ? 1 : 4,
    pixels,
  };
}

/** Zeros around every layer's output: the widest any of its consumers reads. */
function planBorders(network: Network, shapes: readonly Shape[]): Border[] {
  const borders = network.layers.map(() => ({ top: 0, left: 0, bottom: 0, right: 0 }));
  for (const layer of network.layers) {
    if (layer.kind !== "conv" && layer.kind !== "depthwise") continue;
    const { rows, columns } = windowsOf(layer, shapes);
    const border = borders[layer.input];
    border.top = Math.max(border.top, rows.before);
    border.bottom = Math.max(border.bottom, rows.after);
    border.left = Math.max(border.left, columns.before);
    border.right = Math.max(border.right, columns.after);
  }
  return borders;
}

/** Patch offsets of a windowed layer from the start of its input's buffer. */
export function patchOffsets(shared: SharedPlan, network: Network, index: number): Int32Array {
  const layer = network.layers[index] as ConvLayer | DepthwiseLayer;
  const window = shared.windows[index]!;
  const border = shared.borders[layer.input];
  const { channels } = shared.shapes[layer.input];
  const { row, picture } = strides(shared, layer.input);
  const { height, width } = shared.shapes[index];
  const offsets = new Int32Array(window.blockPictures * window.pixels);
  for (let i = 0; i < offsets.length; i++) {
    const n = Math.floor(i / window.pixels);
    const y = Math.floor((i % window.pixels) / width) * window.stride + border.top - window.beforeY;
    const x = (i % width) * window.stride + border.left - window.beforeX;
    offsets[i] = n * picture + y * row + x * channels * 4;
  }
  if (window.pixels !== height * width) throw new Error("window and shape disagree");
  return offsets;
}

function strides(shared: SharedPlan, index: number): { row: number; picture: number } {
  const { height, width, channels } = shared.shapes[index];
  const border = shared.borders[index];
  const row = (border.left + width + border.right) * channels * 4;
  return { row, picture: row * (border.top + height + border.bottom) };
}

/** Lays out one thread's workspace from address `base`. */
export function planWorkspace(network: Network, shared: SharedPlan, base: number): Workspace {
  const arena = new Arena(base);
  const view = (index: number): View => {
    const { row, picture } = strides(shared, index);
    const start = arena.take(shared.groupPictures * picture);
    const border = shared.borders[index];
    return { start, base: start + border.top * row + border.left * shared.shapes[index].channels * 4, row, picture };
  };
  const activations = network.layers.map((_, index) => view(index));
  const gradientsStart = arena.top;
  const aliases = network.layers.map((_, index) => soleAddition(network, index));
  const own = network.layers.map((_, index) => (aliases[index] === undefined ? view(index) : undefined));
  const gradientsEnd = arena.top;
  const layers = network.layers.map((_, index) => ({
    activation: activations[index],
    gradient: own[aliases[index] ?? index]!,
    ...planSums(network, shared, index, arena),
  }));
  const widest = Math.max(...shared.shapes.map((shape) => shape.channels));
  return { layers, gradientsStart, gradientsEnd, scratch: arena.take(widest * 16), end: arena.top + 64 };
}

/**
 * The addition that is a convolution's one consumer: the gradients of both are equal, so they share a buffer. Convolutions only read their
 * output's gradient; another addition would clip it in place and spoil it for its sibling.
 */
function soleAddition(network: Network, index: number): number | undefined {
  const { kind } = network.layers[index];
  if (kind !== "conv" && kind !== "depthwise") return undefined;
  const consumers = network.layers.flatMap((layer, position) =>
    layer.kind === "input"
      ? []
      : (layer.kind === "add" ? layer.inputs : [layer.input]).flatMap((i) => (i === index ? [position] : [])),
  );
  return consumers.length === 1 && network.layers[consumers[0]].kind === "add" ? consumers[0] : undefined;
}

function planSums(network: Network, shared: SharedPlan, index: number, arena: Arena) {
  const layer = network.layers[index];
  const window = shared.windows[index];
  if (window === undefined) return { sums: 0, forwardPanels: 0, backwardPanels: 0, channels: 0 };
  const { channels } = shared.shapes[index];
  const panel = layer.kind === "conv" ? window.kernel * window.run * channels * 4 : 0;
  return {
    sums: arena.take(shared.groupPictures * window.pixels * channels * 4),
    forwardPanels: arena.take(panel),
    backwardPanels: arena.take(panel),
    channels: arena.take(5 * channels * 4),
  };
}
