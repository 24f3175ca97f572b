/**
 * Layers that two cores compute together: the output's rows in two ranges, each made by the layer's own kernel through a window moved down to it, with
 * scratch of its own. Each value is computed by the same arithmetic as on one core. Such a call promises no order, so its output never lies over its
 * input, and it is not joined with others (rows.ts).
 */
import { bandOf, evenBand, isBanded, withBand } from "./bands.js";
import {
  type Argument,
  type KernelCall,
  type LoweredModel,
  literal,
  read,
  readsOf,
  scratch,
  scratchOf,
  write,
  writesOf,
} from "./kernel-call.js";
import type { Window } from "./lower-conv.js";
import { withPlaneOf } from "./lower-lx6.js";
import { ARENA_ALIGNMENT } from "./plan.js";
import { visitsPixels } from "./rows.js";

/** Handing over and waiting cost some ten microseconds, a few thousand instructions: less work than this is not split. */
export const FEWEST_SPLIT_PRODUCTS = 16 * 1024;

/** Kernels whose output rows can be made apart from each other, and whether each output value takes all input channels. */
const SPLITTABLE: ReadonlyMap<string, "all channels" | "groups" | "one channel"> = new Map([
  ["smk_conv_pairs", "all channels"],
  ["smk_conv_single", "all channels"],
  ["smk_conv_few", "all channels"],
  ["smk_conv_grouped", "groups"],
  ["smk_depthwise", "one channel"],
  ["smk_depthwise_multiply", "one channel"],
  ["smk_lx6_conv_point", "all channels"],
  ["smk_lx6_conv_rows", "all channels"],
  ["smk_lx6_conv_patches", "all channels"],
  ["smk_lx6_depthwise", "one channel"],
]);

/** Half of a call that two cores share. Offsets in bytes from the whole call's input, output and scratch. */
export interface CorePart {
  readonly call: KernelCall;
  readonly inputOffset: number;
  readonly outputOffset: number;
  readonly scratchOffset: number;
}

/** The model with calls of at least `fewest` multiply-adds split where that can be done. */
export function splitOverCores(model: LoweredModel, fewest: number = FEWEST_SPLIT_PRODUCTS): LoweredModel {
  return { ...model, calls: model.calls.map((call) => (productsOf(call) >= fewest ? split(call) : call)) };
}

/** Multiply-adds of a call that might be split; 0 for any other. */
export function productsOf(call: KernelCall): number {
  const w = splittableWindow(call);
  if (w === undefined) return 0;
  const outputs = w.batches * w.out_height * w.out_width * w.out_depth;
  return outputs * w.height * w.width * (w.in_depth / channelShare(call, w));
}

function channelShare(call: KernelCall, w: Window): number {
  const sees = SPLITTABLE.get(call.kernel);
  if (sees === "one channel") return w.in_depth;
  return sees === "groups" ? extraLiterals(call)[0] : 1;
}

function splittableWindow(call: KernelCall): Window | undefined {
  const [first] = call.arguments;
  if (!SPLITTABLE.has(call.kernel) || call.parts !== undefined || first?.kind !== "literal") return undefined;
  if (typeof first.value === "number") return undefined;
  const fields = first.value.fields as unknown as Window;
  return { ...fields, whole: Boolean(fields.whole) };
}

function extraLiterals(call: KernelCall): number[] {
  return call.arguments.flatMap((a) => (a.kind === "literal" && typeof a.value === "number" ? [a.value] : []));
}

interface Range {
  readonly window: Window;
  readonly inputOffset: number;
  readonly outputOffset: number;
}

/** The call in two parts, or itself where a part would see nothing of the picture. */
function split(call: KernelCall): KernelCall {
  const window = splittableWindow(call);
  const ranges = window === undefined || window.batches !== 1 ? undefined : rangesOf(window);
  if (window === undefined || ranges === undefined) return call;
  // Both parts get what the larger one needs, so that their code can be the same.
  const sized = partOf(call, ranges[0].window);
  const bytes = scratchOf(sized);
  const second = Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
  const varying = Object.keys(window).filter((name) => differs(name as keyof Window, ranges));
  const part = ({ window: w, inputOffset, outputOffset }: Range, scratchOffset: number): CorePart => {
    const struct = { type: "smk_window_t", fields: { ...w, whole: w.whole ? 1 : 0 } };
    const shape: Argument = varying.length === 0 ? literal(struct) : { kind: "shared", value: struct, varying };
    return {
      call: { ...sized, arguments: [shape, ...sized.arguments.slice(1)] },
      inputOffset,
      outputOffset,
      scratchOffset,
    };
  };
  const parameters = call.arguments.filter(({ kind }) => kind === "parameters");
  const { bands: _, ...unbanded } = call;
  return {
    ...unbanded,
    comment: `on both cores: ${call.comment}`,
    kernel: "both",
    arguments: [
      ...parameters,
      read(readsOf(call)[0]),
      scratch(bytes === 0 ? 0 : second + bytes),
      write(writesOf(call)[0]),
    ],
    overwritable: [],
    parts: [part(ranges[0], 0), part(ranges[1], second)],
  };
}

function differs(name: keyof Window, [a, b]: readonly [Range, Range]): boolean {
  return a.window[name] !== b.window[name];
}

/** Single pixels by number, in pairs as kernels take them; else lines. */
function rangesOf(w: Window): readonly [Range, Range] | undefined {
  if (visitsPixels(w) && w.out_height === 1) {
    const first = Math.ceil(w.out_width / 4) * 2;
    const range = (from: number, count: number): Range => ({
      window: { ...w, in_width: count, out_width: count },
      inputOffset: from * w.in_depth,
      outputOffset: from * w.out_depth,
    });
    return first >= w.out_width ? undefined : [range(0, first), range(first, w.out_width - first)];
  }
  const first = Math.ceil(w.out_height / 2);
  if (first >= w.out_height) return undefined;
  const [upper, lower] = [lines(w, 0, first), lines(w, first, w.out_height - first)];
  return upper === undefined || lower === undefined ? undefined : [upper, lower];
}

/** Output lines from `first` on, with what lies above their windows cut off the picture; undefined when their windows lie outside of it. */
function lines(w: Window, first: number, count: number): Range | undefined {
  const top = first * w.stride_y - w.pad_top;
  const bottom = top + (count - 1) * w.stride_y + (w.height - 1) * w.dilation_y + 1;
  if (top >= w.in_height || bottom <= 0) return undefined;
  const cut = Math.max(0, top);
  return {
    window: { ...w, in_height: w.in_height - cut, out_height: count, pad_top: cut - top },
    inputOffset: cut * w.in_width * w.in_depth,
    outputOffset: first * w.out_width * w.out_depth,
  };
}

/** A part of the call, with the scratch that it needs: its band as alike as the whole's, the planes of fewer lines. */
function partOf(call: KernelCall, w: Window): KernelCall {
  if (isBanded(call)) {
    const count = call.bands.unit === "lines" ? w.out_height : w.out_height * w.out_width;
    return withBand(call, evenBand(count, bandOf(call)), { ...call.bands, count });
  }
  return withPlaneOf(call, w);
}
