/** AVERAGE_POOL_2D and MAX_POOL_2D (tflite-micro: integer_ops/pooling.h, pooling_common.cc). */
import { clamp, INT8_MIN } from "../arithmetic.js";
import type { ActivationRange, OperatorContext } from "../operator-context.js";
import type { Pool2D } from "../types.js";
import { type ImageGeometry, imageGeometry } from "./image-geometry.js";

const { max, min, trunc } = Math;

/** TFLite Micro's tolerance for the equality of input and output scale; pooling does not rescale. */
const SCALE_TOLERANCE = 1e-6;

export interface PreparedPool2D extends ImageGeometry, ActivationRange {
  readonly kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D";
}

export function preparePool2D(context: OperatorContext<Pool2D>): PreparedPool2D {
  context.expectInputs(1);
  const { operator, output } = context;
  const { strideH, strideW, filterH, filterW } = operator;
  context.expectPositive({ strideH, strideW, filterH, filterW });
  const input = context.input(0);
  const from = context.activation(input);
  const to = context.activation(output);
  context.check(
    Math.abs(Math.fround(from.scale - to.scale)) <= SCALE_TOLERANCE && from.zeroPoint === to.zeroPoint,
    "needs equal quantization of its input and output",
  );
  context.check(input.shape.length === 4, "needs an NHWC input");
  return {
    kind: operator.kind,
    ...imageGeometry(context, { filterH, filterW, outputC: input.shape[3] }),
    ...context.activationRange(operator.activation),
  };
}

/** The part of a window that lies inside the image: rows [top, bottom), columns [left, right). */
interface ClippedWindow {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** input [N,H,W,C], output [N,H',W',C]. */
export function evaluatePool2D(p: PreparedPool2D, [input]: readonly Int8Array[], output: Int8Array): void {
  const reduce = p.kind === "MAX_POOL_2D" ? maximum : average;
  let at = 0;
  for (let n = 0; n < p.batches; n++) {
    for (let y = 0; y < p.outputH; y++) {
      for (let x = 0; x < p.outputW; x++) {
        const window = clipWindow(p, y * p.strideH - p.padTop, x * p.strideW - p.padLeft);
        for (let c = 0; c < p.inputC; c++) {
          output[at++] = clamp(reduce(p, input, n, c, window), p.activationMin, p.activationMax);
        }
      }
    }
  }
}

function clipWindow(p: PreparedPool2D, top: number, left: number): ClippedWindow {
  return {
    top: max(top, 0),
    bottom: min(top + p.filterH, p.inputH),
    left: max(left, 0),
    right: min(left + p.filterW, p.inputW),
  };
}

function maximum(p: PreparedPool2D, input: Int8Array, n: number, c: number, window: ClippedWindow): number {
  let largest = INT8_MIN;
  for (let y = window.top; y < window.bottom; y++) {
    for (let x = window.left; x < window.right; x++) {
      largest = max(largest, input[((n * p.inputH + y) * p.inputW + x) * p.inputC + c]);
    }
  }
  return largest;
}

/** The sum of the values inside the image over their count, halves away from zero; zero points need no care as both are equal. */
function average(p: PreparedPool2D, input: Int8Array, n: number, c: number, window: ClippedWindow): number {
  const count = (window.bottom - window.top) * (window.right - window.left);
  let sum = 0;
  for (let y = window.top; y < window.bottom; y++) {
    for (let x = window.left; x < window.right; x++) {
      sum += input[((n * p.inputH + y) * p.inputW + x) * p.inputC + c];
    }
  }
  const half = count >> 1;
  return trunc((sum > 0 ? sum + half : sum - half) / count);
}
