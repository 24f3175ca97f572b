/**
 * How a cell of the map says where a face is: the network's side of it in real numbers, the firmware's in tables of integers.
 *
 * A cell at centre (a, b), in pixels of the canvas, and a face of side s at (x, y): the outputs are (x - a) / s and (y - b) / s, times
 * OFFSET_UNITS, and log2(s / MIDDLE_SIDE), times OCTAVE_UNITS. So an error of one output is the same part of a face whatever its size, and
 * the outputs share a range with the logit, as one int8 tensor wants it.
 */
import type { Quantization } from "../../graph/types.js";

/** Side of a cell in pixels of the canvas. */
export const CELL = 8;
export const OFFSET_UNITS = 8;
export const OCTAVE_UNITS = 4;
/** Pixels of the canvas. */
export const MIDDLE_SIDE = 40;
/** Sub-pixels of the integer decoder. */
export const SUBPIXELS = 16;
/** Sides that are decoded, in pixels of the canvas. */
const SMALLEST_SIDE = 4;
const LARGEST_SIDE = 160;

/** A square face in pixels of the canvas, by its centre. */
export interface CanvasFace {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** What the cell whose centre is (a, b) should say of a face. */
export function encodeFace({ x, y, side }: CanvasFace, a: number, b: number): [number, number, number] {
  const offset = (distance: number) => (OFFSET_UNITS * distance) / side;
  return [offset(x - a), offset(y - b), OCTAVE_UNITS * Math.log2(side / MIDDLE_SIDE)];
}

/** The integers that the decoder needs, from the scale of the network's output. */
export interface DecodeTables {
  /** Per int8 output, -128 first: probability of a face per mille, 0 to 1000, never falling. */
  readonly confidence: readonly number[];
  /** Per int8 output, -128 first: side in sixteenths of a pixel of the canvas, never falling. */
  readonly side: readonly number[];
  /** Offset in units of the side, of one int8 step, times 65536. */
  readonly offset: number;
  /** int8 output of an offset of 0. */
  readonly zero: number;
}

export function decodeTables({ scale, zeroPoint }: Quantization): DecodeTables {
  const table = (of: (value: number) => number) =>
    Array.from({ length: 256 }, (_, index) => Math.round(of((index - 128 - zeroPoint[0]) * scale[0])));
  return {
    confidence: table((logit) => 1000 / (1 + Math.exp(-logit))),
    side: table((octaves) => SUBPIXELS * sideOf(octaves)),
    offset: Math.round((scale[0] / OFFSET_UNITS) * 65536),
    zero: zeroPoint[0],
  };
}

function sideOf(octaves: number): number {
  return Math.max(SMALLEST_SIDE, Math.min(LARGEST_SIDE, MIDDLE_SIDE * 2 ** (octaves / OCTAVE_UNITS)));
}
