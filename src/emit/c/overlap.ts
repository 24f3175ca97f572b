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
  if (isBanded(call)) {
    const order =
      call.bands.unit === "lines" ? lineOrder(window, bandOf(call)) : pixelOrder(window, bandOf(call), true);
    return { down: forwardDistance(order, "read first"), up: Number.POSITIVE_INFINITY };
  }
  const down = forwardDistance(pixelOrder(window, call.kernel === "smk_conv_pairs" ? 2 : 1, false), "mixed");
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

/** How a kernel goes through its output: pixels or lines in order, some at a time. Steps do not go from one segment of units to the next. */
interface Order {
  readonly units: number;
  readonly together: number;
  readonly segment: number;
  readonly unitBytes: number;
  /** The first byte of the input that a unit looks at. */
  readFirst(unit: number): number;
}

/** A step may span two rows, and `joined`: two pictures. */
function pixelOrder(w: Window, together: number, joined: boolean): Order {
  const picture = w.in_height * w.in_width * w.in_depth;
  const each = w.out_height * w.out_width;
  const units = w.batches * each;
  const readFirst = (unit: number) => {
    const pixel = unit % each;
    const x = pixel % w.out_width;
    const row = firstInside(((pixel - x) / w.out_width) * w.stride_y - w.pad_top, w.in_height);
    const column = firstInside(x * w.stride_x - w.pad_left, w.in_width);
    return ((unit - pixel) / each) * picture + (row * w.in_width + column) * w.in_depth;
  };
  return { units, together, segment: joined ? units : each, unitBytes: w.out_depth, readFirst };
}

function lineOrder(w: Window, together: number): Order {
  const line = w.in_width * w.in_depth;
  const readFirst = (unit: number) => {
    const y = unit % w.out_height;
    const row = firstInside(y * w.stride_y - w.pad_top, w.in_height);
    return (((unit - y) / w.out_height) * w.in_height + row) * line;
  };
  const units = w.batches * w.out_height;
  return { units, together, segment: w.out_height, unitBytes: w.out_width * w.out_depth, readFirst };
}

/** Where a window that starts at `start` first looks into 0..size-1, or the nearest element when it does not. */
function firstInside(start: number, size: number): number {
  return start < 0 ? 0 : Math.min(start, size - 1);
}

/** The part of a window inside 0..size-1, or the nearest element when there is none. Without regard to gaps of dilation. */
function span(start: number, filter: number, dilation: number, size: number): { first: number; end: number } {
  const end = start + (filter - 1) * dilation + 1;
  return { first: firstInside(start, size), end: Math.max(Math.min(end, size), 1) };
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
function forwardDistance(order: Order, within: "mixed" | "read first"): number {
  const { units, together, segment, unitBytes } = order;
  let distance = 0;
  let future = Number.POSITIVE_INFINITY;
  for (let end = units; end > 0; ) {
    const inSegment = (end - 1) % segment;
    const first = end - 1 - (inSegment % together);
    let reads = Number.POSITIVE_INFINITY;
    for (let unit = first; unit < end; unit++) reads = Math.min(reads, order.readFirst(unit));
    if (within === "mixed") future = Math.min(future, reads);
    distance = Math.max(distance, end * unitBytes - future);
    future = Math.min(future, reads);
    end = first;
  }
  return distance;
}

/** As forwardDistance, the steps taken from the last to the first; `mixed`: a step still reads while it writes. */
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
  // What is still to be read when so many rows of the first stage have been made.
  const future = [...reads, { readFirst: Number.POSITIVE_INFINITY }].map(({ readFirst }) => readFirst);
  for (let row = reads.length - 1; row >= 0; row--) future[row] = Math.min(future[row], future[row + 1]);
  let down = 0;
  for (let y = 0; y < last.out_height; y++)
    down = Math.max(down, (y + 1) * outRow - future[Math.min(made[y], reads.length)]);
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
