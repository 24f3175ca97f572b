/** Ahead-of-time compiler: an Int8Graph to C11 that needs firmware/kernels and nothing else: no interpreter, no heap, one static arena. */
import { UserError } from "../../errors.js";
import { elementCount, type Int8Graph } from "../../graph/types.js";
import { type Example, type Golden, patternExample } from "../golden.js";
import { isCIdentifier } from "./escape.js";
import type { JoinLayers } from "./fuse.js";
import type { KernelCall } from "./kernel-call.js";
import type { KernelTarget } from "./lower.js";
import { LX6_HEADER } from "./lower-lx6.js";
import { type PlacedModel, placeModel } from "./place.js";
import type { ArenaPlan } from "./plan.js";
import { renderModel } from "./render.js";
import { headersOf } from "./rows.js";
import { shareCode } from "./share.js";

export interface EmitCOptions {
  /** Prefix of all names and of the files; letters, digits and underscores. Default: "model". */
  readonly prefix?: string;
  /** What the model was made from; becomes a comment, made safe. */
  readonly provenance: string;
  /** Input and output that model_self_test compares. Default: a fixed pattern and what the reference arithmetic makes of it. */
  readonly golden?: Golden;
  /** Whose kernels: portable C, or the assembly for the ESP32's LX6 where it fits a layer. The results are the same. Default: portable. */
  readonly target?: KernelTarget;
  /** Generated code calls `void sim_step(int)` after each kernel call, to be measured (src/build/xtensa-sim.ts). Default: false. */
  readonly profile?: boolean;
  /** Which layers are computed row by row together: those that lower the memory needed (default), or all that can be. */
  readonly joinLayers?: JoinLayers;
  /**
   * With target lx6: bytes of arena that its kernels may use for speed. Default: as much as the model's tensors take without sharing, which is what TFLite
   * Micro needs at least, at most 96 KB. What portable code needs is always granted.
   */
  readonly arenaLimit?: number;
  /** 2: two cores compute the rows of large convolutions together through `<prefix>_on_both`; the results are the same. Default: 1. */
  readonly cores?: 1 | 2;
  /** With two cores: multiply-adds from which on a call is worth it. Default: FEWEST_SPLIT_PRODUCTS. */
  readonly fewestSplitProducts?: number;
}

export interface EmittedC {
  /** File name -> text: `<prefix>.h` and `<prefix>.c`. */
  readonly files: Readonly<Record<string, string>>;
  /** Headers of firmware/kernels and firmware/kernels/lx6 that the source includes, directly or not, sorted. */
  readonly kernelHeaders: readonly string[];
  /** Assembly sources of firmware/kernels/lx6 that must be linked, sorted; none for portable C. */
  readonly kernelSources: readonly string[];
  /** Static working memory. */
  readonly arenaBytes: number;
  /** Constants without the golden input and output. */
  readonly weightBytes: number;
  readonly plan: ArenaPlan;
  /** The kernel calls that the source makes, in order: the steps of the arena. */
  readonly calls: readonly KernelCall[];
  /** What lies where in the arena and when: bytes, and the first and last step (kernel call) that needs it. */
  readonly arena: readonly ArenaTenant[];
}

export interface ArenaTenant {
  /** Names of the tensors that share the place; "scratch" for a kernel's own working memory. */
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** The same graph and options give the same bytes. Throws UserError for a graph that cannot be compiled. */
export function emitC(graph: Int8Graph, options: EmitCOptions): EmittedC {
  const prefix = (options.prefix ?? "model").toLowerCase();
  if (!isCIdentifier(prefix)) {
    throw new UserError(`${JSON.stringify(prefix)} cannot be the prefix of C names`, {
      remedy: "Use letters, digits and underscores, a letter first.",
    });
  }
  const { calls, storage } = planCalls(graph, options);
  const golden = options.golden === undefined ? patternExample(graph) : checkedExample(graph, options.golden);
  const { header, source, weightBytes } = renderModel({
    graph,
    calls,
    storage,
    prefix,
    provenance: options.provenance,
    golden,
    profile: options.profile ?? false,
    cores: options.cores ?? 1,
  });
  return {
    files: { [`${prefix}.h`]: header, [`${prefix}.c`]: source },
    kernelHeaders: withDependencies(calls.flatMap(headersOf)),
    kernelSources: calls.flatMap(headersOf).includes(LX6_HEADER) ? ["smk_lx6.S"] : [],
    arenaBytes: storage.plan.bytes,
    weightBytes,
    plan: storage.plan,
    calls,
    arena: storage.lifetimes.map(({ size, first, last, tensors }, i) => ({
      name: tensors.length === 0 ? "scratch" : tensors.map((tensor) => graph.tensors[tensor].name).join(", "),
      offset: storage.plan.offsets[i],
      bytes: size,
      from: first,
      to: last,
    })),
  };
}

/** The calls that emitC renders, with a place for every tensor: all that a model costs, without its text and its example. Throws as emitC does. */
export function planCalls(
  graph: Int8Graph,
  options: Pick<EmitCOptions, "target" | "cores" | "joinLayers" | "fewestSplitProducts" | "arenaLimit"> = {},
): PlacedModel {
  const { calls, storage } = placeModel(graph, {
    target: options.target ?? "portable",
    cores: options.cores ?? 1,
    fewestSplitProducts: options.fewestSplitProducts,
    join: options.joinLayers ?? "to-save-memory",
    arenaLimit: options.arenaLimit,
  });
  return { calls: shareCode(calls), storage };
}

/** What each kernel header includes of its neighbours. */
const INCLUDES: Readonly<Record<string, readonly string[]>> = {
  "smk_conv.h": ["smk_window.h", "smk_arithmetic.h"],
  "smk_depthwise.h": ["smk_conv.h", "smk_window.h", "smk_arithmetic.h"],
  "smk_pool.h": ["smk_window.h", "smk_arithmetic.h"],
  "smk_elementwise.h": ["smk_arithmetic.h"],
  "smk_softmax.h": ["smk_arithmetic.h"],
  "smk_rows.h": ["smk_arithmetic.h"],
  "smk_shape.h": ["smk_arithmetic.h"],
  "smk_sums.h": ["smk_shape.h", "smk_arithmetic.h"],
  "smk_resize.h": ["smk_arithmetic.h"],
  "smk_boundary.h": ["smk_arithmetic.h"],
  "smk_lx6.h": ["smk_window.h", "smk_arithmetic.h"],
};

function withDependencies(headers: readonly string[]): string[] {
  return [...new Set(headers.flatMap((header) => [header, ...INCLUDES[header]]))].sort();
}

function checkedExample(graph: Int8Graph, golden: Golden): Example {
  const types = [...graph.inputs, ...graph.outputs].map((index) => graph.tensors[index].type);
  if (types.length !== 2 || types.some((type) => type !== "int8")) {
    throw new UserError("the golden example is one int8 input and one int8 output, the model has others");
  }
  const input = elementCount(graph.tensors[graph.inputs[0]].shape);
  const output = elementCount(graph.tensors[graph.outputs[0]].shape);
  if (golden.input.length !== input || golden.output.length !== output) {
    throw new UserError(
      `the golden example has ${golden.input.length} inputs and ${golden.output.length} outputs, the model ${input} and ${output}`,
    );
  }
  return { inputs: [golden.input], outputs: [golden.output] };
}
