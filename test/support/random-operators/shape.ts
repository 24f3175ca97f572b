/** Operators that only move values: to another shape, together, apart. */
import type { GraphBuilder } from "../graph-builder.js";
import type { Random } from "../random.js";
import { randomShape } from "./generator.js";

export function reshape(graph: GraphBuilder, random: Random): void {
  const [a, b, c] = [random.integer(1, 5), random.integer(1, 5), random.integer(1, 5)];
  const input = graph.input([1, a, b, c]);
  const newShape = random.pick([[1, a * b * c], [a, b * c], [c, a, b], [a * b * c]]);
  const inputs = random.chance(0.5) ? [input, graph.int32s(newShape)] : [input];
  const output = graph.activation(newShape, graph.scaleOf(input), graph.zeroPointOf(input));
  graph.operators.push({ kind: "RESHAPE", inputs, outputs: [output], newShape: random.chance(0.5) ? newShape : [] });
}

export function squeeze(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(2, 5) }, () => random.pick([1, 1, random.integer(1, 5)]));
  const input = graph.input(shape);
  const ones = shape.flatMap((size, d) => (size === 1 ? [d] : []));
  const named = random.chance(0.3) ? [] : ones.filter(() => random.chance(0.6));
  const removed = named.length === 0 ? ones : named;
  const output = graph.like(
    input,
    shape.filter((_, d) => !removed.includes(d)),
  );
  const squeezeDims = named.map((d) => (random.chance(0.3) ? d - shape.length : d));
  graph.operators.push({ kind: "SQUEEZE", inputs: [input], outputs: [output], squeezeDims });
}

export function expandDims(graph: GraphBuilder, random: Random): void {
  const shape = randomShape(random);
  const input = graph.input(shape);
  const axis = random.integer(-shape.length - 1, shape.length);
  const axisTensor = graph.int32s([axis], random.pick([[], [1]]));
  const output = graph.like(input, shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, 1));
  graph.operators.push({ kind: "EXPAND_DIMS", inputs: [input, axisTensor], outputs: [output] });
}

export function concatenation(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 4));
  const axis = random.integer(0, shape.length - 1);
  const first = graph.input(shape);
  const inputs = [first];
  const count = random.chance(0.1) ? 10 : random.integer(1, 4);
  for (let i = 1; i < count; i++) {
    const other = shape.with(axis, random.integer(1, 6));
    if (random.chance(0.15)) inputs.push(graph.constantAs(first, other, random));
    else if (random.chance(0.1)) inputs.push(first);
    else inputs.push(graph.input(other, graph.scaleOf(first), graph.zeroPointOf(first)));
  }
  const total = inputs.reduce((sum, input) => sum + graph.shapeOf(input)[axis], 0);
  const output = graph.like(first, shape.with(axis, total));
  const named = random.chance(0.3) ? axis - shape.length : axis;
  graph.operators.push({ kind: "CONCATENATION", inputs, outputs: [output], axis: named });
}

/** One dimension of a slice that takes something: begin, end, stride and masks as a model may give them, and how many it takes. */
function randomSlice(random: Random, size: number) {
  for (;;) {
    const shrink = random.chance(0.15);
    const stride = random.pick(shrink ? [1, 2] : [1, 1, 2, 3, -1, -2]);
    const [begin, end] = [random.integer(-size - 2, size + 2), random.integer(-size - 2, size + 2)];
    const [anyBegin, anyEnd] = [random.chance(0.3), random.chance(0.3)];
    const taken = slicePositions(size, anyBegin ? undefined : begin, anyEnd ? undefined : end, stride);
    const inside = begin >= -size && begin < size;
    if (shrink ? anyBegin || inside : taken > 0) {
      return { begin, end, stride, beginMask: anyBegin, endMask: anyEnd, shrink, count: shrink ? 1 : taken };
    }
  }
}

/** How many elements Python's slice takes: an independent account of what begin, end and stride mean. */
function slicePositions(size: number, begin: number | undefined, end: number | undefined, stride: number): number {
  const positions = Array.from({ length: size }, (_, i) => i);
  const absolute = (at: number) => (at < 0 ? at + size : at);
  const first = begin === undefined ? (stride > 0 ? 0 : size - 1) : absolute(begin);
  const stop = end === undefined ? (stride > 0 ? size : -1) : absolute(end);
  const start = stride > 0 ? Math.max(first, 0) : Math.min(first, size - 1);
  return positions.filter((i) =>
    stride > 0
      ? i >= start && i < stop && (i - start) % stride === 0
      : i <= start && i > Math.max(stop, -1) && (start - i) % -stride === 0,
  ).length;
}

export function stridedSlice(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 7));
  const input = graph.input(shape);
  const slices = shape.map((size) => randomSlice(random, size));
  const constants = (["begin", "end", "stride"] as const).map((field) => graph.int32s(slices.map((s) => s[field])));
  const output = graph.like(
    input,
    slices.flatMap(({ shrink, count }) => (shrink ? [] : [count])),
  );
  const mask = (field: "beginMask" | "endMask" | "shrink") =>
    slices.reduce((bits, slice, d) => bits | (slice[field] ? 1 << d : 0), 0);
  graph.operators.push({
    kind: "STRIDED_SLICE",
    inputs: [input, ...constants],
    outputs: [output],
    beginMask: mask("beginMask"),
    endMask: mask("endMask"),
    shrinkAxisMask: mask("shrink"),
  });
}

export function transpose(graph: GraphBuilder, random: Random): void {
  const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 5));
  const input = graph.input(shape);
  const rest = shape.map((_, d) => d);
  const permutation = shape.map(() => rest.splice(random.integer(0, rest.length - 1), 1)[0]);
  const output = graph.like(
    input,
    permutation.map((d) => shape[d]),
  );
  graph.operators.push({ kind: "TRANSPOSE", inputs: [input, graph.int32s(permutation)], outputs: [output] });
}
