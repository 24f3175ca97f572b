/**
 * How far a kernel's output must stay away from the input that it consumes so that it never writes over what is still to be read, found by going
 * through the windows in the kernel's order. (The idea: diagonal memory optimisation, Barth and others, 2020.)
 */
import type { Int8Graph } from "../../graph/types.js";
import { bandOf, isBanded } from "./bands.js";
import type { KernelCall } from "./kernel-call.js";
import type { Window } from "./lower-conv.js";
import { layoutRows, type RowLayout, stageOf, takesSameRow, visitsPixels, windowOf } from "./rows.js";

export interface Distances {
  /** The output may begin this many bytes or more below the input. */
  readonly down: number;
  /** The output may begin this many bytes or more above the input, if the call goes backward. */
  readonly up: number;
}

/** Pixels at a time when a kernel goes backward over single pixels: even, as kernels take pairs; few, as they are the distance. */
export const BACKWARD_PIXELS = 4;

/** Undefined: the call's kernel makes no promise about the order in which it reads and writes. */
export function distancesOf(graph: Int8Graph, call: KernelCall): Distances | undefined {
  if (call.rows !== undefined) return chainDistances(layoutRows(graph, call.rows.stages));
  const window = windowOf(call);
  if (window === undefined || call.kernel === "smk_lx6_depthwise") return undefined;
  if (isBanded(call))
    return { down: bandDistance(window, bandOf(call), call.bands.unit), up: Number.POSITIVE_INFINITY };
  const down = forwardDistance(pixelSteps(window, call.kernel === "smk_conv_pairs" ? 2 : 1));
  if (visitsPixels(window)) return { down, up: backwardPixelDistance(window) };
  const stage = stageOf(graph, call);
  if (stage === undefined || stage.reduces) return { down, up: Number.POSITIVE_INFINITY };
  return { down, up: backwardDistance(rowSteps(stage.window), true) };
}

/** Bytes of input read, [first, end), and bytes of output written, at one step. */
interface AccessStep {
  readonly readFirst: number;
  readonly readEnd: number;
  readonly writeFirst: number;
  readonly writeEnd: number;
}

/** A band's input has all been read before its output is written. */
function bandDistance(w: Window, band: number, unit: "pixels" | "lines"): number {
  // Bands of lines end with the picture, those of pixels do not.
  const steps = unit === "lines" ? lineSteps(w, band) : pixelSteps(w, band, w.batches);
  return forwardDistance(steps, "read first");
}

function* lineSteps(w: Window, band: number): Generator<AccessStep> {
  const [inBytes, outBytes] = [w.in_height * w.in_width * w.in_depth, w.out_height * w.out_width * w.out_depth];
  const rows = [...rowSteps(w)];
  for (let n = 0; n < w.batches; n++) {
    for (let first = 0; first < rows.length; first += band) {
      const together = rows.slice(first, first + band);
      yield {
        readFirst: n * inBytes + Math.min(...together.map((row) => row.readFirst)),
        readEnd: n * inBytes + Math.max(...together.map((row) => row.readEnd)),
        writeFirst: n * outBytes + together[0].writeFirst,
        writeEnd: n * outBytes + together[together.length - 1].writeEnd,
      };
    }
  }
}

/** Output pixels in order, `together` successive ones at a time: a step may span two rows, and `joined` pictures. */
function* pixelSteps(w: Window, together: number, joined = 1): Generator<AccessStep> {
  const picture = w.in_height * w.in_width * w.in_depth;
  const each = w.out_height * w.out_width;
  const pixels = each * joined;
  for (let n = 0; n < w.batches; n += joined) {
    for (let first = 0; first < pixels; first += together) {
      const end = Math.min(first + together, pixels);
      const reads = Array.from({ length: end - first }, (_, i) => {
        const base = (n + Math.floor((first + i) / each)) * picture;
        const { first: from, end: to } = pixelRead(w, (first + i) % each);
        return { first: base + from, end: base + to };
      });
      yield {
        readFirst: Math.min(...reads.map((read) => read.first)),
        readEnd: Math.max(...reads.map((read) => read.end)),
        writeFirst: (n * each + first) * w.out_depth,
        writeEnd: (n * each + end) * w.out_depth,
      };
    }
  }
}

/** Bytes of a picture that the window of one output pixel spans. */
function pixelRead(w: Window, pixel: number): { first: number; end: number } {
  const y = Math.floor(pixel / w.out_width);
  const rows = span(y * w.stride_y - w.pad_top, w.height, w.dilation_y, w.in_height);
  const columns = span((pixel % w.out_width) * w.stride_x - w.pad_left, w.width, w.dilation_x, w.in_width);
  return {
    first: (rows.first * w.in_width + columns.first) * w.in_depth,
    end: ((rows.end - 1) * w.in_width + columns.end) * w.in_depth,
  };
}

/** The part of a window inside 0..size-1, or the nearest element when there is none. Without regard to gaps of dilation. */
function span(start: number, filter: number, dilation: number, size: number): { first: number; end: number } {
  const end = start + (filter - 1) * dilation + 1;
  return { first: Math.min(Math.max(start, 0), size - 1), end: Math.max(Math.min(end, size), 1) };
}

function* rowSteps(w: Window): Generator<AccessStep> {
  const inRow = w.in_width * w.in_depth;
  const outRow = w.out_width * w.out_depth;
  for (let y = 0; y < w.out_height; y++) {
    const rows = span(y * w.stride_y - w.pad_top, w.height, w.dilation_y, w.in_height);
    yield {
      readFirst: rows.first * inRow,
      readEnd: rows.end * inRow,
      writeFirst: y * outRow,
      writeEnd: (y + 1) * outRow,
    };
  }
}

/** Everything written up to a step must end below everything read after it, and at it unless a step reads first. */
function forwardDistance(steps: Iterable<AccessStep>, within: "mixed" | "read first" = "mixed"): number {
  let distance = 0;
  let future = Number.POSITIVE_INFINITY;
  for (const { readFirst, writeEnd } of [...steps].reverse()) {
    if (within === "mixed") future = Math.min(future, readFirst);
    distance = Math.max(distance, writeEnd - future);
    future = Math.min(future, readFirst);
  }
  return distance;
}

/** As forwardDistance with the steps taken from the last to the first; `mixed`: a step still reads while it writes. */
function backwardDistance(steps: Iterable<AccessStep>, mixed: boolean): number {
  let distance = 0;
  let future = 0;
  for (const { readEnd, writeFirst } of steps) {
    if (mixed) future = Math.max(future, readEnd);
    distance = Math.max(distance, future - writeFirst);
    future = Math.max(future, readEnd);
  }
  return distance;
}

function backwardPixelDistance(w: Window): number {
  const pixels = w.batches * w.in_height * w.in_width;
  const rest = pixels % BACKWARD_PIXELS;
  let distance = 0;
  // The remainder comes first when going backward: the chunks below it begin at multiples of BACKWARD_PIXELS.
  for (let first = 0; first < pixels; first += BACKWARD_PIXELS) {
    const end = first + (first === pixels - rest ? rest : BACKWARD_PIXELS);
    distance = Math.max(distance, end * w.in_depth - first * w.out_depth);
  }
  return distance;
}

/** The steps of the call's loops (rows-text.ts): how far the first stage has read when each output row is written. */
function chainDistances(layout: RowLayout): Distances {
  // A sum is written when all has been read.
  if (layout.stages[layout.stages.length - 1].reduces) return { down: 0, up: Number.POSITIVE_INFINITY };
  const windows = layout.stages.map(({ window }) => window);
  const reads = [...rowSteps(windows[0])];
  const last = windows[windows.length - 1];
  const outRow = last.out_width * last.out_depth;
  const made = rowsMade(layout);
  let down = 0;
  for (let y = 0; y < last.out_height; y++) {
    const future = Math.min(...reads.slice(made[y]).map(({ readFirst }) => readFirst), Number.POSITIVE_INFINITY);
    down = Math.max(down, (y + 1) * outRow - future);
  }
  const steps = reads.map((step, y) => ({ ...step, writeFirst: y * outRow, writeEnd: (y + 1) * outRow }));
  const up = goesBackward(layout) ? backwardDistance(steps, windows.length === 1) : Number.POSITIVE_INFINITY;
  return { down: Math.max(0, down), up };
}

/** For each output row, how many rows of the first stage have been made when it is written. */
function rowsMade({ stages }: RowLayout): number[] {
  const last = stages[stages.length - 1].window;
  return Array.from({ length: last.out_height }, (_, y) => {
    let end = y + 1;
    for (const { window: w, reach } of [...stages.slice(1)].reverse()) {
      end = Math.min(Math.max(0, (end - 1) * w.stride_y - w.pad_top + reach), w.in_height);
    }
    return end;
  });
}

/** Rows between the stages that stand alone can be made in any order. */
function goesBackward({ stages }: RowLayout): boolean {
  return stages.slice(1).every(takesSameRow);
}
