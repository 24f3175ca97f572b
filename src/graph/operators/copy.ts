/** PAD and RESHAPE: operators that move bytes (tflite-micro: reference/pad.h, pad_common.cc, reshape.cc). */
import type { OperatorContext } from "../operator-context.js";
import type { Pad, Reshape } from "../types.js";

/** TFLite Micro's PadKernelMaxDimensionCount. */
const MAX_PAD_RANK = 5;

export interface PreparedPad {
  readonly kind: "PAD";
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Elements added before and after, per dimension. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The zero point: what is added stands for 0. */
  readonly padValue: number;
}

export interface PreparedReshape {
  readonly kind: "RESHAPE";
  readonly elements: number;
}

export function preparePad(context: OperatorContext<Pad>): PreparedPad {
  context.expectInputs(2);
  const input = context.input(0);
  const from = context.activation(input);
  const to = context.activation(context.output);
  context.check(
    from.scale === to.scale && from.zeroPoint === to.zeroPoint,
    "needs equal quantization of its input and output",
  );
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
  return { kind: "PAD", inputShape: input.shape, outputShape, before, after, padValue: to.zeroPoint };
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
  const from = context.activation(input);
  const to = context.activation(context.output);
  context.check(
    from.scale === to.scale && from.zeroPoint === to.zeroPoint,
    "needs equal quantization of its input and output",
  );
  context.expectSameSize(input, context.output);
  return { kind: "RESHAPE", elements: input.shape.reduce((product, size) => product * size, 1) };
}

export function evaluateReshape(_: PreparedReshape, [input]: readonly Int8Array[], output: Int8Array): void {
  output.set(input);
}
