/**
 * A table after a kernel that clamps, when over the values that the kernel gives the table is no more than a tighter clamp (RELU and RELU6 with equal
 * scales on both sides): the kernel clamps tighter, the table and the tensor between them go.
 */
import type { Int8Graph } from "../../graph/types.js";
import {
  type Argument,
  type CStruct,
  type KernelCall,
  type LoweredModel,
  literal,
  readsOf,
  writesOf,
} from "./kernel-call.js";

interface Range {
  readonly low: number;
  readonly high: number;
}

export function foldActivations(graph: Int8Graph, model: LoweredModel): LoweredModel {
  let calls: readonly KernelCall[] = model.calls;
  for (const table of model.calls.filter(({ kernel }) => kernel === "smk_table")) {
    calls = foldTable(graph, { ...model, calls }, table);
  }
  return { ...model, calls };
}

function foldTable(graph: Int8Graph, { calls, aliases }: LoweredModel, table: KernelCall): readonly KernelCall[] {
  const [tensor] = readsOf(table);
  const producer = calls.find((call) => writesOf(call)[0] === tensor);
  const readers = calls.filter((call) => readsOf(call).includes(tensor));
  const renamed = [...aliases].some((pair) => pair.includes(tensor));
  if (producer === undefined || readers.length !== 1 || renamed || graph.outputs.includes(tensor)) return calls;
  const range = rangeOf(producer);
  const tighter = range && clampThat(tableOf(table), range);
  if (tighter === undefined) return calls;
  const folded = {
    ...producer,
    comment: `${producer.comment}, clamped`,
    arguments: producer.arguments.map((a, position) =>
      POOLS.has(producer.kernel) && a.kind === "literal" && position > 0
        ? literal(position === 1 ? tighter.low : tighter.high)
        : tighten(a, tighter, writesOf(table)[0]),
    ),
  };
  return calls.flatMap((call) => (call === producer ? [folded] : call === table ? [] : [call]));
}

function tableOf(call: KernelCall): ArrayLike<number> {
  const table = call.arguments.find(({ kind }) => kind === "table");
  return table?.kind === "table" ? table.array.values : [];
}

/** The clamp that equals the table on all of the range; undefined when none does. */
function clampThat(table: ArrayLike<number>, { low, high }: Range): Range | undefined {
  const [newLow, newHigh] = [table[low + 128], table[high + 128]];
  for (let value = low; value <= high; value++) {
    if (table[value + 128] !== Math.min(Math.max(value, newLow), newHigh)) return undefined;
  }
  return { low: newLow, high: newHigh };
}

const POOLS: ReadonlySet<string> = new Set(["smk_average_pool", "smk_max_pool"]);

/** What values the kernel's clamp lets through; undefined for kernels that have none. */
function rangeOf(call: KernelCall): Range | undefined {
  if (POOLS.has(call.kernel)) {
    const [, low, high] = call.arguments.map((a) => (a.kind === "literal" ? a.value : undefined));
    return typeof low === "number" && typeof high === "number" ? { low, high } : undefined;
  }
  for (const a of call.arguments) {
    const output = a.kind === "parameters" ? a.struct.fields.output : undefined;
    if (output !== undefined && isOutput(output)) {
      return { low: Number(output.fields.low), high: Number(output.fields.high) };
    }
  }
  return undefined;
}

function isOutput(value: unknown): value is CStruct {
  return typeof value === "object" && value !== null && "type" in value && value.type === "smk_output_t";
}

function tighten(a: Argument, range: Range, tensor: number): Argument {
  if (a.kind === "write") return { ...a, tensor };
  if (a.kind === "parameters" && isOutput(a.struct.fields.output)) {
    const { output } = a.struct.fields;
    const fields = { ...a.struct.fields, output: { ...output, fields: { ...output.fields, ...range } } };
    return { ...a, struct: { ...a.struct, fields } };
  }
  return a;
}
