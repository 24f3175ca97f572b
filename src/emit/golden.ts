/** The example that every engine embeds and runs at start-up to prove itself. */
import { ReferenceInterpreter } from "../graph/interpreter.js";
import { type ActivationData, elementCount, type Int8Graph } from "../graph/types.js";

export interface Golden {
  readonly input: Int8Array;
  /** What the reference arithmetic makes of the input. */
  readonly output: Int8Array;
}

/** As {@link Golden} for any number of inputs and outputs, each of its tensor's type. */
export interface Example {
  readonly inputs: readonly ActivationData[];
  readonly outputs: readonly ActivationData[];
}

/** Throws UserError unless the graph has one int8 input and one int8 output. */
export function patternGolden(graph: Int8Graph): Golden {
  const [output] = new ReferenceInterpreter(graph).run([pattern(graph, graph.inputs[0])]);
  return { input: pattern(graph, graph.inputs[0]), output };
}

export function patternExample(graph: Int8Graph): Example {
  const inputs = graph.inputs.map((index) => patternOfType(graph, index));
  return { inputs, outputs: new ReferenceInterpreter(graph).runAnyType(inputs) };
}

/** Every byte value in turn, in an order that does not repeat within a row of a picture. */
function pattern(graph: Int8Graph, tensor: number): Int8Array {
  const length = elementCount(graph.tensors[tensor].shape);
  return Int8Array.from({ length }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 24) - 128);
}

/** A float32 input gets the values that those bytes stand for in the tensor it is quantized to. */
function patternOfType(graph: Int8Graph, tensor: number): ActivationData {
  const bytes = pattern(graph, tensor);
  const { type } = graph.tensors[tensor];
  if (type === "int8") return bytes;
  if (type === "uint8") return Uint8Array.from(bytes, (q) => q + 128);
  const reader = graph.operators.find(({ inputs }) => inputs.includes(tensor));
  const { scale, zeroPoint } = graph.tensors[reader?.outputs[0] ?? tensor].quantization ?? {
    scale: [1],
    zeroPoint: [0],
  };
  return Float32Array.from(bytes, (q) => scale[0] * (q - zeroPoint[0]));
}
