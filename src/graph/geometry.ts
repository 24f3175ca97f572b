/** Windows over images: output sizes and padding as TensorFlow defines them (tflite-micro, kernels/padding.h). */
import type { Padding } from "./types.js";

export interface WindowAxis {
  /** Number of output positions; 0 when a VALID window does not fit. */
  readonly outputSize: number;
  /** Rows (columns) of padding before the input; what follows it is implied. */
  readonly padBefore: number;
}

/** One axis of a window: all sizes in elements, stride and dilation >= 1. */
export function windowAxis(
  padding: Padding,
  inputSize: number,
  filterSize: number,
  stride: number,
  dilation: number,
): WindowAxis {
  const effective = (filterSize - 1) * dilation + 1;
  const reach = padding === "SAME" ? inputSize : inputSize - effective + 1;
  const outputSize = Math.max(Math.ceil(reach / stride), 0);
  const total = Math.max((outputSize - 1) * stride + effective - inputSize, 0);
  return { outputSize, padBefore: Math.floor(total / 2) };
}
