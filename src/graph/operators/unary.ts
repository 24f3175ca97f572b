/** Elementwise int8 functions of one input: RELU, RELU6, LOGISTIC, QUANTIZE. Each is a table of 256 outputs. */
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
import { logistic } from "../fixed-point.js";
import type { OperatorContext } from "../operator-context.js";
import { elementCount, type Unary } from "../types.js";

export interface PreparedUnary {
  readonly kind: Unary["kind"];
  readonly elements: number;
  /** Output for input q at [q + 128]. */
  readonly table: Int8Array;
}

export function prepareUnary(context: OperatorContext<Unary>): PreparedUnary {
  context.expectInputs(1);
  const input = context.input(0);
  context.activation(input);
  context.activation(context.output);
  context.expectShape(context.output, input.shape);
  const f = FUNCTIONS[context.operator.kind](context);
  const table = Int8Array.from({ length: 256 }, (_, i) => f(i - 128));
  return { kind: context.operator.kind, elements: elementCount(input.shape), table };
}

export function evaluateUnary(p: PreparedUnary, [input]: readonly Int8Array[], output: Int8Array): void {
  for (let i = 0; i < input.length; i++) output[i] = p.table[input[i] + 128];
}

type Int8Function = (q: number) => number;

const FUNCTIONS: Record<Unary["kind"], (context: OperatorContext<Unary>) => Int8Function> = {
  RELU: prepareRelu,
  RELU6: prepareRelu6,
  LOGISTIC: prepareLogistic,
  QUANTIZE: prepareQuantize,
};

/** ReluQuantized (activations.h): scales divided in float32. */
function prepareRelu(context: OperatorContext<Unary>): Int8Function {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const rescale = rescaling(context, Math.fround(from.scale / to.scale));
  return (q) => clamp(rescale(q), to.zeroPoint, INT8_MAX);
}

/** Relu6Quantized (activations.h) clamps without rescaling, so it is only right when both scales are equal. */
function prepareRelu6(context: OperatorContext<Unary>): Int8Function {
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
function prepareLogistic(context: OperatorContext<Unary>): Int8Function {
  const { scale, zeroPoint } = context.activation(context.input(0));
  const output = context.activation(context.output);
  context.check(
    output.scale === 1 / 256 && output.zeroPoint === INT8_MIN,
    "needs an output of scale 1/256 and zero point -128",
  );
  const [significand, shift] = frexp(scale * 2 ** 27);
  context.check(shift >= 0, `has an input scale of ${scale}, too small for its fixed-point arithmetic`);
  const multiplier = roundHalfAway(significand * 2 ** 31);
  const radius = calculateInputRadius(4, shift);
  return (q) => {
    const input = q - zeroPoint;
    if (input <= -radius) return INT8_MIN;
    if (input >= radius) return INT8_MAX;
    const probability = logistic(multiplyByQuantizedMultiplier(input, multiplier, shift), 4);
    return clamp(roundingDivideByPOT(probability, 23) + INT8_MIN, INT8_MIN, INT8_MAX);
  };
}

/** Requantize (requantize.h): scales divided in float64. */
function prepareQuantize(context: OperatorContext<Unary>): Int8Function {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const rescale = rescaling(context, from.scale / to.scale);
  return (q) => clamp(rescale(q), INT8_MIN, INT8_MAX);
}

function rescaling(context: OperatorContext<Unary>, real: number): Int8Function {
  const from = context.activation(context.input(0));
  const to = context.activation(context.output);
  const { multiplier, shift } = context.multiplier(real);
  return (q) => multiplyByQuantizedMultiplier(q - from.zeroPoint, multiplier, shift) + to.zeroPoint;
}
