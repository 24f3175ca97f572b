/** The one list of operators the reference arithmetic knows. A new operator: types.ts, a file in operators/, a line here. */

import type { OperatorContext } from "./operator-context.js";
import { evaluateAdd, type PreparedAdd, prepareAdd } from "./operators/add.js";
import { evaluateConcatenation, type PreparedConcatenation, prepareConcatenation } from "./operators/concatenation.js";
import { evaluateConv2D, type PreparedConv2D, prepareConv2D } from "./operators/conv.js";
import {
  evaluatePad,
  evaluateReshape,
  type PreparedPad,
  type PreparedReshape,
  prepareExpandDims,
  preparePad,
  prepareReshape,
  prepareSqueeze,
} from "./operators/copy.js";
import {
  evaluateDepthwiseConv2D,
  type PreparedDepthwiseConv2D,
  prepareDepthwiseConv2D,
} from "./operators/depthwise-conv.js";
import {
  evaluateFullyConnected,
  type PreparedFullyConnected,
  prepareFullyConnected,
} from "./operators/fully-connected.js";
import { evaluateGather, type PreparedGather, prepareStridedSlice, prepareTranspose } from "./operators/gather.js";
import { evaluateMean, type PreparedMean, prepareMean } from "./operators/mean.js";
import { evaluateMul, type PreparedMul, prepareMul } from "./operators/mul.js";
import { evaluatePool2D, type PreparedPool2D, preparePool2D } from "./operators/pool.js";
import {
  evaluateDequantize,
  evaluateQuantizeFloat,
  type PreparedDequantize,
  type PreparedQuantizeFloat,
  prepareDequantize,
  prepareQuantize,
} from "./operators/quantize.js";
import {
  evaluateBilinear,
  evaluateNearest,
  type PreparedBilinear,
  type PreparedNearest,
  prepareResize,
} from "./operators/resize.js";
import { evaluateSoftmax, type PreparedSoftmax, prepareSoftmax } from "./operators/softmax.js";
import { evaluateUnary, type PreparedUnary, prepareUnary } from "./operators/unary.js";
import type { ActivationData, OperatorKind } from "./types.js";

/** Everything an operator needs at run time, computed once; discriminated by `kind`. */
export type PreparedOperator =
  | PreparedConv2D
  | PreparedDepthwiseConv2D
  | PreparedFullyConnected
  | PreparedAdd
  | PreparedMul
  | PreparedPool2D
  | PreparedMean
  | PreparedPad
  | PreparedReshape
  | PreparedConcatenation
  | PreparedGather
  | PreparedNearest
  | PreparedBilinear
  | PreparedSoftmax
  | PreparedUnary
  | PreparedQuantizeFloat
  | PreparedDequantize;

/** Methods, so that each entry may take its own operator and prepared type. */
export interface OperatorDefinition {
  /** Checks shapes, types and quantization and computes all constants. Throws UserError. */
  prepare(context: OperatorContext): PreparedOperator;
  /** Computes the output from the activation inputs, each of its tensor's type. `inputs` holds int8 constants too, none of other types. */
  evaluate(prepared: PreparedOperator, inputs: readonly ActivationData[], output: ActivationData): void;
}

/** Ties one operator's functions together; the casts are sound as the registry is keyed by kind. */
function define<P extends PreparedOperator>(
  prepare: (context: never) => P,
  evaluate: (prepared: P, inputs: readonly never[], output: never) => void,
): OperatorDefinition {
  return {
    prepare: prepare as OperatorDefinition["prepare"],
    evaluate: evaluate as unknown as OperatorDefinition["evaluate"],
  };
}

const add = define(prepareAdd, evaluateAdd);
const pad = define(preparePad, evaluatePad);
const resize = define(
  prepareResize,
  (p: PreparedNearest | PreparedBilinear, inputs: readonly Int8Array[], output: Int8Array) =>
    p.kind === "RESIZE_BILINEAR" ? evaluateBilinear(p, inputs, output) : evaluateNearest(p, inputs, output),
);
const quantize = define(
  prepareQuantize,
  (p: PreparedUnary | PreparedQuantizeFloat, inputs: readonly never[], output: Int8Array) =>
    p.kind === "QUANTIZE_FLOAT" ? evaluateQuantizeFloat(p, inputs, output) : evaluateUnary(p, inputs, output),
);
const pool = define(preparePool2D, evaluatePool2D);
const unary = define(prepareUnary, evaluateUnary);

export const OPERATORS: Readonly<Record<OperatorKind, OperatorDefinition>> = {
  CONV_2D: define(prepareConv2D, evaluateConv2D),
  DEPTHWISE_CONV_2D: define(prepareDepthwiseConv2D, evaluateDepthwiseConv2D),
  FULLY_CONNECTED: define(prepareFullyConnected, evaluateFullyConnected),
  ADD: add,
  SUB: add,
  MUL: define(prepareMul, evaluateMul),
  AVERAGE_POOL_2D: pool,
  MAX_POOL_2D: pool,
  MEAN: define(prepareMean, evaluateMean),
  PAD: pad,
  PADV2: pad,
  RESHAPE: define(prepareReshape, evaluateReshape),
  SQUEEZE: define(prepareSqueeze, evaluateReshape),
  EXPAND_DIMS: define(prepareExpandDims, evaluateReshape),
  CONCATENATION: define(prepareConcatenation, evaluateConcatenation),
  STRIDED_SLICE: define(prepareStridedSlice, evaluateGather),
  TRANSPOSE: define(prepareTranspose, evaluateGather),
  RESIZE_NEAREST_NEIGHBOR: resize,
  RESIZE_BILINEAR: resize,
  SOFTMAX: define(prepareSoftmax, evaluateSoftmax),
  RELU: unary,
  RELU6: unary,
  LOGISTIC: unary,
  TANH: unary,
  HARD_SWISH: unary,
  LEAKY_RELU: unary,
  QUANTIZE: quantize,
  DEQUANTIZE: define(prepareDequantize, evaluateDequantize),
};
