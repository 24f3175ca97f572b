/** Operators with weights and a bias. */
import type { GraphBuilder } from "../graph-builder.js";
import type { Random } from "../random.js";
import { ACTIVATIONS } from "./generator.js";
import { imageSize, outputSize, randomWindow } from "./window.js";

export function conv(graph: GraphBuilder, random: Random): void {
  const window = randomWindow(random, random.integer(1, 5), random.integer(1, 5));
  const { padding, strideH, strideW, dilationH, dilationW, filterH, filterW } = window;
  const groups = random.chance(0.2) ? random.integer(2, 3) : 1;
  const depth = random.pick([1, 1, 2, 3, 4, 8, 17]);
  const outputC = groups * random.pick([1, 2, 3, 4, 5, 8, 13]);
  const [height, width] = [imageSize(random, filterH, dilationH), imageSize(random, filterW, dilationW)];
  const input = graph.input([random.integer(1, 2), height, width, groups * depth]);
  const weights = graph.weights([outputC, filterH, filterW, depth], 0, random.chance(0.7));
  const bias = graph.bias(input, weights, outputC, filterH * filterW * depth);
  const scale = graph.outputScale(input, weights, filterH * filterW * depth);
  const output = graph.activation(
    [graph.shapeOf(input)[0], ...outputSize(window, height, width), outputC],
    scale,
    graph.zeroPoint(),
  );
  const inputs = bias < 0 && random.chance(0.5) ? [input, weights] : [input, weights, bias];
  const activation = random.pick(ACTIVATIONS);
  graph.operators.push({
    kind: "CONV_2D",
    inputs,
    outputs: [output],
    padding,
    strideH,
    strideW,
    dilationH,
    dilationW,
    activation,
  });
}

export function depthwiseConv(graph: GraphBuilder, random: Random): void {
  const window = randomWindow(random, random.integer(1, 5), random.integer(1, 5));
  const { padding, strideH, strideW, dilationH, dilationW, filterH, filterW } = window;
  const depthMultiplier = random.pick([1, 1, 1, 2, 3, 8]);
  const inputC = random.pick([1, 2, 3, 4, 8, 11]);
  const outputC = inputC * depthMultiplier;
  const [height, width] = [imageSize(random, filterH, dilationH), imageSize(random, filterW, dilationW)];
  const input = graph.input([random.integer(1, 2), height, width, inputC]);
  const weights = graph.weights([1, filterH, filterW, outputC], 3, random.chance(0.7));
  const bias = graph.bias(input, weights, outputC, filterH * filterW);
  const scale = graph.outputScale(input, weights, filterH * filterW);
  const output = graph.activation(
    [graph.shapeOf(input)[0], ...outputSize(window, height, width), outputC],
    scale,
    graph.zeroPoint(),
  );
  const activation = random.pick(ACTIVATIONS);
  graph.operators.push({
    kind: "DEPTHWISE_CONV_2D",
    inputs: [input, weights, bias],
    outputs: [output],
    padding,
    strideH,
    strideW,
    dilationH,
    dilationW,
    depthMultiplier,
    activation,
  });
}

export function fullyConnected(graph: GraphBuilder, random: Random): void {
  const depth = random.pick([1, 2, 7, 16, 64, 131]);
  const outputC = random.pick([1, 2, 3, 10, 33]);
  const keepNumDims = random.chance(0.3);
  const leading = keepNumDims ? [random.integer(1, 2), random.integer(1, 3)] : [random.integer(1, 4)];
  const input = graph.input([...leading, depth]);
  const weights = graph.weights([outputC, depth], 0, random.chance(0.4));
  const bias = graph.bias(input, weights, outputC, depth);
  const output = graph.activation([...leading, outputC], graph.outputScale(input, weights, depth), graph.zeroPoint());
  const activation = random.pick(ACTIVATIONS);
  graph.operators.push({
    kind: "FULLY_CONNECTED",
    inputs: [input, weights, bias],
    outputs: [output],
    keepNumDims,
    activation,
  });
}
