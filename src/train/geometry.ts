/** Window arithmetic of TensorFlow's SAME padding, shared by every backend and the float reference. */

export interface WindowGeometry {
  /** Output extent: ceil(input / stride). */
  readonly output: number;
  /** Zeros before the first and after the last input element; the odd one goes after. */
  readonly before: number;
  readonly after: number;
}

/** Geometry along one dimension (https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2). */
export function sameWindow(input: number, kernel: number, stride: number): WindowGeometry {
  const output = Math.ceil(input / stride);
  const total = Math.max((output - 1) * stride + kernel - input, 0);
  const before = Math.floor(total / 2);
  return { output, before, after: total - before };
}
