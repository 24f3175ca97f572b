/** Operators over the picture: pooling, mean, padding, resizing. */
import type { GraphBuilder } from "../graph-builder.js";
import type { Random } from "../random.js";
import { ACTIVATIONS, type Generator } from "./generator.js";
import { imageSize, outputSize, randomWindow } from "./window.js";

export function pool(kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D"): Generator {
  return (graph, random) => {
    // Pools have no dilation.
    const window = { ...randomWindow(random, random.integer(1, 6), random.integer(1, 6)), dilationH: 1, dilationW: 1 };
    const { padding, strideH, strideW, filterH, filterW } = window;
    const [height, width] = [imageSize(random, filterH, 1), imageSize(random, filterW, 1)];
    const shape = [random.integer(1, 2), height, width, random.integer(1, 9)];
    const input = graph.input(shape);
    const output = graph.activation(
      [shape[0], ...outputSize(window, height, width), shape[3]],
      graph.scaleOf(input),
      graph.zeroPointOf(input),
    );
    const activation = random.pick(ACTIVATIONS);
    graph.operators.push({
      kind,
      inputs: [input],
      outputs: [output],
      padding,
      strideH,
      strideW,
      filterH,
      filterW,
      activation,
    });
  };
}

export function mean(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 9));
  const reduced = shape.map(() => random.chance(0.5));
  if (shape.length === 4 && random.chance(0.5)) reduced.splice(0, 4, false, true, true, false);
  if (!reduced.includes(true)) reduced[0] = true;
  const axes = reduced.flatMap((yes, i) => (yes ? [random.chance(0.3) ? i - shape.length : i] : []));
  if (random.chance(0.2)) axes.push(axes[0]);
  const keepDims = random.chance(0.5);
  const input = graph.input(shape);
  const outputShape = keepDims ? shape.map((size, i) => (reduced[i] ? 1 : size)) : shape.filter((_, i) => !reduced[i]);
  const scale = Math.fround(graph.scaleOf(input) * random.real(0.1, 2));
  const axesTensor = graph.int32s(axes);
  const output = graph.activation(outputShape, random.chance(0.3) ? graph.scaleOf(input) : scale, graph.zeroPoint());
  graph.operators.push({ kind: "MEAN", inputs: [input, axesTensor], outputs: [output], keepDims });
}

export const pad =
  (kind: "PAD" | "PADV2"): Generator =>
  (graph, random) => {
    const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 5));
    const input = graph.input(shape);
    const most = shape.length === 5 ? 1 : 3;
    const paddings = shape.flatMap(() => [random.integer(0, most), random.integer(0, most)]);
    const table = graph.int32s(paddings, [shape.length, 2]);
    const outputShape = shape.map((size, i) => size + paddings[2 * i] + paddings[2 * i + 1]);
    const output = graph.activation(outputShape, graph.scaleOf(input), graph.zeroPointOf(input));
    const value = kind === "PAD" ? [] : [graph.constantAs(input, random.pick([[], [1]]), random)];
    graph.operators.push({ kind, inputs: [input, table, ...value], outputs: [output] });
  };

export function resize(kind: "RESIZE_NEAREST_NEIGHBOR" | "RESIZE_BILINEAR"): Generator {
  return (graph, random) => {
    const shape = [random.integer(1, 2), random.integer(1, 9), random.integer(1, 9), random.integer(1, 5)];
    const input = graph.input(shape);
    const factor = random.chance(0.3) ? 2 : 0;
    const size = [shape[1], shape[2]].map((from) => (factor === 2 ? 2 * from : random.integer(1, 20)));
    const alignCorners = random.chance(0.3);
    const halfPixelCenters = random.chance(0.4) && (kind === "RESIZE_NEAREST_NEIGHBOR" || !alignCorners);
    const output = graph.like(input, [shape[0], ...size, shape[3]]);
    const inputs = [input, graph.int32s(size)];
    graph.operators.push({ kind, inputs, outputs: [output], alignCorners, halfPixelCenters });
  };
}
