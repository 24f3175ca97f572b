/**
 * TRANSPOSE and STRIDED_SLICE: the output, element by element in order, read from the input with a step per dimension (tflite-micro:
 * reference/transpose.h, transpose_common.cc; reference/strided_slice.h, strided_slice_common.cc, strided_slice_logic.h).
 */
import type { OperatorContext } from "../operator-context.js";
import type { StridedSlice, Transpose } from "../types.js";

const MAX_TRANSPOSE_RANK = 5;
const MAX_SLICE_RANK = 4;

/** Output element (i, j, ...) is input element start + i * steps[0] + j * steps[1] + ... */
export interface PreparedGather {
  readonly kind: "TRANSPOSE" | "STRIDED_SLICE";
  readonly start: number;
  /** Sizes of the output, with dimensions that STRIDED_SLICE drops. */
  readonly sizes: readonly number[];
  /** In elements of the input; may be negative. */
  readonly steps: readonly number[];
}

function rowMajorSteps(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length).fill(1);
  for (let d = shape.length - 2; d >= 0; d--) steps[d] = steps[d + 1] * shape[d + 1];
  return steps;
}

export function prepareTranspose(context: OperatorContext<Transpose>): PreparedGather {
  context.expectInputs(2);
  const input = context.input(0);
  const rank = input.shape.length;
  context.expectSameQuantization(input);
  context.check(rank >= 1 && rank <= MAX_TRANSPOSE_RANK, `has rank ${rank}, not 1 to ${MAX_TRANSPOSE_RANK}`);
  const permutation = [...context.constantInt32(1, "permutation")];
  const sorted = permutation.toSorted((a, b) => a - b);
  context.check(
    permutation.length === rank && sorted.every((d, i) => d === i),
    `has [${permutation}], which is no permutation of ${rank} dimensions`,
  );
  const sizes = permutation.map((d) => input.shape[d]);
  context.expectShape(context.output, sizes);
  const steps = rowMajorSteps(input.shape);
  return { kind: "TRANSPOSE", start: 0, sizes, steps: permutation.map((d) => steps[d]) };
}

export function prepareStridedSlice(context: OperatorContext<StridedSlice>): PreparedGather {
  context.expectInputs(4);
  const input = context.input(0);
  const rank = input.shape.length;
  context.expectSameQuantization(input);
  context.check(rank >= 1 && rank <= MAX_SLICE_RANK, `has rank ${rank}, not 1 to ${MAX_SLICE_RANK}`);
  const [begin, end, strides] = ["begin", "end", "strides"].map((what, i) => context.constantInt32(i + 1, what));
  context.check(
    [begin, end, strides].every(({ length }) => length === rank),
    `needs ${rank} values each of begin, end and strides`,
  );
  const ranges = input.shape.map((size, d) => slicedRange(context, d, size, begin[d], end[d], strides[d]));
  const { shrinkAxisMask } = context.operator;
  context.expectShape(
    context.output,
    ranges.flatMap(({ count }, d) => ((shrinkAxisMask >> d) & 1 ? [] : [count])),
  );
  const inputSteps = rowMajorSteps(input.shape);
  return {
    kind: "STRIDED_SLICE",
    start: ranges.reduce((sum, { first }, d) => sum + first * inputSteps[d], 0),
    sizes: ranges.map(({ count }) => count),
    steps: inputSteps.map((step, d) => step * strides[d]),
  };
}

/** StartForAxis and StopForAxis (strided_slice_logic.h). The slice is not empty. */
function slicedRange(
  context: OperatorContext<StridedSlice>,
  d: number,
  size: number,
  begin: number,
  end: number,
  stride: number,
): { first: number; count: number } {
  const { beginMask, endMask, shrinkAxisMask } = context.operator;
  const isSet = (mask: number) => ((mask >> d) & 1) !== 0;
  context.check(stride !== 0, `has a stride of 0 along dimension ${d}`);
  context.check(stride > 0 || !isSet(shrinkAxisMask), `drops dimension ${d} with a negative stride`);
  const [low, high] = stride > 0 ? [0, size] : [-1, size - 1];
  const inside = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const first = isSet(beginMask) ? (stride > 0 ? 0 : size - 1) : inside(begin);
  const stop = isSet(endMask) ? (stride > 0 ? size : -1) : inside(end);
  const count = isSet(shrinkAxisMask) ? 1 : Math.ceil((stop - first) / stride);
  context.check(count >= 1 && first >= 0 && first < size, `takes nothing along dimension ${d}`);
  return { first, count };
}

export function evaluateGather(p: PreparedGather, [input]: readonly Int8Array[], output: Int8Array): void {
  const position = new Int32Array(p.sizes.length);
  let from = p.start;
  for (let to = 0; to < output.length; to++) {
    output[to] = input[from];
    for (let d = position.length - 1; d >= 0; d--) {
      from += p.steps[d];
      if (++position[d] < p.sizes[d]) break;
      from -= p.steps[d] * p.sizes[d];
      position[d] = 0;
    }
  }
}
