/** The work of calls that are made row by row (emit/c/rows.ts): of each kernel on its rows, and of the rows that are kept between them. */
import { type KernelCall, literal } from "../emit/c/kernel-call.js";
import { type Window, windowStruct } from "../emit/c/lower-conv.js";
import { BACKWARD_PIXELS } from "../emit/c/overlap.js";
import { bufferWindow, layoutRows, type RowLayout, takesSameRow, visitsPixels, windowOf } from "../emit/c/rows.js";
import type { Int8Graph } from "../graph/types.js";
import { type Work, workOf } from "./work.js";

export interface KernelWork {
  readonly kernel: string;
  /** Index in the graph; -1 for a copy that stands for none. */
  readonly operator: number;
  readonly work: Work;
}

/** Everything a call does, kernel by kernel. "smk_rows" is what the loops around the kernels do. */
export function kernelWorks(graph: Int8Graph, call: KernelCall): KernelWork[] {
  if (call.rows === undefined) return [{ kernel: call.kernel, operator: call.operator, work: workOf(call) }];
  const { stages } = call.rows;
  const [first] = stages;
  const window = windowOf(first);
  if (stages.length === 1 && window !== undefined && visitsPixels(window)) {
    const rows = Math.ceil((window.batches * window.in_height * window.in_width) / BACKWARD_PIXELS);
    return [
      { kernel: first.kernel, operator: first.operator, work: workOf(first) },
      { kernel: "smk_rows", operator: first.operator, work: { rows } },
    ];
  }
  const layout = layoutRows(graph, stages);
  return [
    ...layout.stages.map((stage, index) => ({
      kernel: stage.call.kernel,
      operator: stage.call.operator,
      // A sum that is taken row by row adds up what it would of the whole picture.
      work: stage.reduces
        ? workOf(stage.call)
        : { ...sum(rowWindows(layout, index).map((w) => workOf(through(stage.call, w)))), calls: 1 },
    })),
    { kernel: "smk_rows", operator: call.operator, work: loopWork(layout) },
  ];
}

/** The windows through which the kernel of a stage sees its input, row after row (emit/c/rows-text.ts). */
function rowWindows({ stages }: RowLayout, index: number): Window[] {
  const { window: w } = stages[index];
  return Array.from({ length: w.out_height }, (_, y) =>
    index > 0 ? bufferWindow(w) : { ...w, out_height: 1, pad_top: w.pad_top - y * w.stride_y },
  );
}

function through(call: KernelCall, window: Window): KernelCall {
  return { ...call, arguments: [literal(windowStruct(window)), ...call.arguments.slice(1)] };
}

/** Rows made by each stage, or filled as padding, and bytes that move up in the buffers to make room for them. */
function loopWork({ stages, buffers }: RowLayout): Work {
  const last = stages[stages.length - 1];
  const between = stages.slice(1).map((next, i): Work => {
    if (next.reduces) return { rows: next.window.in_height };
    if (takesSameRow(next)) return { rows: next.window.out_height };
    const rows = (next.window.out_height - 1) * next.window.stride_y + next.reach;
    return { rows, moved: rows * (next.reach - 1) * buffers[i].rowBytes };
  });
  return sum([...between, { rows: last.window.out_height }]);
}

function sum(works: readonly Work[]): Work {
  const total: Record<string, number> = {};
  for (const work of works) for (const [unit, count] of Object.entries(work)) total[unit] = (total[unit] ?? 0) + count;
  return total;
}
