/**
 * MEAN over height and width, and AVERAGE_POOL_2D over the whole picture, as the end of layers made row by row (rows.ts): each row is added to one sum
 * per channel as soon as it is made, so that the picture never exists. The same sums of the same values: the results are the same.
 */
import type { Int8Graph } from "../../graph/types.js";
import { structInitializer } from "./c-text.js";
import { type CStruct, type KernelCall, readsOf } from "./kernel-call.js";
import type { Window } from "./lower-conv.js";

/** The picture it reduces, as a window that moves by one row; undefined for any other call. */
export function reductionWindow(graph: Int8Graph, call: KernelCall): Window | undefined {
  const [first] = call.arguments;
  const [batches, height, width, depth] = graph.tensors[readsOf(call)[0]]?.shape ?? [];
  if (first?.kind !== "literal" || typeof first.value === "number" || batches !== 1 || depth === undefined)
    return undefined;
  const whole =
    call.kernel === "smk_mean" ? sumsPicture(first.value, height * width, depth) : seesAll(call, first.value);
  if (!whole || height * width === 1) return undefined;
  const input = { batches: 1, in_height: height, in_width: width, in_depth: depth };
  const output = { out_height: 1, out_width: 1, out_depth: depth };
  const rest = { stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1, pad_top: 0, pad_left: 0, whole: true };
  return { ...input, ...output, height: 1, width, ...rest };
}

function sumsPicture({ fields }: CStruct, pixels: number, depth: number): boolean {
  const { kept, summed, summed_step: step } = fields as unknown as Readonly<Record<string, readonly number[]>>;
  return kept.join() === [1, 1, depth].join() && summed.join() === [1, 1, pixels].join() && step[2] === depth;
}

function seesAll(call: KernelCall, { fields }: CStruct): boolean {
  if (call.kernel !== "smk_average_pool") return false;
  const w = fields as unknown as Window;
  const inside = w.pad_top === 0 && w.pad_left === 0 && w.height === w.in_height && w.width === w.in_width;
  return inside && w.out_height === 1 && w.out_width === 1;
}

/** Bytes of the sums. */
export function sumBytes(w: Window): number {
  return 4 * w.in_depth;
}

/** The C statement that turns the sums at `sums` into the call's output. */
export function finishText(call: KernelCall, w: Window, sums: string): string {
  const [, second, third] = call.arguments;
  const text = (a: typeof second) =>
    a.kind !== "literal"
      ? ""
      : typeof a.value === "number"
        ? String(a.value)
        : `(${a.value.type})${structInitializer(a.value, noTables)}`;
  return call.kernel === "smk_mean"
    ? `smk_sums_mean(${w.in_depth}, ${text(second)}, ${sums}, output);`
    : `smk_sums_average(${w.in_depth}, ${w.in_height * w.in_width}, ${text(second)}, ${text(third)}, ${sums}, output);`;
}

function noTables(): never {
  throw new TypeError("a literal struct holds no tables");
}
