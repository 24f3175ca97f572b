/** The C function of a call that is made row by row (rows.ts): the loops around its kernels. */
import type { Int8Graph } from "../../graph/types.js";
import { breakLine } from "./c-text.js";
import type { Argument, KernelCall, RowOrder } from "./kernel-call.js";
import type { Window } from "./lower-conv.js";
import { BACKWARD_PIXELS } from "./overlap.js";
import { finishText } from "./reduction.js";
import { bufferWindow, layoutRows, type RowLayout, staysInside, takesSameRow, visitsPixels, windowOf } from "./rows.js";

export interface RowFunction {
  /** `const smk_conv_t *parameters_0, ..., const int8_t *input, int8_t *scratch, int8_t *output` */
  readonly formals: string;
  readonly body: readonly string[];
}

export function rowFunction(graph: Int8Graph, call: KernelCall & { readonly rows: RowOrder }): RowFunction {
  const { stages } = call.rows;
  const parameters = stages.flatMap((stage, i) =>
    stage.arguments.flatMap((a) => (a.kind === "parameters" ? [`const ${a.struct.type} *parameters_${i}`] : [])),
  );
  const hasScratch = call.arguments.some((a) => a.kind === "scratch" && a.bytes > 0);
  const formals = [...parameters, "const int8_t *input", "int8_t *scratch", "int8_t *output"].join(", ");
  const unused = hasScratch ? [] : ["    (void)scratch;"];
  return { formals, body: [...unused, ...loops(graph, call.rows).map(textLine)] };
}

function textLine(line: string): string {
  return line === "" ? "" : breakLine(`    ${line}`);
}

function loops(graph: Int8Graph, { stages, backward }: RowOrder): string[] {
  const window = windowOf(stages[0]);
  if (stages.length === 1 && window !== undefined && visitsPixels(window)) return pixelsBackward(stages[0], window);
  const layout = layoutRows(graph, stages);
  const last = stages.length - 1;
  const { window: w } = layout.stages[last];
  if (layout.stages[last].reduces) return [...ends(layout), ...reduced(layout, last, w)];
  const loop = backward
    ? `for (int32_t y_${last} = ${w.out_height - 1}; y_${last} >= 0; y_${last}--) {`
    : `for (int32_t y_${last} = 0; y_${last} < ${w.out_height}; y_${last}++) {`;
  return [
    ...ends(layout),
    loop,
    ...indent(oneRow(layout, last, `output + y_${last} * ${w.out_width * w.out_depth}`)),
    "}",
  ];
}

/** How many rows each stage has made, where that is not the row of the stage after it. */
function ends({ buffers, stages }: RowLayout): string[] {
  const lines = buffers.flatMap((_, i) =>
    takesSameRow(stages[i + 1]) ? [] : [`int32_t y_${i} = ${-stages[i + 1].window.pad_top};`],
  );
  return lines.length > 0 ? [...lines, ""] : [];
}

/** Adds up the rows of the stage before the last. */
function reduced(layout: RowLayout, last: number, w: Window): string[] {
  const sums = scratchAt(layout.sumsOffset);
  const row = scratchAt(layout.buffers[last - 1].offset);
  const y = `y_${last - 1}`;
  return [
    `smk_sums_clear(${w.in_depth}, ${sums});`,
    `for (int32_t ${y} = 0; ${y} < ${w.in_height}; ${y}++) {`,
    ...indent([...oneRow(layout, last - 1, row), `smk_sums_add(${w.in_width}, ${w.in_depth}, ${row}, ${sums});`]),
    "}",
    finishText(layout.stages[last].call, w, sums),
  ];
}

/** Lines that make row y_<index> of a stage at `to`, after the rows before it that it needs. */
function oneRow(layout: RowLayout, index: number, to: string): string[] {
  const { call, window: w } = layout.stages[index];
  if (index === 0) {
    const padTop = `${w.pad_top} - y_0 * ${w.stride_y}`;
    return [kernelCall(layout, 0, call, windowText({ ...w, out_height: 1 }, { pad_top: padTop }), "input", to)];
  }
  const before = index - 1;
  const buffer = layout.buffers[before];
  const at = scratchAt(buffer.offset);
  const run = kernelCall(layout, index, call, windowText(bufferWindow(w), {}), at, to);
  if (takesSameRow(layout.stages[index])) {
    return [`const int32_t y_${before} = y_${index};`, "", ...oneRow(layout, before, at), run];
  }
  return [
    `for (; y_${before} < y_${index} * ${w.stride_y} + ${layout.stages[index].reach - w.pad_top}; y_${before}++) {`,
    `    int8_t *row_${before} = smk_rows_next(${at}, ${buffer.rows}, ${buffer.rowBytes});`,
    "",
    ...indent(rowOrPadding(layout, before)),
    "}",
    run,
  ];
}

/** Rows outside the picture are its zero point. */
function rowOrPadding(layout: RowLayout, before: number): string[] {
  const next = layout.stages[before + 1];
  const { window: w, call } = next;
  const make = oneRow(layout, before, `row_${before}`);
  if (staysInside(next)) return make;
  return [
    `if (y_${before} < 0 || y_${before} >= ${w.in_height}) {`,
    `    smk_fill(row_${before}, ${zeroPointOf(call)}, ${layout.buffers[before].rowBytes});`,
    "    continue;",
    "}",
    ...make,
  ];
}

function zeroPointOf(call: KernelCall): number {
  for (const a of call.arguments) {
    const value = a.kind === "parameters" ? a.struct.fields.input_zero_point : undefined;
    if (typeof value === "number") return value;
  }
  throw new TypeError(`${call.kernel} has no zero point to pad with`);
}

function pixelsBackward(stage: KernelCall, w: Window): string[] {
  const pixels = w.batches * w.in_height * w.in_width;
  const counted = { ...w, batches: 1, in_height: 1, out_height: 1 };
  const text = windowText(counted, { in_width: "count", out_width: "count" });
  const run = argumentTexts(stage, 0, text, `input + end * ${w.in_depth}`, "scratch", `output + end * ${w.out_depth}`);
  return [
    `for (int32_t end = ${pixels}; end > 0;) {`,
    `    const int32_t count = end % ${BACKWARD_PIXELS} == 0 ? ${BACKWARD_PIXELS} : end % ${BACKWARD_PIXELS};`,
    "",
    "    end -= count;",
    `    ${stage.kernel}(${run.join(", ")});`,
    "}",
  ];
}

function kernelCall(
  layout: RowLayout,
  index: number,
  call: KernelCall,
  window: string,
  from: string,
  to: string,
): string {
  const texts = argumentTexts(call, index, window, from, scratchAt(layout.kernelOffset), to);
  return `${call.kernel}(${texts.join(", ")});`;
}

function argumentTexts(
  call: KernelCall,
  index: number,
  window: string,
  from: string,
  scratch: string,
  to: string,
): string[] {
  const text = (argument: Argument, position: number): string => {
    switch (argument.kind) {
      case "literal":
        return position === 0 ? window : String(argument.value);
      case "parameters":
        return `*parameters_${index}`;
      case "read":
        return from;
      case "write":
        return to;
      case "scratch":
        return argument.bytes === 0 ? "NULL" : scratch;
      case "shared":
      case "table":
        throw new TypeError(`${call.kernel} cannot be made row by row`);
    }
  };
  return call.arguments.map(text);
}

function windowText(window: Window, replaced: Partial<Record<keyof Window, string>>): string {
  const fields = Object.entries(window).map(([name, value]) => {
    return `.${name} = ${replaced[name as keyof Window] ?? Number(value)}`;
  });
  return `(smk_window_t){${fields.join(", ")}}`;
}

function scratchAt(offset: number): string {
  return offset === 0 ? "scratch" : `scratch + ${offset}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `    ${line}`));
}
