/** Runs an Int8Graph exactly as TFLite Micro's reference kernels would, keeping every tensor for comparison. */
import { UserError } from "../errors.js";
import { OPERATORS, type PreparedOperator } from "./registry.js";
import { elementCount, type Int8Graph } from "./types.js";
import { validateGraph } from "./validate.js";

/** One operator with its tensors looked up. */
interface Step {
  readonly prepared: PreparedOperator;
  readonly evaluate: (prepared: PreparedOperator, inputs: readonly Int8Array[], output: Int8Array) => void;
  readonly inputs: readonly Int8Array[];
  readonly output: Int8Array;
}

export class ReferenceInterpreter {
  private readonly tensors: (Int8Array | undefined)[];
  private readonly steps: readonly Step[];

  /** Validates and prepares the graph; throws UserError when it is not one this arithmetic defines. */
  constructor(readonly graph: Int8Graph) {
    const prepared = validateGraph(graph);
    this.tensors = graph.tensors.map(({ data }) => (data instanceof Int8Array ? data : undefined));
    const computed = graph.operators.flatMap(({ outputs }) => outputs);
    for (const index of [...graph.inputs, ...computed]) {
      this.tensors[index] = new Int8Array(elementCount(graph.tensors[index].shape));
    }
    this.steps = graph.operators.map(({ kind, inputs, outputs }, index) => ({
      prepared: prepared[index],
      evaluate: OPERATORS[kind].evaluate,
      inputs: inputs.flatMap((input) => this.tensors[input] ?? []),
      output: this.tensor(outputs[0]),
    }));
  }

  /** Runs once. One int8 array per graph input, in order, of the tensor's element count; returns copies of the outputs. */
  run(inputs: readonly Int8Array[]): Int8Array[] {
    const { graph } = this;
    if (inputs.length !== graph.inputs.length) {
      throw new UserError(`the model has ${graph.inputs.length} inputs, not ${inputs.length}`);
    }
    for (const [position, index] of graph.inputs.entries()) {
      const tensor = this.tensor(index);
      if (inputs[position].length !== tensor.length) {
        throw new UserError(
          `input ${position} of the model has ${tensor.length} values, not ${inputs[position].length}`,
        );
      }
      tensor.set(inputs[position]);
    }
    for (const { evaluate, prepared, inputs: sources, output } of this.steps) evaluate(prepared, sources, output);
    return graph.outputs.map((index) => this.tensor(index).slice());
  }

  /** The live contents of an int8 tensor: a constant, or what the last run left there. */
  tensor(index: number): Int8Array {
    const tensor = this.tensors[index];
    if (tensor === undefined) throw new RangeError(`tensor ${index} is not an int8 tensor of the graph`);
    return tensor;
  }
}
