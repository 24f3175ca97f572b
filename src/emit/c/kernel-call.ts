/**
 * The form between the graph and C text: a list of calls to the kernels of firmware/kernels. Later stages (storage.ts, render.ts) know nothing about
 * operators; lowering (lower.ts) knows nothing about addresses or text.
 */

import type { CorePart } from "./cores.js";

export type ConstantValues = Int8Array | Int32Array;

/** A constant table in flash. Equal contents are stored once. */
export interface ConstantArray {
  /** What it holds, as part of its C name: `weights`, `bias`, ... */
  readonly role: string;
  readonly values: ConstantValues;
}

/** A float32 value. */
export interface CFloat {
  readonly float: number;
}

export type FieldValue = number | CFloat | ConstantArray | CStruct | readonly number[];

/** A compound literal: the fields in the order the C struct declares them. */
export interface CStruct {
  readonly type: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

export type Argument =
  /** Known to the compiler where the kernel is called: it specialises for it. */
  | { readonly kind: "literal"; readonly value: number | CStruct }
  /** As a literal, but given at run time, so that calls share code (share.ts): the number, or of a struct the fields in `varying`. */
  | { readonly kind: "shared"; readonly value: number | CStruct; readonly varying: readonly string[] }
  /** What differs between layers of one shape: a struct in flash, passed by value to the kernel. */
  | { readonly kind: "parameters"; readonly struct: CStruct }
  | { readonly kind: "table"; readonly array: ConstantArray }
  | { readonly kind: "read"; readonly tensor: number }
  | { readonly kind: "write"; readonly tensor: number }
  /** Working memory for the time of the call. */
  | { readonly kind: "scratch"; readonly bytes: number };

/** How a call that is more than one kernel over a whole tensor goes through its output (rows.ts). */
export interface RowOrder {
  /** Kernels that each make one row at a time: the first from the call's input, the others from the rows that the one before made last. */
  readonly stages: readonly KernelCall[];
  /** From the last row (or pixel, for one kernel that looks at single pixels) to the first. */
  readonly backward: boolean;
  /** The last stage adds up the rows of the one before (reduction.ts). */
  readonly reduces: boolean;
}

/**
 * How the scratch of a kernel grows that takes its output in bands, in order, each from all of the input it needs brought into scratch first:
 * fixedBytes + band * bytesEach. The band, in pixels or lines of output, is the last number before the input.
 */
export interface Bands {
  readonly unit: "pixels" | "lines";
  readonly count: number;
  readonly fixedBytes: number;
  readonly bytesEach: number;
}

export interface KernelCall {
  /** Index of the operator it computes; -1 for a copy that stands for none. */
  readonly operator: number;
  /** One line for the reader: operator, shapes. */
  readonly comment: string;
  /** The C function, and the header in firmware/kernels that defines it. */
  readonly kernel: string;
  readonly header: string;
  readonly arguments: readonly Argument[];
  /** Tensors this call reads that it may write its result over. */
  readonly overwritable: readonly number[];
  /** Absent: the kernel takes its output at once or in steps of its own, and its scratch is what it is. */
  readonly bands?: Bands;
  /** Absent: the kernel is called once. */
  readonly rows?: RowOrder;
  /** The two ranges of output rows that two cores compute at the same time (cores.ts). Absent: one core computes it all. */
  readonly parts?: readonly [CorePart, CorePart];
}

/**
 * Calls in execution order, and tensors that are the same bytes under another shape. A tensor index beyond the graph's, tensors.length + k, is a copy
 * made for graph output k, where that is an input, a constant, or another output too.
 */
export interface LoweredModel {
  readonly calls: readonly KernelCall[];
  /** Tensor -> the tensor it is another name of. */
  readonly aliases: ReadonlyMap<number, number>;
  /** For each graph output the tensor that lies in it: no input, no constant, each once. */
  readonly outputs: readonly number[];
}

export const literal = (value: number | CStruct): Argument => ({ kind: "literal", value });
export const read = (tensor: number): Argument => ({ kind: "read", tensor });
export const write = (tensor: number): Argument => ({ kind: "write", tensor });
export const scratch = (bytes: number): Argument => ({ kind: "scratch", bytes });

export function readsOf(call: KernelCall): number[] {
  return call.arguments.flatMap((a) => (a.kind === "read" ? [a.tensor] : []));
}

export function writesOf(call: KernelCall): number[] {
  return call.arguments.flatMap((a) => (a.kind === "write" ? [a.tensor] : []));
}

export function scratchOf(call: { readonly arguments: readonly Argument[] }): number {
  return call.arguments.reduce((sum, a) => (a.kind === "scratch" ? sum + a.bytes : sum), 0);
}
