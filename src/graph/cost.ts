import { elementCount, type Int8Graph, type Operator } from "./types.js";

/** Multiply-accumulates of one operator; 0 for those that only move, add or compare. */
export function operatorMacs(graph: Int8Graph, operator: Operator): number {
  const outputs = elementCount(graph.tensors[operator.outputs[0]].shape);
  const weights = graph.tensors[operator.inputs[1]]?.shape ?? [];
  switch (operator.kind) {
    case "CONV_2D":
      return outputs * weights[1] * weights[2] * weights[3];
    case "DEPTHWISE_CONV_2D":
      return outputs * weights[1] * weights[2];
    case "FULLY_CONNECTED":
      return outputs * weights[1];
    default:
      return 0;
  }
}

/** Bytes of the constants that only this operator's inputs name. */
export function operatorConstantBytes(graph: Int8Graph, operator: Operator): number {
  return operator.inputs.reduce((sum, index) => sum + (graph.tensors[index]?.data?.byteLength ?? 0), 0);
}

/** Multiply-accumulates of the whole graph. */
export function graphMacs(graph: Int8Graph): number {
  return graph.operators.reduce((sum, operator) => sum + operatorMacs(graph, operator), 0);
}

/** Bytes of all weights and biases. */
export function weightBytes(graph: Int8Graph): number {
  return graph.tensors.reduce((sum, tensor) => sum + (tensor.data === undefined ? 0 : tensor.data.byteLength), 0);
}
