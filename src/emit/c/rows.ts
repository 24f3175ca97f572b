/**
 * Kernels that look through windows, taken row by row: several in a row so that what lies between them never exists as a whole (fuse.ts), or one from
 * the last row to the first. No kernel knows: it is called for one output row at a time, through a window that is one row high, and a kernel that
 * reads the rows of another sees them as a picture just as high as its filter.
 */
import type { Int8Graph } from "../../graph/types.js";
import { bandWithin, isBanded, withBand } from "./bands.js";
import { type Argument, type KernelCall, read, readsOf, scratch, scratchOf, write, writesOf } from "./kernel-call.js";
import type { Window } from "./lower-conv.js";
import { withPlaneOf } from "./lower-lx6.js";
import { reductionWindow, sumBytes } from "./reduction.js";

/** Kernels that make output pixels in order, each from its window, and that compute one row when their window is one row high. */
const WINDOW_KERNELS: ReadonlySet<string> = new Set([
  "smk_conv_pairs",
  "smk_conv_single",
  "smk_conv_few",
  "smk_conv_grouped",
  "smk_depthwise",
  "smk_depthwise_multiply",
  "smk_average_pool",
  "smk_max_pool",
  "smk_lx6_conv_point",
  "smk_lx6_conv_rows",
  "smk_lx6_conv_patches",
  "smk_lx6_depthwise",
]);
const POOLS: ReadonlySet<string> = new Set(["smk_average_pool", "smk_max_pool"]);
/** Kernels that bring every window into another form, so that they need their scratch even when all windows are whole. */
const GATHERING: ReadonlySet<string> = new Set([
  "smk_conv_few",
  "smk_conv_grouped",
  "smk_lx6_conv_point",
  "smk_lx6_conv_rows",
  "smk_lx6_conv_patches",
  "smk_lx6_depthwise",
]);
/** Scratch for the pixels of a row that are brought into form together, at most, in bytes. */
const ROW_BAND_BYTES = 1024;

/** The window of a call to one of these kernels; undefined for any other call. */
export function windowOf(call: KernelCall): Window | undefined {
  const [first] = call.arguments;
  if (!WINDOW_KERNELS.has(call.kernel) || first?.kind !== "literal" || typeof first.value === "number")
    return undefined;
  const fields = first.value.fields as unknown as Window;
  return { ...fields, whole: Boolean(fields.whole) };
}

/** A 1x1 filter that visits the pixels of the input in order. */
export function visitsPixels(w: Window): boolean {
  return w.height === 1 && w.width === 1 && w.in_height === w.out_height && w.in_width === w.out_width && w.whole;
}

export interface Stage {
  readonly call: KernelCall;
  readonly window: Window;
  /** Rows of its input that one row of its output is made from. */
  readonly reach: number;
  /** It adds up all rows of its input, one at a time; always the last stage. */
  readonly reduces: boolean;
}

/** The call as something made row by row, under its picture's height and width; undefined when it cannot be. */
export function stageOf(graph: Int8Graph, call: KernelCall): Stage | undefined {
  const reduced = reductionWindow(graph, call);
  if (reduced !== undefined) return { call, window: reduced, reach: 1, reduces: true };
  const flat = windowOf(call);
  if (flat === undefined || flat.batches !== 1) return undefined;
  const [, height, width] = graph.tensors[writesOf(call)[0]]?.shape ?? [];
  const window =
    visitsPixels(flat) && flat.in_height === 1 && height * width === flat.in_width && width > 1
      ? { ...flat, in_height: height, in_width: width, out_height: height, out_width: width }
      : flat;
  return { call, window, reach: (window.height - 1) * window.dilation_y + 1, reduces: false };
}

/** Whether a row of `next` can be made from rows that come one after the other: nothing skipped, and padding that is rows of one value. */
export function canFollow(next: Stage): boolean {
  return next.window.stride_y <= next.reach && (!POOLS.has(next.call.kernel) || staysInside(next));
}

/** Whether no window reaches over the top or bottom of the picture. */
export function staysInside({ window: w, reach }: Stage): boolean {
  return w.pad_top === 0 && (w.out_height - 1) * w.stride_y + reach <= w.in_height;
}

/** Whether every output row is made from the one input row of its number. */
export function takesSameRow(stage: Stage): boolean {
  return stage.reach === 1 && stage.window.stride_y === 1 && staysInside(stage);
}

export interface RowBuffer {
  /** In the call's scratch. */
  readonly offset: number;
  readonly rows: number;
  readonly rowBytes: number;
}

export interface RowLayout {
  readonly stages: readonly Stage[];
  /** Between stage i and i + 1. */
  readonly buffers: readonly RowBuffer[];
  /** Of a last stage that reduces: its sums. */
  readonly sumsOffset: number;
  /** Scratch of the kernels themselves: offset and size. */
  readonly kernelOffset: number;
  readonly kernelBytes: number;
  readonly bytes: number;
}

/** Where the rows between the stages lie in the call's scratch. Deterministic: computed again where it is needed. */
export function layoutRows(graph: Int8Graph, calls: readonly KernelCall[]): RowLayout {
  const stages = calls.map((call) => stageOf(graph, call) as Stage);
  const buffers: RowBuffer[] = [];
  let offset = 0;
  for (const { window, reach } of stages.slice(1)) {
    const rowBytes = window.in_width * window.in_depth;
    buffers.push({ offset, rows: reach, rowBytes });
    offset = align(offset + reach * rowBytes);
  }
  const sumsOffset = offset;
  const last = stages[stages.length - 1];
  if (last.reduces) offset += sumBytes(last.window);
  const kernelBytes = Math.max(...stages.map((stage, index) => scratchBytes(stage, index)));
  return { stages, buffers, sumsOffset, kernelOffset: offset, kernelBytes, bytes: offset + kernelBytes };
}

function scratchBytes({ call, window, reduces }: Stage, index: number): number {
  if (reduces) return 0;
  return index > 0 && bufferWindow(window).whole && !GATHERING.has(call.kernel) ? 0 : scratchOf(call);
}

/** The call as it makes one row at a time: no more scratch than that takes. */
function ofOneRow(graph: Int8Graph, call: KernelCall): KernelCall {
  const window = stageOf(graph, call)?.window;
  if (window === undefined) return call;
  if (isBanded(call)) {
    const pixels = { ...call.bands, count: window.out_width };
    return withBand(call, call.bands.unit === "lines" ? 1 : bandWithin(pixels, ROW_BAND_BYTES));
  }
  return withPlaneOf(call, { ...window, out_height: 1 });
}

function align(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** The window as seen in a buffer of rows: as high as the filter, padding only at the sides. */
export function bufferWindow(w: Window): Window {
  const sides = w.pad_left === 0 && (w.out_width - 1) * w.stride_x + w.width <= w.in_width;
  return {
    ...w,
    in_height: (w.height - 1) * w.dilation_y + 1,
    out_height: 1,
    pad_top: 0,
    whole: sides && w.dilation_x === 1 && w.dilation_y === 1,
  };
}

/** One call that makes the last call's output row by row. Each call reads what the one before it writes. */
export function joinRows(graph: Int8Graph, calls: readonly KernelCall[]): KernelCall {
  const stages = calls.flatMap((call) => call.rows?.stages ?? [ofOneRow(graph, call)]);
  const { bytes } = layoutRows(graph, stages);
  const last = stages[stages.length - 1];
  return {
    operator: last.operator,
    comment: `row by row: ${stages.map(({ comment }) => comment).join(", ")}`,
    kernel: "smk_rows",
    header: "smk_rows.h",
    arguments: rowArguments(stages, bytes),
    overwritable: [],
    rows: { stages, backward: false, reduces: stageOf(graph, last)?.reduces ?? false },
  };
}

function rowArguments(stages: readonly KernelCall[], bytes: number): Argument[] {
  const parameters = stages.flatMap((stage) => stage.arguments.filter(({ kind }) => kind === "parameters"));
  return [...parameters, read(readsOf(stages[0])[0]), scratch(bytes), write(writesOf(stages[stages.length - 1])[0])];
}

/** The same call from its last row or pixel to its first. */
export function backward(call: KernelCall): KernelCall {
  if (call.rows !== undefined) return { ...call, rows: { ...call.rows, backward: true } };
  return {
    ...call,
    arguments: rowArguments([call], scratchOf(call)),
    rows: { stages: [call], backward: true, reduces: false },
  };
}

/** Headers of firmware/kernels that the call needs. */
export function headersOf({ header, rows }: KernelCall): string[] {
  if (rows === undefined) return [header];
  const own = rows.stages.length > 1 ? [header] : [];
  return [...own, ...(rows.reduces ? ["smk_sums.h"] : []), ...rows.stages.map((stage) => stage.header)];
}
