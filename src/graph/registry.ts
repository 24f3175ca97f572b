/** The one list of operators the reference arithmetic knows. A new operator: types.ts, a file in operators/, a line here. */
import { evaluateAdd, type PreparedAdd, prepareAdd } from "./operators/add.js";
import { evaluateConv2D, type PreparedConv2D, prepareConv2D } from "./operators/conv.js";
import {
  evaluatePad,
  evaluateReshape,
  type PreparedPad,
  type PreparedReshape,
  preparePad,
  prepareReshape,
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
import { evaluateMean, type PreparedMean, prepareMean } from "./operators/mean.js";
import { evaluatePool2D, type PreparedPool2D, preparePool2D } from "./operators/pool.js";
import { evaluateSoftmax, type PreparedSoftmax, prepareSoftmax } from "./operators/softmax.js";
import { evaluateUnary, type PreparedUnary, prepareUnary } from "./operators/unary.js";
import type { OperatorContext } from "./operator-context.js";
import type { OperatorKind } from "./types.js";

/** Everything an operator needs at run time, computed once; discriminated by `kind`. */
export type PreparedOperator =
  | PreparedConv2D
  | PreparedDepthwiseConv2D
  | PreparedFullyConnected
  | PreparedAdd
  | PreparedPool2D
  | PreparedMean
  | PreparedPad
  | PreparedReshape
  | PreparedSoftmax
  | PreparedUnary;

/** Methods, so that each entry may take its own operator and prepared type. */
export interface OperatorDefinition {
  /** Checks shapes, types and quantization and computes all constants. Throws UserError. */
  prepare(context: OperatorContext): PreparedOperator;
  /** Computes the output from the activation inputs. `inputs` holds int8 inputs in order; constants of other types are absent. */
  evaluate(prepared: PreparedOperator, inputs: readonly Int8Array[], output: Int8Array): void;
}

/** Ties one operator's functions together; the casts are sound as the registry is keyed by kind. */
function define<P extends PreparedOperator>(
  prepare: (context: never) => P,
  evaluate: (prepared: P, inputs: readonly Int8Array[], output: Int8Array) => void,
): OperatorDefinition {
  return { prepare: prepare as OperatorDefinition["prepare"], evaluate: evaluate as OperatorDefinition["evaluate"] };
}

const pool = define(preparePool2D, evaluatePool2D);
const unary = define(prepareUnary, evaluateUnary);

export const OPERATORS: Readonly<Record<OperatorKind, OperatorDefinition>> = {
  CONV_2D: define(prepareConv2D, evaluateConv2D),
  DEPTHWISE_CONV_2D: define(prepareDepthwiseConv2D, evaluateDepthwiseConv2D),
  FULLY_CONNECTED: define(prepareFullyConnected, evaluateFullyConnected),
  ADD: define(prepareAdd, evaluateAdd),
  AVERAGE_POOL_2D: pool,
  MAX_POOL_2D: pool,
  MEAN: define(prepareMean, evaluateMean),
  PAD: define(preparePad, evaluatePad),
  RESHAPE: define(prepareReshape, evaluateReshape),
  SOFTMAX: define(prepareSoftmax, evaluateSoftmax),
  RELU: unary,
  RELU6: unary,
  LOGISTIC: unary,
  QUANTIZE: unary,
};
