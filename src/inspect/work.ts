/**
 * What a kernel call has to do, counted in units that its instructions grow with (kernel-costs.ts says by how many). All of it follows from the call's own
 * arguments: with another shape, band or window the estimate changes by itself.
 */
import type { CStruct, FieldValue, KernelCall } from "../emit/c/kernel-call.js";
import type { Window } from "../emit/c/lower-conv.js";
import { lx6Work } from "./work-lx6.js";
import { windowWork } from "./work-window.js";

/** Unit -> how many. */
export type Work = Readonly<Record<string, number>>;

/** Of a call of one kernel of firmware/kernels over a whole tensor. Throws TypeError for a kernel that is not described here. */
export function workOf({ kernel, arguments: passed }: KernelCall): Work {
  const values = passed.flatMap((a) => (a.kind === "literal" || a.kind === "shared" ? [a.value] : []));
  const [first, ...rest] = values;
  const numbers = rest.filter((value) => typeof value === "number");
  const work = typeof first === "number" ? countedWork(kernel, first, numbers) : structWork(kernel, first, numbers);
  if (work === undefined) throw new TypeError(`src/inspect/work.ts does not say what ${kernel} does`);
  return { calls: 1, ...work };
}

/** Kernels whose first argument is a number. */
function countedWork(kernel: string, first: number, [second, third, fourth]: readonly number[]): Work | undefined {
  switch (kernel) {
    case "smk_add":
    case "smk_sub":
    case "smk_mul":
    case "smk_table":
    case "smk_quantize":
    case "smk_dequantize":
    case "smk_dequantize_unsigned":
      return { values: first };
    case "smk_softmax":
      return { rows: first, values: first * second };
    case "smk_copy":
      return copied(1, first, []);
    case "smk_place":
      return { rows: first, ...copied(first, second, [third, fourth]) };
    default:
      return undefined;
  }
}

/** Kernels whose first argument is a struct of sizes. */
function structWork(kernel: string, { type, fields }: CStruct, numbers: readonly number[]): Work | undefined {
  if (type === "smk_window_t") {
    const window = { ...(fields as unknown as Window), whole: Boolean(fields.whole) };
    return windowWork(kernel, window, numbers) ?? lx6Work(kernel, window, numbers);
  }
  switch (kernel) {
    case "smk_add_broadcast":
    case "smk_sub_broadcast":
    case "smk_mul_broadcast": {
      const sizes = listOf(fields.size);
      return { rows: product(sizes.slice(0, -1)), values: product(sizes) };
    }
    case "smk_mean": {
      const kept = product(listOf(fields.kept));
      return { values: kept, reads: kept * product(listOf(fields.summed)) };
    }
    case "smk_pad":
      return padWork(fields);
    case "smk_gather":
      return gatherWork(fields);
    case "smk_resize_nearest": {
      const pixels = outputPixels(fields);
      return { pixels, ...copied(pixels, Number(fields.depth), []) };
    }
    case "smk_resize_bilinear":
      return { pixels: outputPixels(fields), values: outputPixels(fields) * Number(fields.depth) };
    default:
      return undefined;
  }
}

/** Rows of the two innermost dimensions are copied, all around them is filled. */
function padWork(fields: CStruct["fields"]): Work {
  const [size, before, after] = [listOf(fields.size), listOf(fields.before), listOf(fields.after)];
  const outer = size.map((n, i) => before[i] + n + after[i]);
  const rows = product(outer.slice(0, 3)) * size[3];
  return { rows, ...copied(rows, size[4], [before[4], after[4]]), filled: product(outer) - product(size) };
}

/** The innermost dimension is a run of bytes, or taken value by value. */
function gatherWork(fields: CStruct["fields"]): Work {
  const [size, step] = [listOf(fields.size), listOf(fields.step)];
  const rows = product(size.slice(0, -1));
  return step[4] === 1 ? { rows, ...copied(rows, size[4], step.slice(0, 4)) } : { rows, values: rows * size[4] };
}

/** Runs of `bytes`: whole words where these and what lies between the runs allow it. */
function copied(runs: number, bytes: number, between: readonly number[]): Work {
  return [bytes, ...between].every((n) => n % 4 === 0) ? { words: (runs * bytes) / 4 } : { bytes: runs * bytes };
}

function outputPixels({ batches, out_height, out_width }: CStruct["fields"]): number {
  return Number(batches) * Number(out_height) * Number(out_width);
}

function listOf(value: FieldValue): readonly number[] {
  if (!Array.isArray(value)) throw new TypeError("not a list of numbers");
  return value;
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}
