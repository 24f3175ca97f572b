/** Frame -> the network's canvas (docs/locate.md, "Canvas"); twin of firmware/core/sm_neural.c. */
import type { GrayImage } from "../../data/types.js";
import { normalize } from "../../preprocess/normalize.js";
import { resizeAreaTo } from "../../preprocess/resize.js";
import type { PreprocessSpec } from "../../preprocess/types.js";

export interface Canvas {
  /** Pixels, each a multiple of the cell's side, width * height at most 32768. */
  readonly width: number;
  readonly height: number;
}

/** How a frame lies on the canvas: scaled by one factor up to rounding, in the middle. */
export interface Fit {
  /** Pixels of the canvas that the frame covers. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The frame touches the canvas' left and right edges, or its top and bottom edges; the other extent is rounded, halves up, and at least 1. */
export function fitFrame(canvas: Canvas, width: number, height: number): Fit {
  const wide = width * canvas.height > height * canvas.width;
  const fitted = wide
    ? { width: canvas.width, height: scaled(height, canvas.width, width) }
    : { width: scaled(width, canvas.height, height), height: canvas.height };
  const x = Math.floor((canvas.width - fitted.width) / 2);
  const y = Math.floor((canvas.height - fitted.height) / 2);
  return { x, y, ...fitted };
}

/** extent * to / from, rounded, at least 1. */
function scaled(extent: number, to: number, from: number): number {
  return Math.max(1, Math.floor((2 * extent * to + from) / (2 * from)));
}

/** The network's input [height, width, 1]: the reduced frame, normalized over its own pixels, and 0 around it. */
export function drawCanvas(
  frame: GrayImage,
  canvas: Canvas,
  kind: PreprocessSpec["normalize"],
  out: Int8Array = new Int8Array(canvas.width * canvas.height),
): Int8Array {
  const fit = fitFrame(canvas, frame.width, frame.height);
  const whole = { x: 0, y: 0, width: frame.width, height: frame.height };
  const grey = resizeAreaTo(frame, whole, fit.width, fit.height);
  return placeOnCanvas(grey, fit, canvas, kind, out);
}

/** The second half of {@link drawCanvas}, for a frame that is reduced already. */
export function placeOnCanvas(
  grey: Uint8Array,
  fit: Fit,
  canvas: Canvas,
  kind: PreprocessSpec["normalize"],
  out: Int8Array,
): Int8Array {
  const values = normalize(grey, kind);
  out.fill(0);
  for (let row = 0; row < fit.height; row++) {
    const line = values.subarray(row * fit.width, (row + 1) * fit.width);
    out.set(line, (fit.y + row) * canvas.width + fit.x);
  }
  return out;
}
