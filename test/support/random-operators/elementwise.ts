/** Operators that make each value from one or two: sums, products, activations, changes of scale; and softmax. */
import type { GraphBuilder } from "../graph-builder.js";
import type { Random } from "../random.js";
import { ACTIVATIONS, type Generator, randomShape } from "./generator.js";

/** Two shapes that broadcast to a third, of rank 1 to 6. */
function broadcastingShapes(random: Random): [number[], number[], number[]] {
  const rank = random.integer(1, 6);
  const shape = Array.from({ length: rank }, () => random.integer(1, rank > 4 ? 3 : 5));
  if (random.chance(0.5)) return [shape, shape, shape];
  const narrow = () => shape.map((size) => (random.chance(0.4) ? 1 : size)).slice(random.integer(0, shape.length - 1));
  const a = random.chance(0.5) ? shape : narrow();
  const b = a === shape ? narrow() : shape;
  return [a, b, shape];
}

export function binary(kind: "ADD" | "SUB" | "MUL"): Generator {
  return (graph, random) => {
    const [shapeA, shapeB, shape] = broadcastingShapes(random);
    const a = graph.input(shapeA);
    const constant = random.chance(0.2);
    const b = constant ? graph.weights(shapeB, 0, false) : graph.input(shapeB);
    const larger = Math.max(graph.scaleOf(a), graph.scaleOf(b));
    const unit = kind === "MUL" ? graph.scaleOf(a) * graph.scaleOf(b) * random.scale(0.5, 300) : larger;
    const output = graph.activation(shape, Math.fround(unit * random.real(0.3, 3)), graph.zeroPoint());
    graph.operators.push({ kind, inputs: [a, b], outputs: [output], activation: random.pick(ACTIVATIONS) });
  };
}

export function softmax(graph: GraphBuilder, random: Random): void {
  const shape = [
    ...Array.from({ length: random.integer(0, 2) }, () => random.integer(1, 4)),
    random.pick([1, 2, 3, 10, 100, 511]),
  ];
  const input = graph.input(shape, random.scale(0.0005, 2));
  const output = graph.activation(shape, 1 / 256, -128);
  const beta = random.chance(0.7) ? 1 : Math.fround(random.real(0.25, 3));
  graph.operators.push({ kind: "SOFTMAX", inputs: [input], outputs: [output], beta });
}

export function rescaled(kind: "RELU"): Generator {
  return (graph, random) => {
    const shape = randomShape(random);
    const input = graph.input(shape);
    const ratio = random.chance(0.2) ? random.scale(0.001, 1000) : random.real(0.3, 3);
    const same = random.chance(0.2);
    const scale = same ? graph.scaleOf(input) : Math.fround(graph.scaleOf(input) * ratio);
    const output = graph.activation(shape, scale, same ? graph.zeroPointOf(input) : graph.zeroPoint());
    graph.operators.push({ kind, inputs: [input], outputs: [output] });
  };
}

export function relu6(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const input = graph.input(shape);
  const output = graph.activation(shape, graph.scaleOf(input), graph.zeroPointOf(input));
  graph.operators.push({ kind: "RELU6", inputs: [input], outputs: [output] });
}

export function logistic(graph: GraphBuilder, random: Random): void {
  const shape = [...randomShape(random), 11];
  const input = graph.input(shape, random.scale(0.0001, 10));
  const output = graph.activation(shape, 1 / 256, -128);
  graph.operators.push({ kind: "LOGISTIC", inputs: [input], outputs: [output] });
}

export function tanh(graph: GraphBuilder, random: Random): void {
  const shape = [...randomShape(random), 11];
  const input = graph.input(shape, random.scale(0.0001, 10));
  const output = graph.activation(shape, 1 / 128, 0);
  graph.operators.push({ kind: "TANH", inputs: [input], outputs: [output] });
}

/** Output scales from the smallest TFLite Micro accepts, 1/128 of the input's, to far too large. */
export function hardSwish(graph: GraphBuilder, random: Random): void {
  const shape = [...randomShape(random), 11];
  const input = graph.input(shape, random.chance(0.2) ? random.scale(0.0001, 1000) : random.scale(0.005, 0.2));
  const ratio = random.chance(0.2) ? random.scale(0.01, 1e6) : random.real(0.3, 2);
  const output = graph.activation(shape, Math.fround(graph.scaleOf(input) * ratio), graph.zeroPoint());
  graph.operators.push({ kind: "HARD_SWISH", inputs: [input], outputs: [output] });
}

export function leakyRelu(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const input = graph.input(shape);
  const ratio = random.chance(0.2) ? random.scale(0.001, 1000) : random.real(0.3, 3);
  const output = graph.activation(shape, Math.fround(graph.scaleOf(input) * ratio), graph.zeroPoint());
  const alpha = Math.fround(random.pick([0.01, 0.1, 0.2, 0.3, 0, 1, 1.5, -0.5, random.real(-2, 2)]));
  graph.operators.push({ kind: "LEAKY_RELU", inputs: [input], outputs: [output], alpha });
}

export function quantize(graph: GraphBuilder, random: Random): void {
  const [from, to] = random.pick([
    ["int8", "int8"],
    ["int8", "uint8"],
    ["uint8", "int8"],
    ["float32", "int8"],
  ] as const);
  const shape = [...randomShape(random), 5];
  const scale = random.scale(0.002, 0.3);
  const ratio = random.chance(0.2) ? random.scale(0.001, 1000) : random.real(0.3, 3);
  const same = random.chance(0.3);
  const zeroPoint = graph.zeroPoint();
  const input = graph.boundary(from, shape, scale, from === "uint8" ? zeroPoint + 128 : zeroPoint);
  graph.inputs.push(input);
  const other = same ? zeroPoint : graph.zeroPoint();
  const output = graph.boundary(
    to,
    shape,
    same ? scale : Math.fround(scale * ratio),
    to === "uint8" ? other + 128 : other,
  );
  graph.operators.push({ kind: "QUANTIZE", inputs: [input], outputs: [output] });
}

export function dequantize(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const type = random.pick(["int8", "uint8"] as const);
  const zeroPoint = graph.zeroPoint();
  const input = graph.boundary(type, shape, random.scale(1e-6, 1e6), type === "uint8" ? zeroPoint + 128 : zeroPoint);
  graph.inputs.push(input);
  const output = graph.boundary("float32", shape, 0, 0);
  graph.operators.push({ kind: "DEQUANTIZE", inputs: [input], outputs: [output] });
}
