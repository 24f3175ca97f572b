/** Int8Graph to kernel calls: chooses a kernel for every operator, drops what no output needs, folds PAD into the convolution after it. */
import { UserError } from "../../errors.js";
import type { PreparedOperator } from "../../graph/registry.js";
import { elementCount, type Int8Graph, type Operator } from "../../graph/types.js";
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
import { lowerAdd, lowerCopy, lowerMean, lowerPad, lowerPool, lowerSoftmax, lowerTable } from "./lower-other.js";

/** Kernels of firmware/kernels, or of firmware/kernels/lx6 where those fit. */
export type KernelTarget = "portable" | "lx6";

/** Throws UserError for a graph that is not valid, has more than one input or output, or that no kernel can compute. */
export function lowerGraph(graph: Int8Graph, target: KernelTarget = "portable"): LoweredModel {
  const prepared = validateGraph(graph);
  if (graph.inputs.length !== 1 || graph.outputs.length !== 1) {
    throw new UserError(`the model has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs`, {
      where: graph.name,
      remedy: "Export a model with one input and one output.",
    });
  }
  return new Lowering(graph, prepared, target).run();
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
  ) {
    this.needed = neededTensors(graph);
    this.foldedPads = foldablePads(graph, prepared, this.needed);
  }

  run(): LoweredModel {
    for (const [index, operator] of this.graph.operators.entries()) {
      const [output] = operator.outputs;
      if (!this.needed.has(output) || this.foldedPads.has(output)) continue;
      if (operator.kind === "RESHAPE") this.reshape(operator.inputs[0], output, index);
      else this.add(this.choose(index), index);
    }
    this.copyUncomputedOutput();
    return { calls: this.calls, aliases: this.aliases };
  }

  private choose(index: number): ChosenKernel {
    return (this.target === "lx6" ? this.chooseLx6(index) : undefined) ?? this.choosePortable(index);
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

  private choosePortable(index: number): ChosenKernel {
    const p = this.prepared[index];
    const { inputs, outputs } = this.graph.operators[index];
    const [input] = inputs;
    const [output] = outputs;
    switch (p.kind) {
      case "CONV_2D":
        return lowerConv(p, input, output, this.padding(input));
      case "DEPTHWISE_CONV_2D":
        return lowerDepthwise(p, input, output, this.padding(input));
      case "FULLY_CONNECTED":
        return lowerFullyConnected(p, input, output);
      case "ADD":
        return lowerAdd(p, [input, inputs[1]], output);
      case "AVERAGE_POOL_2D":
      case "MAX_POOL_2D":
        return lowerPool(p, input, output);
      case "MEAN":
        return lowerMean(p, input, output);
      case "PAD":
        return lowerPad(p, input, output);
      case "SOFTMAX":
        return lowerSoftmax(p, input, output);
      case "RELU":
      case "RELU6":
      case "LOGISTIC":
      case "QUANTIZE":
        return lowerTable(p, input, output);
      case "RESHAPE":
        return lowerCopy(p.elements, input, output);
    }
  }

  private add(chosen: ChosenKernel, operator: number): void {
    const [written] = chosen.arguments.flatMap((a) => (a.kind === "write" ? [a.tensor] : []));
    const call = { operator, comment: this.describe(operator, chosen, written), ...chosen, overwritable: [] };
    const overwritable = OVERWRITING_KERNELS.has(chosen.kernel)
      ? readsOf(call).filter((tensor) => this.elements(tensor) === this.elements(written))
      : [];
    this.calls.push({ ...call, overwritable });
  }

  /** The same bytes under another name, unless they are not the model's to rename: from the caller's input, or a constant, to the caller's output. */
  private reshape(input: number, output: number, index: number): void {
    const root = this.root(input);
    const fixed = root === this.graph.inputs[0] || this.graph.tensors[root].data !== undefined;
    if (fixed && output === this.graph.outputs[0]) this.add(lowerCopy(this.elements(output), input, output), index);
    else this.aliases.set(output, root);
  }

  /** A graph whose output is its input, a constant, or computed under another name from one of them. */
  private copyUncomputedOutput(): void {
    const [output] = this.graph.outputs;
    const fixed = output === this.graph.inputs[0] || this.graph.tensors[output].data !== undefined;
    if (fixed) this.add(lowerCopy(this.elements(output), output, this.graph.tensors.length), -1);
  }

  private root(tensor: number): number {
    return this.aliases.get(tensor) ?? tensor;
  }

  private elements(tensor: number): number {
    return elementCount(this.shape(tensor));
  }

  private shape(tensor: number): readonly number[] {
    return this.graph.tensors[tensor < this.graph.tensors.length ? tensor : this.graph.outputs[0]].shape;
  }

  private padding(input: number): ExplicitPadding | undefined {
    const index = this.foldedPads.get(input);
    if (index === undefined) return undefined;
    const pad = this.prepared[index] as Extract<PreparedOperator, { kind: "PAD" }>;
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
const OVERWRITING_KERNELS: ReadonlySet<string> = new Set(["smk_add", "smk_add_broadcast", "smk_table", "smk_softmax"]);

/** Tensors the output depends on. */
function neededTensors(graph: Int8Graph): Set<number> {
  const needed = new Set(graph.outputs);
  for (const { inputs, outputs } of [...graph.operators].reverse()) {
    if (outputs.some((tensor) => needed.has(tensor))) for (const tensor of inputs) needed.add(tensor);
  }
  return needed;
}

/** PADs of height and width only that one convolution, and nothing else, reads: output tensor -> operator. Both pad with the zero point. */
function foldablePads(
  graph: Int8Graph,
  prepared: readonly PreparedOperator[],
  needed: ReadonlySet<number>,
): Map<number, number> {
  const pads = new Map<number, number>();
  for (const [index, p] of prepared.entries()) {
    if (p.kind !== "PAD" || p.inputShape.length !== 4) continue;
    const [output] = graph.operators[index].outputs;
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
