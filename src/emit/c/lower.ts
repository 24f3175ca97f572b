/** Int8Graph to kernel calls: chooses a kernel for every operator, drops what no output needs, folds PAD into the convolution after it. */
import { UserError } from "../../errors.js";
import type { PreparedPad } from "../../graph/operators/copy.js";
import type { PreparedOperator } from "../../graph/registry.js";
import { type Int8Graph, type Operator, type OperatorKind, type Tensor, tensorBytes } from "../../graph/types.js";
import { validateGraph } from "../../graph/validate.js";
import { type KernelCall, type LoweredModel, readsOf } from "./kernel-call.js";
import {
  type ChosenKernel,
  type ExplicitPadding,
  lowerConv,
  lowerDepthwise,
  lowerFullyConnected,
} from "./lower-conv.js";
import { lowerLx6Conv, lowerLx6Depthwise, lowerLx6FullyConnected } from "./lower-lx6.js";
import {
  lowerAdd,
  lowerConcatenation,
  lowerCopy,
  lowerDequantize,
  lowerGather,
  lowerMean,
  lowerMul,
  lowerPad,
  lowerPool,
  lowerQuantizeFloat,
  lowerResize,
  lowerSoftmax,
  lowerTable,
} from "./lower-other.js";

/** Kernels of firmware/kernels, or of firmware/kernels/lx6 where those fit. */
export type KernelTarget = "portable" | "lx6";
/**
 * Kernels of every board's firmware: written for the ESP32's LX6; the ESP32-S3's LX7 has the same integer options (ESP-IDF, components/xtensa/<chip>/include/
 * xtensa/config/core-isa.h: MAC16, LOOPS, MUL32_HIGH, MINMAX, CLAMPS, SEXT, NSA), and its interrupts save MAC16's registers too (tie-asm.h there).
 */
export const BOARD_KERNELS: KernelTarget = "lx6";

/**
 * `portable`: operators (indices) that get portable kernels whatever the target. Throws UserError for a graph that is not valid or that no kernel can
 * compute.
 */
export function lowerGraph(
  graph: Int8Graph,
  target: KernelTarget = "portable",
  portable: ReadonlySet<number> = new Set(),
): LoweredModel {
  return new Lowering(graph, validateGraph(graph), target, portable).run();
}

class Lowering {
  private readonly calls: KernelCall[] = [];
  private readonly aliases = new Map<number, number>();
  private readonly needed: ReadonlySet<number>;
  private readonly foldedPads: ReadonlyMap<number, number>;

  constructor(
    private readonly graph: Int8Graph,
    private readonly prepared: readonly PreparedOperator[],
    private readonly target: KernelTarget,
    private readonly portable: ReadonlySet<number>,
  ) {
    this.needed = neededTensors(graph);
    this.foldedPads = foldablePads(graph, prepared, this.needed);
  }

  run(): LoweredModel {
    for (const [index, operator] of this.graph.operators.entries()) {
      const [output] = operator.outputs;
      if (!this.needed.has(output) || this.foldedPads.has(output)) continue;
      if (RESHAPING_KINDS.has(operator.kind)) this.reshape(operator.inputs[0], output, index);
      else for (const chosen of this.named(index)) this.add(chosen, index);
    }
    const outputs = this.graph.outputs.map((_, position) => position).reduce(this.claimOutput, []);
    return { calls: this.calls, aliases: this.aliases, outputs };
  }

  /** {@link choose}, its errors naming the operator. */
  private named(index: number): readonly ChosenKernel[] {
    try {
      return this.choose(index);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const what = `operator ${index} (${this.graph.operators[index].kind}) ${error.message}`;
      throw new UserError(what, error.remedy === undefined ? {} : { remedy: error.remedy });
    }
  }

  private choose(index: number): readonly ChosenKernel[] {
    const lx6 = this.target === "lx6" && !this.portable.has(index) ? this.chooseLx6(index) : undefined;
    return lx6 === undefined ? this.choosePortable(index) : [lx6];
  }

  /** Undefined where no assembly fits. */
  private chooseLx6(index: number): ChosenKernel | undefined {
    const p = this.prepared[index];
    const { inputs, outputs } = this.graph.operators[index];
    switch (p.kind) {
      case "CONV_2D":
        return lowerLx6Conv(p, inputs[0], outputs[0], this.padding(inputs[0]));
      case "DEPTHWISE_CONV_2D":
        return lowerLx6Depthwise(p, inputs[0], outputs[0], this.padding(inputs[0]));
      case "FULLY_CONNECTED":
        return lowerLx6FullyConnected(p, inputs[0], outputs[0]);
      default:
        return undefined;
    }
  }

  private choosePortable(index: number): readonly ChosenKernel[] {
    const p = this.prepared[index];
    const { inputs, outputs } = this.graph.operators[index];
    if (p.kind === "CONCATENATION") return lowerConcatenation(p, inputs, outputs[0]);
    return [this.chooseOne(p, inputs, outputs[0])];
  }

  private chooseOne(
    p: Exclude<PreparedOperator, { kind: "CONCATENATION" }>,
    inputs: readonly number[],
    output: number,
  ): ChosenKernel {
    const [input] = inputs;
    switch (p.kind) {
      case "CONV_2D":
        return lowerConv(p, input, output, this.padding(input));
      case "DEPTHWISE_CONV_2D":
        return lowerDepthwise(p, input, output, this.padding(input));
      case "FULLY_CONNECTED":
        return lowerFullyConnected(p, input, output);
      case "ADD":
      case "SUB":
        return lowerAdd(p, [input, inputs[1]], output);
      case "MUL":
        return lowerMul(p, [input, inputs[1]], output);
      case "AVERAGE_POOL_2D":
      case "MAX_POOL_2D":
        return lowerPool(p, input, output);
      case "MEAN":
        return lowerMean(p, input, output);
      case "PAD":
      case "PADV2":
        return lowerPad(p, input, output);
      case "SOFTMAX":
        return lowerSoftmax(p, input, output);
      case "RELU":
      case "RELU6":
      case "LEAKY_RELU":
      case "HARD_SWISH":
      case "LOGISTIC":
      case "TANH":
      case "QUANTIZE":
        return lowerTable(p, input, output);
      case "QUANTIZE_FLOAT":
        return lowerQuantizeFloat(p, input, output);
      case "DEQUANTIZE":
        return lowerDequantize(p, input, output);
      case "TRANSPOSE":
      case "STRIDED_SLICE":
        return lowerGather(p, input, output);
      case "RESIZE_NEAREST_NEIGHBOR":
      case "RESIZE_BILINEAR":
        return lowerResize(p, input, output);
      case "RESHAPE":
      case "SQUEEZE":
      case "EXPAND_DIMS":
        return lowerCopy(p.elements, input, output);
    }
  }

  private add(chosen: ChosenKernel, operator: number): void {
    const [written] = chosen.arguments.flatMap((a) => (a.kind === "write" ? [a.tensor] : []));
    const call = { operator, comment: this.describe(operator, chosen, written), ...chosen, overwritable: [] };
    const overwritable = OVERWRITING_KERNELS.has(chosen.kernel)
      ? readsOf(call).filter((tensor) => this.bytes(tensor) === this.bytes(written))
      : [];
    this.calls.push({ ...call, overwritable });
  }

  /** The same bytes under another name, unless they are not the model's to rename: from a caller's input, or a constant, to a caller's output. */
  private reshape(input: number, output: number, index: number): void {
    const root = this.root(input);
    if (this.isFixed(root) && this.graph.outputs.includes(output)) {
      this.add(lowerCopy(this.bytes(output), input, output), index);
    } else this.aliases.set(output, root);
  }

  /** Adds the tensor that lies in the next output, copied there where it is the caller's input, a constant, or lies in another output already. */
  private readonly claimOutput = (claimed: readonly number[], position: number): readonly number[] => {
    const tensor = this.graph.outputs[position];
    const root = this.root(tensor);
    if (!this.isFixed(root) && !claimed.includes(root)) return [...claimed, root];
    const copy = this.graph.tensors.length + position;
    this.add(lowerCopy(this.bytes(tensor), tensor, copy), -1);
    return [...claimed, copy];
  };

  /** Whether its bytes lie where the model must not write: in a caller's input or in a constant. */
  private isFixed(root: number): boolean {
    return this.graph.inputs.includes(root) || this.graph.tensors[root].data !== undefined;
  }

  private root(tensor: number): number {
    return this.aliases.get(tensor) ?? tensor;
  }

  private bytes(tensor: number): number {
    return tensorBytes(this.tensor(tensor));
  }

  private shape(tensor: number): readonly number[] {
    return this.tensor(tensor).shape;
  }

  private tensor(index: number): Tensor {
    const { tensors, outputs } = this.graph;
    return tensors[index < tensors.length ? index : outputs[index - tensors.length]];
  }

  private padding(input: number): ExplicitPadding | undefined {
    const index = this.foldedPads.get(input);
    if (index === undefined) return undefined;
    const pad = this.prepared[index] as PreparedPad;
    const [, height, width] = pad.inputShape;
    return { tensor: this.graph.operators[index].inputs[0], top: pad.before[1], left: pad.before[2], height, width };
  }

  private describe(operator: number, chosen: ChosenKernel, written: number): string {
    const kind = operator < 0 ? "copy" : this.graph.operators[operator].kind;
    const reads = chosen.arguments.flatMap((a) => (a.kind === "read" ? [`[${this.shape(a.tensor)}]`] : []));
    return `${kind} ${reads.join(", ")} -> [${this.shape(written)}]`;
  }
}

/** Kernels that read an element before they write the one in its place. */
const OVERWRITING_KERNELS: ReadonlySet<string> = new Set([
  "smk_add",
  "smk_add_broadcast",
  "smk_sub",
  "smk_sub_broadcast",
  "smk_mul",
  "smk_mul_broadcast",
  "smk_table",
  "smk_softmax",
  // All of a channel is read before it is written; the others are not touched.
  "smk_lx6_depthwise",
]);

/** Operators that leave the bytes as they are. */
const RESHAPING_KINDS: ReadonlySet<OperatorKind> = new Set(["RESHAPE", "SQUEEZE", "EXPAND_DIMS"]);

/** Tensors the output depends on. */
function neededTensors(graph: Int8Graph): Set<number> {
  const needed = new Set(graph.outputs);
  for (const { inputs, outputs } of [...graph.operators].reverse()) {
    if (outputs.some((tensor) => needed.has(tensor))) for (const tensor of inputs) needed.add(tensor);
  }
  return needed;
}

/** PADs with the zero point, of height and width only, that one convolution, and nothing else, reads: output tensor -> operator. */
function foldablePads(
  graph: Int8Graph,
  prepared: readonly PreparedOperator[],
  needed: ReadonlySet<number>,
): Map<number, number> {
  const pads = new Map<number, number>();
  for (const [index, p] of prepared.entries()) {
    if ((p.kind !== "PAD" && p.kind !== "PADV2") || p.inputShape.length !== 4) continue;
    const [output] = graph.operators[index].outputs;
    if (p.padValue !== graph.tensors[output].quantization?.zeroPoint[0]) continue;
    const readers = graph.operators.filter(({ inputs, outputs }) => inputs.includes(output) && needed.has(outputs[0]));
    const foreign = [p.before[0], p.after[0], p.before[3], p.after[3]].some((n) => n !== 0);
    if (!foreign && readers.length === 1 && isConvolution(readers[0]) && !graph.outputs.includes(output)) {
      pads.set(output, index);
    }
  }
  return pads;
}

function isConvolution({ kind }: Operator): boolean {
  return kind === "CONV_2D" || kind === "DEPTHWISE_CONV_2D";
}
