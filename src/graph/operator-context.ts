/** What preparing an operator reads from its graph, with every assumption checked and every error naming the operator. */
import { UserError } from "../errors.js";
import {
  INT8_MAX,
  INT8_MIN,
  INT32_MAX,
  type QuantizedMultiplier,
  quantizeMultiplier,
  roundHalfAway,
} from "./arithmetic.js";
import { type Activation, elementCount, type Int8Graph, type Operator, type Tensor } from "./types.js";

/** Largest shift MultiplyByQuantizedMultiplier accepts. */
const MAX_SHIFT = 30;
/** Largest stride, dilation, filter size and depth multiplier: int16, so that no product leaves int32 in generated code. */
const MAX_ATTRIBUTE = 32767;

export interface ActivationRange {
  /** Both in [-128, 127]. */
  readonly activationMin: number;
  readonly activationMax: number;
}

export class OperatorContext<O extends Operator = Operator> {
  readonly operator: O;

  constructor(
    readonly graph: Int8Graph,
    readonly index: number,
    readonly where?: string,
  ) {
    this.operator = graph.operators[index] as O;
  }

  /** Throws the UserError every check ends in: "operator 3 (ADD) ...". */
  fail(what: string, remedy?: string): never {
    throw new UserError(`operator ${this.index} (${this.operator.kind}) ${what}`, {
      ...(this.where === undefined ? {} : { where: this.where }),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }

  check(condition: boolean, what: string): void {
    if (!condition) this.fail(what);
  }

  /** Checks how many inputs there are; the last ones may be optional. One output always. */
  expectInputs(minimum: number, maximum: number = minimum): void {
    const { inputs, outputs } = this.operator;
    const wanted = minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
    this.check(inputs.length >= minimum && inputs.length <= maximum, `has ${inputs.length} inputs, not ${wanted}`);
    this.check(outputs.length === 1, `has ${outputs.length} outputs, not 1`);
    for (let i = 0; i < minimum; i++) this.check(inputs[i] >= 0, `lacks its input ${i}`);
  }

  /** Checks strides, dilations, filter sizes: integers from 1 to 32,767. */
  expectPositive(attributes: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(attributes)) {
      this.check(Number.isInteger(value) && value >= 1 && value <= MAX_ATTRIBUTE, `has a ${name} of ${value}`);
    }
  }

  input(position: number): Tensor {
    return this.graph.tensors[this.operator.inputs[position]];
  }

  optionalInput(position: number): Tensor | undefined {
    const index = this.operator.inputs[position] ?? -1;
    return index < 0 ? undefined : this.graph.tensors[index];
  }

  get output(): Tensor {
    return this.graph.tensors[this.operator.outputs[0]];
  }

  /** Scale and zero point of an int8 activation: per tensor, scale > 0, zero point in [-128, 127]. */
  activation(tensor: Tensor): { scale: number; zeroPoint: number } {
    this.check(tensor.type === "int8", `reads or writes ${describe(tensor)}, not int8`);
    return this.perTensor(tensor);
  }

  /** As {@link activation} for int8 or uint8, whose zero point lies in [0, 255]. */
  perTensor(tensor: Tensor): { scale: number; zeroPoint: number } {
    const quantization = tensor.quantization;
    if (quantization === undefined) return this.fail(`needs ${describe(tensor)} to be quantized`);
    this.check(quantization.scale.length === 1, `needs ${describe(tensor)} to be quantized per tensor`);
    const [scale] = quantization.scale;
    const [zeroPoint] = quantization.zeroPoint;
    this.check(scale > 0 && Number.isFinite(scale), `needs a positive scale for ${describe(tensor)}`);
    const [low, high, type] = tensor.type === "uint8" ? [0, 255, "a uint8"] : [INT8_MIN, INT8_MAX, "an int8"];
    this.check(zeroPoint >= low && zeroPoint <= high, `needs ${type} zero point for ${describe(tensor)}`);
    return { scale, zeroPoint };
  }

  /** Constant int8 weights with one scale per element of `axis`, or one for all; zero points 0 as the quantization specification demands. */
  weights(
    position: number,
    rank: number,
    axis: number,
  ): { data: Int8Array; shape: readonly number[]; scale: Float32Array } {
    const tensor = this.input(position);
    const { data, quantization, shape } = tensor;
    if (!(data instanceof Int8Array)) return this.fail(`needs constant int8 weights, not ${describe(tensor)}`);
    if (quantization === undefined) return this.fail(`needs ${describe(tensor)} to be quantized`);
    this.check(shape.length === rank, `needs weights of rank ${rank}, not ${describe(tensor)}`);
    const { scale, zeroPoint } = quantization;
    this.check(
      scale.length === 1 || (scale.length === shape[axis] && quantization.axis === axis),
      `needs weights quantized per tensor or along dimension ${axis}`,
    );
    this.check(
      scale.every((s) => s > 0 && Number.isFinite(s)),
      `needs positive scales for ${describe(tensor)}`,
    );
    this.check(
      zeroPoint.every((z) => z === 0),
      `needs symmetric weights (zero point 0) in ${describe(tensor)}`,
    );
    return { data, shape, scale };
  }

  /** Constant int32 bias with one element per channel, or undefined when absent. */
  bias(position: number, channels: number): Int32Array | undefined {
    const tensor = this.optionalInput(position);
    if (tensor === undefined) return undefined;
    if (!(tensor.data instanceof Int32Array)) return this.fail(`needs a constant int32 bias, not ${describe(tensor)}`);
    this.check(tensor.data.length === channels, `needs ${channels} biases, not ${tensor.data.length}`);
    return tensor.data;
  }

  constantInt32(position: number, what: string): Int32Array {
    const tensor = this.input(position);
    if (!(tensor.data instanceof Int32Array)) return this.fail(`needs constant int32 ${what}, not ${describe(tensor)}`);
    return tensor.data;
  }

  expectShape(tensor: Tensor, shape: readonly number[]): void {
    const equal = tensor.shape.length === shape.length && shape.every((size, i) => size === tensor.shape[i]);
    this.check(equal, `needs shape [${shape}] for ${describe(tensor)}`);
  }

  /** Checks that two int8 tensors are quantized alike, as operators that only move values demand; returns how. */
  expectSameQuantization(a: Tensor, b: Tensor = this.output): { scale: number; zeroPoint: number } {
    const [from, to] = [this.activation(a), this.activation(b)];
    this.check(
      from.scale === to.scale && from.zeroPoint === to.zeroPoint,
      "needs equal quantization of its input and output",
    );
    return to;
  }

  expectSameSize(a: Tensor, b: Tensor): void {
    this.check(
      elementCount(a.shape) === elementCount(b.shape),
      `needs as many elements in ${describe(a)} as in ${describe(b)}`,
    );
  }

  /** quantizeMultiplier, refusing multipliers that the kernels cannot represent. */
  multiplier(real: number): QuantizedMultiplier {
    const result = quantizeMultiplier(real);
    this.check(result.shift <= MAX_SHIFT, `rescales by ${real}, which is more than int32 arithmetic can do`);
    return result;
  }

  /** As {@link multiplier} for kernels that demand a multiplier below 1 (QuantizeMultiplierSmallerThanOneExp). */
  multiplierBelowOne(real: number): QuantizedMultiplier {
    const result = quantizeMultiplier(real);
    this.check(
      real > 0 && real < 1 && result.shift <= 0,
      `rescales by ${real}, which TFLite Micro accepts only between 0 and 1`,
    );
    return result;
  }

  /** CalculateActivationRangeQuantized (kernel_util.cc) for int8: float32 division, halves rounded away from zero. */
  activationRange(activation: Activation): ActivationRange {
    const { scale, zeroPoint } = this.activation(this.output);
    const quantize = (real: number): number => {
      const steps = roundHalfAway(Math.fround(real / scale));
      this.check(Math.abs(steps) <= INT32_MAX, `has an output scale of ${scale}, too small for ${activation}`);
      return zeroPoint + steps;
    };
    const low = activation === "NONE" ? INT8_MIN : quantize(activation === "RELU_N1_TO_1" ? -1 : 0);
    const high = activation === "RELU6" ? quantize(6) : activation === "RELU_N1_TO_1" ? quantize(1) : INT8_MAX;
    return { activationMin: Math.max(INT8_MIN, low), activationMax: Math.min(INT8_MAX, high) };
  }
}

export function describe(tensor: Tensor): string {
  return `tensor ${JSON.stringify(tensor.name)} (${tensor.type} [${tensor.shape}])`;
}
