/**
 * Joins layers that look through windows so that what lies between them never exists as a whole, where that lowers the memory the model needs. Every
 * value is computed once, by the same kernels: the results are the same.
 */
import type { Int8Graph } from "../../graph/types.js";
import { type KernelCall, type LoweredModel, readsOf, writesOf } from "./kernel-call.js";
import { canFollow, joinRows, stageOf } from "./rows.js";
import { assignStorage, leastPerCall, type Storage } from "./storage.js";

/** Layers joined at a time: expansion, depthwise and projection of an inverted bottleneck, and one more. */
const LONGEST_CHAIN = 4;

export interface JoinedModel {
  readonly model: LoweredModel;
  readonly storage: Storage;
}

export type JoinLayers = "to-save-memory" | "wherever-possible";

/** A model that planning places no better with layers joined stays as it is, and so does one that needs no more than `enough` bytes. */
export function joinLayers(
  graph: Int8Graph,
  model: LoweredModel,
  which: JoinLayers = "to-save-memory",
  enough = 0,
): JoinedModel {
  if (which === "wherever-possible") {
    const joined = joinAll(graph, model);
    return { model: joined, storage: assignStorage(graph, joined) };
  }
  const plain = assignStorage(graph, model);
  if (plain.plan.bytes <= enough) return { model, storage: plain };
  const joined = joinWherePeaks(graph, model, enough);
  const storage = joined === model ? plain : assignStorage(graph, joined);
  return storage.plan.bytes < plain.plan.bytes ? { model: joined, storage } : { model, storage: plain };
}

function joinAll(graph: Int8Graph, model: LoweredModel): LoweredModel {
  const [run] = runs(graph, model, () => true);
  return run === undefined ? model : joinAll(graph, join(graph, model, run));
}

/** Joins what lowers the largest need until nothing does, or it is `enough`. */
function joinWherePeaks(graph: Int8Graph, model: LoweredModel, enough: number): LoweredModel {
  let current = model;
  let need = peak(leastPerCall(graph, model));
  for (;;) {
    const steps = leastPerCall(graph, current);
    const top = Math.max(...steps, 0);
    if (top <= enough) return current;
    let best: LoweredModel | undefined;
    for (const run of runs(graph, current, (step) => steps[step] === top)) {
      const candidate = join(graph, current, run);
      const reached = peak(leastPerCall(graph, candidate));
      if (less(reached, need)) [best, need] = [candidate, reached];
    }
    if (best === undefined) return current;
    current = best;
  }
}

/** The largest need, and how many calls have it: several blocks alike must each be joined before the largest falls. */
type Peak = readonly [bytes: number, calls: number];

function peak(steps: readonly number[]): Peak {
  const bytes = Math.max(...steps, 0);
  return [bytes, steps.filter((step) => step === bytes).length];
}

function less(a: Peak, b: Peak): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

/** Runs of 2 to LONGEST_CHAIN calls (indices), each the only reader of the one before, with one among them that `matters`. */
function runs(graph: Int8Graph, model: LoweredModel, matters: (step: number) => boolean): number[][] {
  const following = model.calls.map((_, step) => onlyReader(graph, model, step));
  const found: number[][] = [];
  for (let start = 0; start < model.calls.length; start++) {
    const run = [start];
    for (let next = following[start]; next !== undefined && run.length < LONGEST_CHAIN; next = following[next]) {
      run.push(next);
      if (run.some(matters)) found.push([...run]);
    }
  }
  return found;
}

/** The call that alone reads what `step` writes, when the two can be made row by row. */
function onlyReader(graph: Int8Graph, { calls, aliases }: LoweredModel, step: number): number | undefined {
  const [tensor] = writesOf(calls[step]);
  if (graph.outputs.includes(tensor) || [...aliases].some((pair) => pair.includes(tensor))) return undefined;
  const readers = calls.flatMap((call, index) => (readsOf(call).includes(tensor) ? [index] : []));
  if (readers.length !== 1 || readsOf(calls[readers[0]]).length !== 1) return undefined;
  const [before, after] = [stagesOf(calls[step]), stagesOf(calls[readers[0]])];
  if ([...before, ...after].some((call) => stageOf(graph, call) === undefined)) return undefined;
  const first = stageOf(graph, after[0]);
  const last = stageOf(graph, before[before.length - 1]);
  if (first === undefined || last === undefined || last.reduces || !canFollow(first)) return undefined;
  const [made, seen] = [last.window, first.window];
  const sameRows = made.out_height === seen.in_height && made.out_width === seen.in_width;
  return sameRows && made.out_depth === seen.in_depth ? readers[0] : undefined;
}

function stagesOf(call: KernelCall): readonly KernelCall[] {
  return call.rows?.stages ?? [call];
}

/** The calls of a run become one, at the place of the last. */
function join(graph: Int8Graph, model: LoweredModel, run: readonly number[]): LoweredModel {
  const last = run[run.length - 1];
  const call = joinRows(
    graph,
    run.map((step) => model.calls[step]),
  );
  const calls = model.calls.flatMap((other, step) => (step === last ? [call] : run.includes(step) ? [] : [other]));
  return { ...model, calls };
}
