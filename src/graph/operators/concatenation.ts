/** CONCATENATION (tflite-micro: reference/concatenation.h, concatenation.cc). */
import type { OperatorContext } from "../operator-context.js";
import { type Concatenation, elementCount } from "../types.js";

/** TFLite Micro's kMaxInputNum. */
const MAX_INPUTS = 10;

export interface PreparedConcatenation {
  readonly kind: "CONCATENATION";
  /** How often one run of each input follows the others. */
  readonly rows: number;
  /** Elements of each input in one row of the output. */
  readonly widths: readonly number[];
}

export function prepareConcatenation(context: OperatorContext<Concatenation>): PreparedConcatenation {
  const { inputs, axis: named } = context.operator;
  context.expectInputs(Math.max(inputs.length, 1));
  context.check(inputs.length <= MAX_INPUTS, `has ${inputs.length} inputs, more than ${MAX_INPUTS}`);
  const shapes = inputs.map((_, i) => context.input(i).shape);
  const rank = shapes[0].length;
  const axis = named < 0 ? named + rank : named;
  context.check(axis >= 0 && axis < rank, `joins along dimension ${named} tensors of rank ${rank}`);
  for (const [i, shape] of shapes.entries()) {
    context.expectSameQuantization(context.input(i));
    const fits = shape.length === rank && shape.every((size, d) => d === axis || size === shapes[0][d]);
    context.check(fits, `cannot join [${shape}] and [${shapes[0]}] along dimension ${axis}`);
  }
  const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  context.expectShape(context.output, shapes[0].with(axis, total));
  return {
    kind: "CONCATENATION",
    rows: elementCount(shapes[0].slice(0, axis)),
    widths: shapes.map((shape) => elementCount(shape.slice(axis))),
  };
}

export function evaluateConcatenation(p: PreparedConcatenation, inputs: readonly Int8Array[], output: Int8Array): void {
  let to = 0;
  for (let row = 0; row < p.rows; row++) {
    for (const [i, width] of p.widths.entries()) {
      output.set(inputs[i].subarray(row * width, (row + 1) * width), to);
      to += width;
    }
  }
}
