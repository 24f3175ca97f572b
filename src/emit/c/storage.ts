/**
 * Decides where every tensor lives while a lowered model runs: in the caller's input or output, in a constant, or at an offset of the arena.
 * Tensors share a place when one is another's reshape, or when a kernel may write its result over an input that nothing reads afterwards.
 */
import { type Int8Graph, tensorBytes } from "../../graph/types.js";
import { type LoweredModel, readsOf, scratchOf, writesOf } from "./kernel-call.js";
import { distancesOf } from "./overlap.js";
import { type ArenaPlan, type Lifetime, leastAt, liveAt, type Overlap, planArena } from "./plan.js";

export type Place =
  | { readonly kind: "input"; readonly position: number }
  | { readonly kind: "output"; readonly position: number }
  | { readonly kind: "constant"; readonly values: Int8Array }
  | { readonly kind: "arena"; readonly offset: number };

export interface Storage {
  readonly plan: ArenaPlan;
  /** For each lifetime of the plan, which tensors it holds; empty for scratch. */
  readonly lifetimes: readonly (Lifetime & { readonly tensors: readonly number[] })[];
  place(tensor: number): Place;
  /** Arena offset of the scratch of call `index`. */
  scratchOffset(index: number): number;
  /** Whether call `index` must go from its last row to its first: its output lies above the input that it partly writes over. */
  goesBackward(index: number): boolean;
}

/** An output that may lie partly over the input that call `step` consumes. */
interface StepOverlap extends Overlap {
  readonly step: number;
}

export function assignStorage(graph: Int8Graph, model: LoweredModel): Storage {
  const { buffers, inArena, scratch, overlaps } = tenants(graph, model);
  const lifetimes = [...inArena, ...scratch];
  const plan = planSparingly(lifetimes, overlaps);
  const offsetOf = new Map(inArena.map(({ root }, i) => [root, plan.offsets[i]]));
  const scratchOffsets = new Map(scratch.map(({ step }, i) => [step, plan.offsets[inArena.length + i]]));
  const backward = new Set(
    overlaps.flatMap(({ input, output, down, step }) => {
      const distance = plan.offsets[output] - plan.offsets[input];
      const apart = distance >= lifetimes[input].size || -distance >= Math.min(down, lifetimes[output].size);
      return apart ? [] : [step];
    }),
  );
  return {
    plan,
    lifetimes: lifetimes.map(({ size, first, last, tensors }) => ({ size, first, last, tensors })),
    place: (tensor) => buffers.place(tensor, offsetOf),
    scratchOffset: (index) => scratchOffsets.get(index) ?? 0,
    goesBackward: (index) => backward.has(index),
  };
}

/** No overlaps, then none that go backward (which takes a loop more), unless they save memory. */
function planSparingly(lifetimes: readonly Lifetime[], overlaps: readonly Overlap[]): ArenaPlan {
  const forward = overlaps.map((overlap) => ({ ...overlap, up: Number.POSITIVE_INFINITY }));
  const plans = [[], forward, overlaps].map((allowed) => planArena(lifetimes, undefined, allowed));
  const bytes = Math.min(...plans.map((plan) => plan.bytes));
  const { lowerBound } = plans[2];
  return { ...(plans.find((plan) => plan.bytes === bytes) ?? plans[2]), lowerBound };
}

/** The least bytes that the arena needs at each call, without alignment (plan.ts: leastAt). */
export function leastPerCall(graph: Int8Graph, model: LoweredModel): number[] {
  const { inArena, scratch, overlaps } = tenants(graph, model);
  const lifetimes = [...inArena, ...scratch];
  return model.calls.map((_, step) => leastAt(lifetimes, overlaps, step));
}

/**
 * The largest sum of sizes of tensors alive at one call when each has a place of its own, the model's inputs and outputs among them, in bytes. No planner
 * does with less that keeps all of them and shares none, TFLite Micro's among them.
 */
export function unsharedPeak(graph: Int8Graph, model: LoweredModel): number {
  const uses = new Map<number, number[]>();
  for (const [step, call] of model.calls.entries()) {
    for (const tensor of [...readsOf(call), ...writesOf(call)]) {
      const root = model.aliases.get(tensor) ?? tensor;
      if (graph.tensors[root]?.data === undefined) uses.set(root, [...(uses.get(root) ?? []), step]);
    }
  }
  const lifetimes = [...uses].map(([root, steps]) => {
    const tensor = graph.tensors[root < graph.tensors.length ? root : graph.outputs[root - graph.tensors.length]];
    return { size: tensorBytes(tensor), first: Math.min(...steps), last: Math.max(...steps) };
  });
  return Math.max(0, ...model.calls.map((_, step) => liveAt(lifetimes, step)));
}

function tenants(graph: Int8Graph, model: LoweredModel) {
  const buffers = new Buffers(graph, model);
  buffers.overwriteDeadInputs();
  const inArena = buffers.arenaLifetimes();
  const scratch = model.calls.flatMap((call, step) =>
    scratchOf(call) > 0 ? [{ size: scratchOf(call), first: step, last: step, tensors: [], step }] : [],
  );
  const overlaps = model.calls.flatMap((call, step): StepOverlap[] => {
    const [input, ...others] = readsOf(call).map((tensor) => inArena.findIndex((b) => buffers.holds(b.root, tensor)));
    const output = inArena.findIndex((b) => buffers.holds(b.root, writesOf(call)[0]));
    if (input < 0 || output < 0 || input === output || others.length > 0) return [];
    const consumed = inArena[input].last === step && inArena[output].first === step;
    const distances = consumed ? distancesOf(graph, call) : undefined;
    return distances === undefined ? [] : [{ input, output, step, ...distances }];
  });
  return { buffers, inArena, scratch, overlaps };
}

/** Tensors joined into buffers (union-find), with the steps at which each buffer is in use. */
class Buffers {
  private readonly parents = new Map<number, number>();
  constructor(
    private readonly graph: Int8Graph,
    private readonly model: LoweredModel,
  ) {
    for (const [alias, tensor] of model.aliases) this.join(alias, tensor);
  }

  /** Joins a call's result with an input that dies there. The first that fits is as good as any: each frees the same bytes. */
  overwriteDeadInputs(): void {
    for (const [step, call] of this.model.calls.entries()) {
      const [written] = writesOf(call);
      const dead = call.overwritable.find((tensor) => this.isWritable(tensor) && this.lastUse(tensor) === step);
      if (dead !== undefined && this.root(dead) !== this.root(written)) this.join(written, dead);
    }
  }

  arenaLifetimes(): (Lifetime & { readonly root: number; readonly tensors: number[] })[] {
    const members = new Map<number, number[]>();
    for (const tensor of new Set(this.model.calls.flatMap(writesOf))) {
      const root = this.root(tensor);
      if (this.place(tensor, undefined).kind !== "arena") continue;
      members.set(root, [...(members.get(root) ?? []), tensor]);
    }
    return [...members].map(([root, tensors]) => {
      const uses = this.uses(root);
      const size = tensorBytes(this.graph.tensors[tensors[0]]);
      return { root, tensors, size, first: Math.min(...uses), last: Math.max(...uses) };
    });
  }

  place(tensor: number, offsets: ReadonlyMap<number, number> | undefined): Place {
    const root = this.root(tensor);
    const output = this.model.outputs.findIndex((written) => this.root(written) === root);
    if (output >= 0) return { kind: "output", position: output };
    const input = this.graph.inputs.findIndex((read) => this.root(read) === root);
    if (input >= 0) return { kind: "input", position: input };
    const values = this.constantIn(root);
    return values === undefined ? { kind: "arena", offset: offsets?.get(root) ?? 0 } : { kind: "constant", values };
  }

  holds(root: number, tensor: number): boolean {
    return this.root(tensor) === root;
  }

  private constantIn(root: number): Int8Array | undefined {
    // Aliases point at the tensor that holds the bytes, so a constant is the root of its buffer.
    const data = this.graph.tensors[root]?.data;
    return data instanceof Int8Array ? data : undefined;
  }

  private isWritable(tensor: number): boolean {
    const { kind } = this.place(tensor, undefined);
    return kind === "arena";
  }

  private lastUse(tensor: number): number {
    return Math.max(...this.uses(this.root(tensor)));
  }

  private uses(root: number): number[] {
    return this.model.calls.flatMap((call, step) =>
      [...readsOf(call), ...writesOf(call)].some((tensor) => this.root(tensor) === root) ? [step] : [],
    );
  }

  private root(tensor: number): number {
    let root = tensor;
    for (let parent = this.parents.get(root); parent !== undefined; parent = this.parents.get(root)) root = parent;
    return root;
  }

  private join(tensor: number, into: number): void {
    this.parents.set(this.root(tensor), this.root(into));
  }
}
