/**
 * One function for the calls of a kernel whose shapes differ, where a shape known only at run time costs next to nothing: code size against speed. What
 * all calls of the function have in common stays known to the compiler.
 */
import type { Argument, CStruct, FieldValue, KernelCall } from "./kernel-call.js";
import { windowOf } from "./rows.js";

/** Kernels that go over a number of elements alike: the number is all that differs. */
const COUNTED: ReadonlySet<string> = new Set(["smk_add", "smk_table", "smk_copy"]);
/** Products under a window from which on the loops around it cost less than a hundredth. */
const MANY_PRODUCTS = 512;

export function shareCode(calls: readonly KernelCall[]): KernelCall[] {
  const groups = new Map<string, KernelCall[]>();
  for (const call of calls) {
    const group = groupOf(call);
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), call]);
  }
  return calls.map((call) => {
    const group = groups.get(groupOf(call) ?? "") ?? [];
    const differ = new Set(group.map((member) => JSON.stringify(member.arguments[0])));
    return differ.size > 1 ? share(call, group) : call;
  });
}

/** Calls of one group can be one function: the kernel and all that stays literal are the same. */
function groupOf(call: KernelCall): string | undefined {
  if (call.rows !== undefined || call.parts !== undefined) return undefined;
  const kinds = call.arguments.slice(1).map((a) => (a.kind === "literal" ? JSON.stringify(a.value) : a.kind));
  if (COUNTED.has(call.kernel)) return [call.kernel, ...kinds].join();
  const window = windowOf(call);
  if (window === undefined || call.kernel !== "smk_conv_pairs") return undefined;
  const products = window.height * window.width * window.in_depth * window.out_depth;
  if (products < MANY_PRODUCTS) return undefined;
  const scratch = call.arguments.some((a) => a.kind === "scratch" && a.bytes > 0);
  return [call.kernel, window.height, window.width, scratch, window.whole, ...kinds].join();
}

function share(call: KernelCall, group: readonly KernelCall[]): KernelCall {
  const [first, ...others] = call.arguments;
  if (first.kind !== "literal") return call;
  const { value } = first;
  const varying = typeof value === "number" ? [] : Object.keys(value.fields).filter((name) => varies(name, group));
  const shared: Argument = { kind: "shared", value, varying };
  return { ...call, arguments: [shared, ...others] };
}

function varies(field: string, group: readonly KernelCall[]): boolean {
  const values = group.map((call): FieldValue | undefined => {
    const [first] = call.arguments;
    return first.kind === "literal" ? (first.value as CStruct).fields[field] : undefined;
  });
  return new Set(values).size > 1;
}
