/**
 * RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR of NHWC pictures (tflite-micro: reference/resize_nearest_neighbor.h, in float32, and
 * ResizeBilinearInteger in reference/resize_bilinear.h, in 1/1024 of a pixel).
 */
import { roundHalfAway } from "../arithmetic.js";
import type { OperatorContext } from "../operator-context.js";
import type { Resize } from "../types.js";

const { fround, floor, max, min, trunc } = Math;

interface ResizeGeometry {
  readonly batches: number;
  readonly inputH: number;
  readonly inputW: number;
  readonly depth: number;
  readonly outputH: number;
  readonly outputW: number;
}

export interface PreparedNearest extends ResizeGeometry {
  readonly kind: "RESIZE_NEAREST_NEIGHBOR";
  /** The input row of each output row, the input column of each output column. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

export interface PreparedBilinear extends ResizeGeometry {
  readonly kind: "RESIZE_BILINEAR";
  /** Input pixels per output pixel, times 1024. */
  readonly scaleH: number;
  readonly scaleW: number;
  /** Output row y is at y * scaleH + offsetH of the input, times 1024: 0, or for half pixel centers half a step less half a pixel. */
  readonly offsetH: number;
  readonly offsetW: number;
}

/** 1.0 in the fixed-point positions of RESIZE_BILINEAR. */
const BILINEAR_ONE = 1024;

export function prepareResize(context: OperatorContext<Resize>): PreparedNearest | PreparedBilinear {
  context.expectInputs(2);
  const { kind, alignCorners, halfPixelCenters } = context.operator;
  const input = context.input(0);
  context.expectSameQuantization(input);
  context.check(input.shape.length === 4, "needs an NHWC input");
  const size = context.constantInt32(1, "size");
  context.check(size.length === 2, `has ${size.length} sizes, not 2`);
  const [batches, inputH, inputW, depth] = input.shape;
  const [outputH, outputW] = size;
  context.expectShape(context.output, [batches, outputH, outputW, depth]);
  const geometry = { batches, inputH, inputW, depth, outputH, outputW };
  if (kind === "RESIZE_NEAREST_NEIGHBOR") {
    const nearest = (from: number, to: number) =>
      Int32Array.from({ length: to }, (_, at) => nearestNeighbor(at, from, to, alignCorners, halfPixelCenters));
    return { kind, ...geometry, rows: nearest(inputH, outputH), columns: nearest(inputW, outputW) };
  }
  context.check(!(alignCorners && halfPixelCenters), "cannot both align corners and use half pixel centers");
  const rows = bilinearAxis(context, inputH, outputH);
  const columns = bilinearAxis(context, inputW, outputW);
  return {
    kind,
    ...geometry,
    scaleH: rows.scale,
    scaleW: columns.scale,
    offsetH: rows.offset,
    offsetW: columns.offset,
  };
}

/** GetNearestNeighbor: every operation rounds to float32. */
function nearestNeighbor(at: number, from: number, to: number, alignCorners: boolean, halfPixel: boolean): number {
  const scale = alignCorners && to > 1 ? fround(fround(from - 1) / fround(to - 1)) : fround(fround(from) / fround(to));
  const position = fround(fround(at + (halfPixel ? 0.5 : 0)) * scale);
  const nearest = min(alignCorners ? roundHalfAway(position) : floor(position), from - 1);
  return halfPixel ? max(0, nearest) : nearest;
}

/** Refuses sizes for which ResizeBilinearInteger overflows int32 or reads beyond the picture, as its rounded step may. */
function bilinearAxis(context: OperatorContext<Resize>, from: number, to: number): { scale: number; offset: number } {
  const { alignCorners, halfPixelCenters } = context.operator;
  const [pixels, steps] = alignCorners && to > 1 ? [from - 1, to - 1] : [from, to];
  const scale = trunc((BILINEAR_ONE * pixels + trunc(steps / 2)) / steps);
  const offset = halfPixelCenters ? trunc(scale / 2) - BILINEAR_ONE / 2 : 0;
  const last = (to - 1) * scale + offset;
  context.check(
    BILINEAR_ONE * from + to < 2 ** 31 && to * scale < 2 ** 31 - BILINEAR_ONE && trunc(last / BILINEAR_ONE) < from,
    `resizes ${from} to ${to} pixels, for which TFLite Micro's arithmetic is not exact enough`,
  );
  return { scale, offset };
}

export function evaluateNearest(p: PreparedNearest, [input]: readonly Int8Array[], output: Int8Array): void {
  let to = 0;
  for (let n = 0; n < p.batches; n++) {
    for (const y of p.rows) {
      for (const x of p.columns) {
        const from = ((n * p.inputH + y) * p.inputW + x) * p.depth;
        output.set(input.subarray(from, from + p.depth), to);
        to += p.depth;
      }
    }
  }
}

/** Two neighbouring pixels and the weight of the second in 1/1024; the first has the rest. The weight is negative before the first pixel. */
function neighbours(
  at: number,
  scale: number,
  offset: number,
  size: number,
): [low: number, high: number, weight: number] {
  const position = at * scale + offset;
  const low = max(trunc(position / BILINEAR_ONE), 0);
  const high = min(trunc((position + BILINEAR_ONE - 1) / BILINEAR_ONE), size - 1);
  return [low, high, position - BILINEAR_ONE * low];
}

export function evaluateBilinear(p: PreparedBilinear, [input]: readonly Int8Array[], output: Int8Array): void {
  let to = 0;
  for (let n = 0; n < p.batches; n++) {
    for (let y = 0; y < p.outputH; y++) {
      const [y0, y1, dy] = neighbours(y, p.scaleH, p.offsetH, p.inputH);
      for (let x = 0; x < p.outputW; x++) {
        const [x0, x1, dx] = neighbours(x, p.scaleW, p.offsetW, p.inputW);
        for (let c = 0; c < p.depth; c++) {
          const at = (row: number, column: number) => input[((n * p.inputH + row) * p.inputW + column) * p.depth + c];
          const sum =
            at(y0, x0) * (BILINEAR_ONE - dy) * (BILINEAR_ONE - dx) +
            at(y1, x0) * dy * (BILINEAR_ONE - dx) +
            at(y0, x1) * (BILINEAR_ONE - dy) * dx +
            at(y1, x1) * dy * dx;
          output[to++] = trunc((sum + (sum > 0 ? 1 : -1) * 2 ** 19) / 2 ** 20);
        }
      }
    }
  }
}
