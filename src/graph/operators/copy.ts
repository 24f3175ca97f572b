/**
 * PAD, PADV2, RESHAPE, SQUEEZE and EXPAND_DIMS: operators that move bytes (tflite-micro: reference/pad.h, pad_common.cc, reshape.cc, squeeze.cc,
 * expand_dims.cc).
 */
import type { OperatorContext } from "../operator-context.js";
import { type ExpandDims, elementCount, type Pad, type Reshape, type Squeeze } from "../types.js";

/** TFLite Micro's PadKernelMaxDimensionCount. */
const MAX_PAD_RANK = 5;

export interface PreparedPad {
  readonly kind: "PAD" | "PADV2";
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Elements added before and after, per dimension. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** PAD: the zero point, which stands for 0. PADV2: any value. */
  readonly padValue: number;
}

export interface PreparedReshape {
  readonly kind: "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS";
  readonly elements: number;
}

export function preparePad(context: OperatorContext<Pad>): PreparedPad {
  const { kind } = context.operator;
  context.expectInputs(kind === "PAD" ? 2 : 3);
  const input = context.input(0);
  const { zeroPoint } = context.expectSameQuantization(input);
  const rank = input.shape.length;
  context.check(rank <= MAX_PAD_RANK, `pads a tensor of rank ${rank}, more than ${MAX_PAD_RANK}`);
  const paddings = context.constantInt32(1, "paddings");
  context.check(paddings.length === 2 * rank, `has ${paddings.length} paddings, not two per dimension`);
  context.check(
    paddings.every((n) => n >= 0),
    "has negative paddings",
  );
  const before = input.shape.map((_, i) => paddings[2 * i]);
  const after = input.shape.map((_, i) => paddings[2 * i + 1]);
  const outputShape = input.shape.map((size, i) => before[i] + size + after[i]);
  context.expectShape(context.output, outputShape);
  return {
    kind,
    inputShape: input.shape,
    outputShape,
    before,
    after,
    padValue: kind === "PAD" ? zeroPoint : padValue(context),
  };
}

function padValue(context: OperatorContext<Pad>): number {
  const value = context.input(2);
  context.expectSameQuantization(value);
  if (!(value.data instanceof Int8Array) || value.data.length !== 1)
    return context.fail("needs one constant value to pad with");
  return value.data[0];
}

export function evaluatePad(p: PreparedPad, [input]: readonly Int8Array[], output: Int8Array): void {
  output.fill(p.padValue);
  const rank = p.inputShape.length;
  if (rank === 0) {
    output.set(input);
    return;
  }
  const width = p.inputShape[rank - 1];
  for (let from = 0; from < input.length; from += width) {
    let rest = from / width;
    let to = p.before[rank - 1];
    let step = p.outputShape[rank - 1];
    for (let dimension = rank - 2; dimension >= 0; dimension--) {
      const position = rest % p.inputShape[dimension];
      rest = (rest - position) / p.inputShape[dimension];
      to += (p.before[dimension] + position) * step;
      step *= p.outputShape[dimension];
    }
    output.set(input.subarray(from, from + width), to);
  }
}

export function prepareReshape(context: OperatorContext<Reshape>): PreparedReshape {
  context.expectInputs(1, 2);
  const input = context.input(0);
  context.expectSameQuantization(input);
  context.expectSameSize(input, context.output);
  return { kind: "RESHAPE", elements: elementCount(input.shape) };
}

export function prepareSqueeze(context: OperatorContext<Squeeze>): PreparedReshape {
  context.expectInputs(1);
  const input = context.input(0);
  const { shape } = input;
  context.expectSameQuantization(input);
  const named = context.operator.squeezeDims.map((d) => (d < 0 ? d + shape.length : d));
  context.check(
    named.every((d) => shape[d] === 1),
    `cannot remove the dimensions [${context.operator.squeezeDims}] of a tensor of shape [${shape}]`,
  );
  const removed = (size: number, d: number) => (named.length === 0 ? size === 1 : named.includes(d));
  context.expectShape(
    context.output,
    shape.filter((size, d) => !removed(size, d)),
  );
  return { kind: "SQUEEZE", elements: elementCount(shape) };
}

export function prepareExpandDims(context: OperatorContext<ExpandDims>): PreparedReshape {
  context.expectInputs(2);
  const input = context.input(0);
  const { shape } = input;
  context.expectSameQuantization(input);
  const axis = context.constantInt32(1, "axis");
  context.check(axis.length === 1, `has ${axis.length} axes, not 1`);
  const at = axis[0] < 0 ? axis[0] + shape.length + 1 : axis[0];
  context.check(at >= 0 && at <= shape.length, `adds dimension ${axis[0]} to a tensor of rank ${shape.length}`);
  context.expectShape(context.output, shape.toSpliced(at, 0, 1));
  return { kind: "EXPAND_DIMS", elements: elementCount(shape) };
}

export function evaluateReshape(_: PreparedReshape, [input]: readonly Int8Array[], output: Int8Array): void {
  output.set(input);
}
