/** Runs an Int8Graph exactly as TFLite Micro's reference kernels would, keeping every tensor for comparison. */
import { UserError } from "../errors.js";
import { OPERATORS, type PreparedOperator } from "./registry.js";
import { type ActivationData, elementCount, type Int8Graph, type Tensor } from "./types.js";
import { validateGraph } from "./validate.js";

/** One operator with its tensors looked up. */
interface Step {
  readonly prepared: PreparedOperator;
  readonly evaluate: (prepared: PreparedOperator, inputs: readonly ActivationData[], output: ActivationData) => void;
  readonly inputs: readonly ActivationData[];
  readonly output: ActivationData;
}

function zeros({ type, shape }: Tensor): ActivationData {
  const length = elementCount(shape);
  if (type === "float32") return new Float32Array(length);
  return type === "uint8" ? new Uint8Array(length) : new Int8Array(length);
}

export class ReferenceInterpreter {
  private readonly tensors: (ActivationData | undefined)[];
  private readonly steps: readonly Step[];

  /** Validates and prepares the graph; throws UserError when it is not one this arithmetic defines. */
  constructor(readonly graph: Int8Graph) {
    const prepared = validateGraph(graph);
    this.tensors = graph.tensors.map(({ data }) => (data instanceof Int8Array ? data : undefined));
    const computed = graph.operators.flatMap(({ outputs }) => outputs);
    for (const index of [...graph.inputs, ...computed]) {
      this.tensors[index] = zeros(graph.tensors[index]);
    }
    this.steps = graph.operators.map(({ kind, inputs, outputs }, index) => ({
      prepared: prepared[index],
      evaluate: OPERATORS[kind].evaluate,
      inputs: inputs.flatMap((input) => this.tensors[input] ?? []),
      output: this.values(outputs[0]),
    }));
  }

  /**
   * Runs once, for graphs whose inputs and outputs are int8. One array per graph input, in order, of the tensor's element count; returns copies of
   * the outputs.
   */
  run(inputs: readonly Int8Array[]): Int8Array[] {
    return this.runAnyType(inputs).map((output) => {
      if (output instanceof Int8Array) return output;
      throw new UserError("the model has an output that is not int8");
    });
  }

  /** As {@link run}, each array of its tensor's type. */
  runAnyType(inputs: readonly ActivationData[]): ActivationData[] {
    const { graph } = this;
    if (inputs.length !== graph.inputs.length) {
      throw new UserError(`the model has ${graph.inputs.length} inputs, not ${inputs.length}`);
    }
    for (const [position, index] of graph.inputs.entries()) {
      const tensor = this.values(index);
      const { type } = graph.tensors[index];
      if (inputs[position].constructor !== tensor.constructor) {
        throw new UserError(`input ${position} of the model takes ${type} values`);
      }
      if (inputs[position].length !== tensor.length) {
        throw new UserError(
          `input ${position} of the model has ${tensor.length} values, not ${inputs[position].length}`,
        );
      }
      tensor.set(inputs[position]);
    }
    for (const { evaluate, prepared, inputs: sources, output } of this.steps) evaluate(prepared, sources, output);
    return graph.outputs.map((index) => this.values(index).slice());
  }

  /** The live contents of an int8 tensor: a constant, or what the last run left there. */
  tensor(index: number): Int8Array {
    const tensor = this.tensors[index];
    if (!(tensor instanceof Int8Array)) throw new RangeError(`tensor ${index} is not an int8 tensor of the graph`);
    return tensor;
  }

  /** The live contents of any activation. */
  values(index: number): ActivationData {
    const tensor = this.tensors[index];
    if (tensor === undefined) throw new RangeError(`tensor ${index} is not an activation of the graph`);
    return tensor;
  }
}
