/** A residual network with random weights, of the shape smilec trains: stem, blocks of two 3x3 convolutions with a shortcut, mean, two logits. */
import { windowAxis } from "#smilec/graph/geometry.js";
import type { Activation, Int8Graph } from "#smilec/graph/types.js";
import { GraphBuilder } from "./graph-builder.js";
import type { Random } from "./random.js";

export interface ResidualNetOptions {
  /** Height and width of the one-channel input. */
  readonly size: number;
  /** Channels of the stem and of each stage; stages after the first halve the image. */
  readonly channels: readonly number[];
}

/** Scales are chosen so that values neither vanish nor saturate everywhere. */
export function residualNet(random: Random, { size, channels }: ResidualNetOptions): Int8Graph {
  const graph = new GraphBuilder(random);
  let at = conv(graph, graph.input([1, size, size, 1], 0.02, -3), channels[0], 3, 2, "RELU6");
  for (const [stage, width] of channels.slice(1).entries()) {
    const stride = stage === 0 ? 1 : 2;
    const inner = conv(graph, at, width, 3, stride, "RELU");
    const deep = conv(graph, inner, width, 3, 1, "NONE");
    const shortcut = stride === 1 && graph.shapeOf(at)[3] === width ? at : conv(graph, at, width, 1, stride, "NONE");
    const scale = Math.fround(Math.max(graph.scaleOf(deep), graph.scaleOf(shortcut)) * 1.2);
    at = graph.activation(graph.shapeOf(deep), scale, -128);
    graph.operators.push({ kind: "ADD", inputs: [deep, shortcut], outputs: [at], activation: "RELU" });
  }
  const axes = graph.int32s([1, 2]);
  const pooled = graph.activation([1, graph.shapeOf(at)[3]], Math.fround(graph.scaleOf(at) * 0.5), -128);
  graph.operators.push({ kind: "MEAN", inputs: [at, axes], outputs: [pooled], keepDims: false });
  const weights = graph.weights([2, graph.shapeOf(at)[3]], 0, false);
  const bias = graph.bias(pooled, weights, 2, graph.shapeOf(at)[3]);
  const logits = graph.activation([1, 2], unitScale(graph, pooled, weights, graph.shapeOf(at)[3]), 4);
  graph.operators.push({
    kind: "FULLY_CONNECTED",
    inputs: [pooled, weights, bias],
    outputs: [logits],
    keepNumDims: false,
    activation: "NONE",
  });
  return graph.build();
}

/** An output scale at which sums of `depth` products reach about half of int8. */
function unitScale(graph: GraphBuilder, input: number, weights: number, depth: number): number {
  return Math.fround((graph.scaleOf(input) * graph.scaleOf(weights) * 5000 * Math.sqrt(depth)) / 40);
}

function conv(
  graph: GraphBuilder,
  input: number,
  outputC: number,
  filter: number,
  stride: number,
  activation: Activation,
): number {
  const [batches, height, width, inputC] = graph.shapeOf(input);
  const depth = filter * filter * inputC;
  const weights = graph.weights([outputC, filter, filter, inputC], 0, true);
  const bias = graph.bias(input, weights, outputC, depth);
  const rows = windowAxis("SAME", height, filter, stride, 1).outputSize;
  const columns = windowAxis("SAME", width, filter, stride, 1).outputSize;
  const zeroPoint = activation === "NONE" ? graph.random.integer(-20, 20) : -128;
  const output = graph.activation(
    [batches, rows, columns, outputC],
    unitScale(graph, input, weights, depth),
    zeroPoint,
  );
  graph.operators.push({
    kind: "CONV_2D",
    inputs: [input, weights, bias],
    outputs: [output],
    padding: "SAME",
    strideH: stride,
    strideW: stride,
    dilationH: 1,
    dilationW: 1,
    activation,
  });
  return output;
}
