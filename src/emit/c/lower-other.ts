/**
 * What has no weights, to the kernels of smk_pool.h, smk_elementwise.h, smk_softmax.h, smk_shape.h, smk_resize.h and smk_boundary.h.
 */
import { UserError } from "../../errors.js";
import type { PreparedUnary } from "../../graph/operators/unary.js";
import type { PreparedOperator } from "../../graph/registry.js";
import { type Argument, type CStruct, literal, read, write } from "./kernel-call.js";
import { type ChosenKernel, imageWindow, outputStruct, windowStruct } from "./lower-conv.js";

type Prepared<Kind extends PreparedOperator["kind"]> = Extract<PreparedOperator, { kind: Kind }>;

export function lowerPool(p: Prepared<"AVERAGE_POOL_2D" | "MAX_POOL_2D">, input: number, output: number): ChosenKernel {
  return {
    kernel: p.kind === "MAX_POOL_2D" ? "smk_max_pool" : "smk_average_pool",
    header: "smk_pool.h",
    arguments: [
      literal(windowStruct(imageWindow(p))),
      literal(p.activationMin),
      literal(p.activationMax),
      read(input),
      write(output),
    ],
  };
}

/** Which inputs have the output's shape is for the caller to say: those may be overwritten. */
export function lowerAdd(p: Prepared<"ADD" | "SUB">, inputs: readonly [number, number], output: number): ChosenKernel {
  const addend = (i: 0 | 1): CStruct => ({
    type: "smk_addend_t",
    fields: {
      offset: p.inputOffsets[i],
      multiplier: p.inputMultipliers[i].multiplier,
      shift: -p.inputMultipliers[i].shift,
    },
  });
  const struct: CStruct = {
    type: "smk_add_t",
    fields: {
      a: addend(0),
      b: addend(1),
      multiplier: p.outputMultiplier.multiplier,
      shift: -p.outputMultiplier.shift,
      output: outputStruct(p.outputOffset, p.activationMin, p.activationMax),
    },
  };
  return binary(p, p.kind === "SUB" ? "smk_sub" : "smk_add", struct, inputs, output);
}

export function lowerMul(p: Prepared<"MUL">, inputs: readonly [number, number], output: number): ChosenKernel {
  const struct: CStruct = {
    type: "smk_mul_t",
    fields: {
      offset_a: p.inputOffsets[0],
      offset_b: p.inputOffsets[1],
      multiplier: p.multiplier,
      shift: p.shift,
      output: outputStruct(p.outputOffset, p.activationMin, p.activationMax),
    },
  };
  return binary(p, "smk_mul", struct, inputs, output);
}

function binary(
  p: Prepared<"ADD" | "SUB" | "MUL">,
  kernel: string,
  struct: CStruct,
  inputs: readonly [number, number],
  output: number,
): ChosenKernel {
  const dimensions = mergeBroadcast(p.outputShape, p.strides);
  const whole = dimensions.every((d) => d.size === 1 || (d.a !== 0 && d.b !== 0));
  const count = dimensions.reduce((product, d) => product * d.size, 1);
  return {
    kernel: whole ? kernel : `${kernel}_broadcast`,
    header: "smk_elementwise.h",
    arguments: [
      literal(whole ? count : broadcastStruct(dimensions)),
      { kind: "parameters", struct },
      read(inputs[0]),
      read(inputs[1]),
      write(output),
    ],
  };
}

interface BroadcastDimension {
  readonly size: number;
  readonly a: number;
  readonly b: number;
}

/** Drops dimensions of one element and joins neighbours that both inputs step through evenly. Outermost first. */
function mergeBroadcast(
  shape: readonly number[],
  strides: readonly [readonly number[], readonly number[]],
): BroadcastDimension[] {
  const merged: BroadcastDimension[] = [];
  for (let i = 0; i < shape.length; i++) {
    const inner = { size: shape[i], a: strides[0][i], b: strides[1][i] };
    if (inner.size === 1) continue;
    const outer = merged.at(-1);
    if (outer !== undefined && outer.a === inner.a * inner.size && outer.b === inner.b * inner.size) {
      merged[merged.length - 1] = { ...inner, size: outer.size * inner.size };
    } else merged.push(inner);
  }
  return merged;
}

const BROADCAST_RANK = 6;

function broadcastStruct(dimensions: readonly BroadcastDimension[]): CStruct {
  if (dimensions.length > BROADCAST_RANK) {
    throw new UserError(`broadcasts along ${dimensions.length} dimensions, more than ${BROADCAST_RANK}`, {
      remedy: "Reshape the operands to fewer dimensions.",
    });
  }
  const lead = BROADCAST_RANK - dimensions.length;
  const all = [...Array.from({ length: lead }, () => ({ size: 1, a: 0, b: 0 })), ...dimensions];
  return {
    type: "smk_broadcast_t",
    fields: { size: all.map((d) => d.size), step_a: all.map((d) => d.a), step_b: all.map((d) => d.b) },
  };
}

export function lowerTable(p: PreparedUnary, input: number, output: number): ChosenKernel {
  return {
    kernel: "smk_table",
    header: "smk_elementwise.h",
    arguments: [
      literal(p.elements),
      { kind: "table", array: { role: "table", values: p.table } },
      read(input),
      write(output),
    ],
  };
}

/** Only the part of the exp table that counts is stored. */
export function lowerSoftmax(p: Prepared<"SOFTMAX">, input: number, output: number): ChosenKernel {
  const used = Math.min(256, 1 - p.diffMin);
  return {
    kernel: "smk_softmax",
    header: "smk_softmax.h",
    arguments: [
      literal(p.rows),
      literal(p.depth),
      { kind: "table", array: { role: "exps", values: p.expTable.subarray(0, used) } },
      literal(used),
      read(input),
      write(output),
    ],
  };
}

const REDUCTION_RANK = 3;

interface ReducedDimension {
  readonly size: number;
  readonly step: number;
}

export function lowerMean(p: Prepared<"MEAN">, input: number, output: number): ChosenKernel {
  const { kept, summed } = splitDimensions(p.inputShape, p.axes);
  const parameters: CStruct = {
    type: "smk_mean_t",
    fields: {
      sum_offset: p.sumOffset,
      multiplier: p.multiplier,
      shift: p.shift,
      output: outputStruct(p.outputOffset, -128, 127),
    },
  };
  return {
    kernel: "smk_mean",
    header: "smk_shape.h",
    arguments: [
      literal({ type: "smk_reduction_t", fields: { ...fill("kept", kept), ...fill("summed", summed) } }),
      literal(parameters),
      read(input),
      write(output),
    ],
  };
}

/** Kept and summed dimensions, outermost first, neighbours of one kind joined. */
function splitDimensions(
  shape: readonly number[],
  axes: readonly number[],
): { kept: ReducedDimension[]; summed: ReducedDimension[] } {
  const kept: ReducedDimension[] = [];
  const summed: ReducedDimension[] = [];
  let step = 1;
  let previous: ReducedDimension[] | undefined;
  for (let i = shape.length - 1; i >= 0; i--) {
    const list = axes.includes(i) ? summed : kept;
    if (shape[i] !== 1) {
      if (previous === list) list[0] = { size: list[0].size * shape[i], step: list[0].step };
      else list.unshift({ size: shape[i], step });
      previous = list;
    }
    step *= shape[i];
  }
  return { kept, summed };
}

function fill(name: "kept" | "summed", dimensions: readonly ReducedDimension[]): Record<string, number[]> {
  if (dimensions.length > REDUCTION_RANK) {
    throw new UserError(`alternates between kept and reduced dimensions more than ${REDUCTION_RANK} times`, {
      remedy: "Transpose or reshape the tensor so that reduced dimensions are neighbours.",
    });
  }
  const lead = REDUCTION_RANK - dimensions.length;
  const all = [...Array.from({ length: lead }, () => ({ size: 1, step: 0 })), ...dimensions];
  return { [name]: all.map((d) => d.size), [`${name}_step`]: all.map((d) => d.step) };
}

const PAD_RANK = 5;

export function lowerPad(p: Prepared<"PAD" | "PADV2">, input: number, output: number): ChosenKernel {
  const lead = new Array<number>(PAD_RANK - p.inputShape.length);
  const struct: CStruct = {
    type: "smk_padding_t",
    fields: {
      size: [...lead.fill(1), ...p.inputShape],
      before: [...lead.fill(0), ...p.before],
      after: [...lead.fill(0), ...p.after],
    },
  };
  return {
    kernel: "smk_pad",
    header: "smk_shape.h",
    arguments: [literal(struct), literal(p.padValue), read(input), write(output)],
  };
}

export function lowerCopy(count: number, input: number, output: number): ChosenKernel {
  return { kernel: "smk_copy", header: "smk_shape.h", arguments: [literal(count), read(input), write(output)] };
}

/** One call per input: each copies its rows to their places in the output. */
export function lowerConcatenation(
  p: Prepared<"CONCATENATION">,
  inputs: readonly number[],
  output: number,
): ChosenKernel[] {
  const step = p.widths.reduce((sum, width) => sum + width, 0);
  let offset = 0;
  return inputs.map((input, i) => {
    const width = p.widths[i];
    offset += width;
    return {
      kernel: "smk_place",
      header: "smk_shape.h",
      arguments: [literal(p.rows), literal(width), literal(step), literal(offset - width), read(input), write(output)],
    };
  });
}

const GATHER_RANK = 5;

export function lowerGather(p: Prepared<"TRANSPOSE" | "STRIDED_SLICE">, input: number, output: number): ChosenKernel {
  const dimensions = mergeSteps(p.sizes, p.steps);
  const lead = Array.from({ length: GATHER_RANK - dimensions.length }, () => ({ size: 1, step: 0 }));
  const all = [...lead, ...dimensions];
  const struct: CStruct = {
    type: "smk_gather_t",
    fields: { start: p.start, size: all.map((d) => d.size), step: all.map((d) => d.step) },
  };
  return { kernel: "smk_gather", header: "smk_shape.h", arguments: [literal(struct), read(input), write(output)] };
}

/** Drops dimensions of one element and joins neighbours that lie evenly. Outermost first. */
function mergeSteps(sizes: readonly number[], steps: readonly number[]): ReducedDimension[] {
  const merged: ReducedDimension[] = [];
  for (const [i, size] of sizes.entries()) {
    if (size === 1) continue;
    const step = steps[i];
    const outer = merged.at(-1);
    if (outer?.step === step * size) merged[merged.length - 1] = { size: outer.size * size, step };
    else merged.push({ size, step });
  }
  return merged;
}

export function lowerResize(
  p: Prepared<"RESIZE_NEAREST_NEIGHBOR" | "RESIZE_BILINEAR">,
  input: number,
  output: number,
): ChosenKernel {
  const geometry: CStruct = {
    type: "smk_resize_t",
    fields: {
      batches: p.batches,
      in_height: p.inputH,
      in_width: p.inputW,
      depth: p.depth,
      out_height: p.outputH,
      out_width: p.outputW,
    },
  };
  const nearest = p.kind === "RESIZE_NEAREST_NEIGHBOR";
  return {
    kernel: nearest ? "smk_resize_nearest" : "smk_resize_bilinear",
    header: "smk_resize.h",
    arguments: [literal(geometry), nearest ? nearestTables(p) : literal(bilinearStruct(p)), read(input), write(output)],
  };
}

function nearestTables(p: Prepared<"RESIZE_NEAREST_NEIGHBOR">): Argument {
  const tables = {
    rows: { role: "rows", values: p.rows },
    columns: { role: "columns", values: p.columns },
  };
  return { kind: "parameters", struct: { type: "smk_nearest_t", fields: tables } };
}

function bilinearStruct(p: Prepared<"RESIZE_BILINEAR">): CStruct {
  return {
    type: "smk_bilinear_t",
    fields: { scale_y: p.scaleH, scale_x: p.scaleW, offset_y: p.offsetH, offset_x: p.offsetW },
  };
}

export function lowerQuantizeFloat(p: Prepared<"QUANTIZE_FLOAT">, input: number, output: number): ChosenKernel {
  return boundary("smk_quantize", p, [literal(p.zeroPoint)], input, output);
}

export function lowerDequantize(p: Prepared<"DEQUANTIZE">, input: number, output: number): ChosenKernel {
  const kernel = p.unsigned ? "smk_dequantize_unsigned" : "smk_dequantize";
  return boundary(kernel, p, [literal(p.zeroPoint)], input, output);
}

function boundary(
  kernel: string,
  p: { readonly elements: number; readonly scale: number },
  rest: readonly Argument[],
  input: number,
  output: number,
): ChosenKernel {
  const scale: CStruct = { type: "smk_scale_t", fields: { value: { float: p.scale } } };
  return {
    kernel,
    header: "smk_boundary.h",
    arguments: [literal(p.elements), literal(scale), ...rest, read(input), write(output)],
  };
}
