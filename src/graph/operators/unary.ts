/** Elementwise functions of one int8: RELU, RELU6, LEAKY_RELU, HARD_SWISH, LOGISTIC, TANH. Each is a table of 256 outputs. */
import {
  calculateInputRadius,
  clamp,
  frexp,
  INT8_MAX,
  INT8_MIN,
  multiplyByQuantizedMultiplier,
  roundHalfAway,
  roundingDivideByPOT,
} from "../arithmetic.js";
import { logistic, tanh } from "../fixed-point.js";
import type { OperatorContext } from "../operator-context.js";
import { type ActivationData, elementCount, type LeakyRelu, type Unary } from "../types.js";
import { hardSwish } from "./hard-swish.js";

type TableOperator = Unary | LeakyRelu;

export interface PreparedUnary {
  readonly kind: TableOperator["kind"] | "QUANTIZE";
  readonly elements: number;
  /** Bit pattern of the output for the input with bit pattern q (as int8) at [q + 128]. */
  readonly table: Int8Array;
}

export function prepareUnary(context: OperatorContext<TableOperator>): PreparedUnary {
  context.expectInputs(1);
  const input = context.input(0);
  context.activation(input);
  context.activation(context.output);
  context.expectShape(context.output, input.shape);
  const f = FUNCTIONS[context.operator.kind](context);
  const table = Int8Array.from({ length: 256 }, (_, i) => f(i - 128));
  return { kind: context.operator.kind, elements: elementCount(input.shape), table };
}

/** int8 or uint8, as the operator says. */
export function evaluateUnary(p: PreparedUnary, [input]: readonly ActivationData[], output: ActivationData): void {
  const from = bitPatterns(input);
  const to = bitPatterns(output);
  for (let i = 0; i < from.length; i++) to[i] = p.table[from[i] + 128];
}

function bitPatterns(values: ActivationData): Int8Array {
  return values instanceof Int8Array ? values : new Int8Array(values.buffer, values.byteOffset, values.byteLength);
}

type Int8Function = (q: number) => number;

const FUNCTIONS: Record<TableOperator["kind"], (context: OperatorContext) => Int8Function> = {
  RELU: prepareRelu,
  RELU6: prepareRelu6,
  LOGISTIC: prepareLogistic,
  TANH: prepareTanh,
  HARD_SWISH: hardSwish,
  LEAKY_RELU: prepareLeakyRelu as (context: OperatorContext) => Int8Function,
};

/** ReluQuantized (activations.h): scales divided in float32. */
function prepareRelu(context: OperatorContext): Int8Function {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const rescale = rescaling(context, Math.fround(from.scale / to.scale));
  return (q) => clamp(rescale(q), to.zeroPoint, INT8_MAX);
}

/** Relu6Quantized (activations.h) clamps without rescaling, so it is only right when both scales are equal. */
function prepareRelu6(context: OperatorContext): Int8Function {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  if (from.scale !== to.scale || from.zeroPoint !== to.zeroPoint) {
    context.fail(
      "needs equal quantization of its input and output",
      "Fuse the RELU6 into the operator before it: a separate one does not rescale.",
    );
  }
  const { activationMax } = context.activationRange("RELU6");
  return (q) => clamp(q, to.zeroPoint, activationMax);
}

/** reference_integer_ops::Logistic (integer_ops/logistic.h, logistic_common.cc): Q4.27 in, Q0.8 out. */
function prepareLogistic(context: OperatorContext): Int8Function {
  const { scale, zeroPoint } = context.activation(context.input(0));
  const output = context.activation(context.output);
  context.check(
    output.scale === 1 / 256 && output.zeroPoint === INT8_MIN,
    "needs an output of scale 1/256 and zero point -128",
  );
  return saturating(context, scale, zeroPoint, (input) => roundingDivideByPOT(logistic(input, 4), 23) + INT8_MIN);
}

/** reference_integer_ops::Tanh (integer_ops/tanh.h, tanh.cc): Q4.27 in, Q0.7 out. */
function prepareTanh(context: OperatorContext): Int8Function {
  const { scale, zeroPoint } = context.activation(context.input(0));
  const output = context.activation(context.output);
  context.check(output.scale === 1 / 128 && output.zeroPoint === 0, "needs an output of scale 1/128 and zero point 0");
  return saturating(context, scale, zeroPoint, (input) => roundingDivideByPOT(tanh(input, 4), 24));
}

/** A function of the input in Q4.27 that has its lowest and highest value where that overflows. */
function saturating(context: OperatorContext, scale: number, zeroPoint: number, f: Int8Function): Int8Function {
  const [significand, shift] = frexp(scale * 2 ** 27);
  context.check(shift >= 0, `has an input scale of ${scale}, too small for its fixed-point arithmetic`);
  const multiplier = roundHalfAway(significand * 2 ** 31);
  const radius = calculateInputRadius(4, shift);
  return (q) => {
    const input = q - zeroPoint;
    if (input <= -radius) return INT8_MIN;
    if (input >= radius) return INT8_MAX;
    return clamp(f(multiplyByQuantizedMultiplier(input, multiplier, shift)), INT8_MIN, INT8_MAX);
  };
}

/** QuantizeLeakyRelu (leaky_relu.h, leaky_relu_common.cc): scales multiplied and divided in float32. */
function prepareLeakyRelu(context: OperatorContext<LeakyRelu>): Int8Function {
  const { alpha } = context.operator;
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const real = Math.fround(Math.fround(from.scale * alpha) / to.scale);
  context.check(Number.isFinite(real), `has an alpha of ${alpha}`);
  const identity = context.multiplier(Math.fround(from.scale / to.scale));
  const below = context.multiplier(Math.abs(real));
  return (q) => {
    const input = q - from.zeroPoint;
    const { multiplier, shift } = input >= 0 ? identity : below;
    const scaled = multiplyByQuantizedMultiplier(input, multiplier, shift);
    return clamp((input < 0 && real < 0 ? -scaled : scaled) + to.zeroPoint, INT8_MIN, INT8_MAX);
  };
}

function rescaling(context: OperatorContext, real: number): Int8Function {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const { multiplier, shift } = context.multiplier(real);
  return (q) => multiplyByQuantizedMultiplier(q - from.zeroPoint, multiplier, shift) + to.zeroPoint;
}
