/** Whether an Int8Graph is one: indices, order, constants, quantization, and each operator's own demands. */
import { UserError } from "../errors.js";
import { describe } from "./operator-context.js";
import { prepareOperator } from "./prepare.js";
import type { PreparedOperator } from "./registry.js";
import { elementCount, type Int8Graph, type Operator, type Tensor, type TensorData, type TensorType } from "./types.js";

/** Largest tensor, in elements: far above any microcontroller's memory, far below what would exhaust this machine's. */
const MAX_TENSOR_ELEMENTS = 2 ** 26;
/** Sum over all tensors that are computed. */
const MAX_COMPUTED_ELEMENTS = 2 ** 26;
/** TFLite's own limit for shapes. */
const MAX_RANK = 6;

/** What a model may take and give. */
const BOUNDARY_TYPES: ReadonlySet<TensorType> = new Set(["int8", "uint8", "float32"]);

const DATA_CLASS: Readonly<Record<TensorType, new (length: number) => TensorData>> = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
};

/** Says what is wrong with a graph; `where` names the file it came from. */
class GraphChecker {
  constructor(
    private readonly graph: Int8Graph,
    private readonly where: string | undefined,
  ) {}

  check(condition: boolean, what: string): void {
    if (!condition) throw new UserError(what, this.where === undefined ? {} : { where: this.where });
  }

  tensor(tensor: Tensor): void {
    const { shape, data } = tensor;
    this.check(shape.length <= MAX_RANK, `${describe(tensor)} has more than ${MAX_RANK} dimensions`);
    this.check(
      shape.every((size) => Number.isInteger(size) && size > 0),
      `${describe(tensor)} has a size that is not a positive integer`,
    );
    const elements = elementCount(shape);
    this.check(elements <= MAX_TENSOR_ELEMENTS, `${describe(tensor)} has more than ${MAX_TENSOR_ELEMENTS} elements`);
    if (data !== undefined) {
      this.check(data instanceof DATA_CLASS[tensor.type], `${describe(tensor)} holds data of another type`);
      this.check(data.length === elements, `${describe(tensor)} holds ${data.length} values`);
    }
    this.quantization(tensor);
  }

  private quantization(tensor: Tensor): void {
    const { quantization, shape } = tensor;
    if (quantization === undefined) return;
    const { scale, zeroPoint, axis } = quantization;
    this.check(scale.length === zeroPoint.length, `${describe(tensor)} has unequal numbers of scales and zero points`);
    if (scale.length === 1) return;
    this.check(
      Number.isInteger(axis) && axis >= 0 && axis < shape.length && scale.length === shape[axis],
      `${describe(tensor)} has ${scale.length} scales along dimension ${axis}`,
    );
  }

  totalSize(): void {
    let elements = 0;
    for (const { data, shape } of this.graph.tensors) if (data === undefined) elements += elementCount(shape);
    this.check(
      elements <= MAX_COMPUTED_ELEMENTS,
      `the model's tensors have more than ${MAX_COMPUTED_ELEMENTS} elements together`,
    );
  }

  /** Graph inputs and outputs; returns which tensors can be read before the first operator runs. */
  interface(): Set<number> {
    const { graph } = this;
    this.check(graph.inputs.length > 0 && graph.outputs.length > 0, "the graph has no input or no output");
    this.check(new Set(graph.inputs).size === graph.inputs.length, "the graph names an input twice");
    for (const index of [...graph.inputs, ...graph.outputs]) {
      this.check(this.exists(index), `the graph's inputs or outputs name tensor ${index}, which does not exist`);
      this.check(
        BOUNDARY_TYPES.has(graph.tensors[index].type),
        `the graph reads or writes ${describe(graph.tensors[index])}, not int8, uint8 or float32`,
      );
    }
    for (const index of graph.inputs) {
      this.check(
        graph.tensors[index].data === undefined,
        `graph input ${describe(graph.tensors[index])} is a constant`,
      );
    }
    const available = new Set(graph.inputs);
    for (const [index, tensor] of graph.tensors.entries()) if (tensor.data !== undefined) available.add(index);
    return available;
  }

  /** Checks that an operator reads what is available and writes what is not, and adds its outputs. */
  order(operator: Operator, index: number, available: Set<number>): void {
    const name = `operator ${index} (${operator.kind})`;
    for (const input of operator.inputs) {
      if (input === -1) continue;
      this.check(this.exists(input), `${name} reads tensor ${input}, which does not exist`);
      this.check(available.has(input), `${name} reads ${describe(this.graph.tensors[input])} before it is computed`);
    }
    for (const output of operator.outputs) {
      this.check(this.exists(output), `${name} writes tensor ${output}, which does not exist`);
      this.check(
        !available.has(output),
        `${name} writes ${describe(this.graph.tensors[output])}, which is an input, a constant or written before`,
      );
      available.add(output);
    }
  }

  private exists(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.graph.tensors.length;
  }
}

/**
 * Throws UserError unless every index, shape, type, constant and quantization of the graph is one the reference arithmetic defines.
 * Returns the prepared operators, in order.
 */
export function validateGraph(graph: Int8Graph, where?: string): PreparedOperator[] {
  const checker = new GraphChecker(graph, where);
  for (const tensor of graph.tensors) checker.tensor(tensor);
  checker.totalSize();
  const available = checker.interface();
  const prepared = graph.operators.map((operator, index) => {
    checker.order(operator, index, available);
    return prepareOperator(graph, index, where);
  });
  for (const output of graph.outputs) {
    checker.check(available.has(output), `graph output ${describe(graph.tensors[output])} is never computed`);
  }
  return prepared;
}
