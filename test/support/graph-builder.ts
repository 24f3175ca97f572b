/** Int8 graphs by hand: tensors and operators one after the other, with random numbers for what does not matter. */
import type { Int8Graph, Operator, Quantization, Tensor } from "#smilec/graph/types.js";
import { elementCount } from "#smilec/graph/types.js";
import type { Random } from "./random.js";

/** Collects tensors and operators of a graph under construction; every method that adds a tensor returns its index. */
export class GraphBuilder {
  readonly tensors: Tensor[] = [];
  readonly operators: Operator[] = [];
  readonly inputs: number[] = [];

  constructor(readonly random: Random) {}

  activation(shape: readonly number[], scale: number, zeroPoint: number): number {
    return this.add({
      name: `t${this.tensors.length}`,
      type: "int8",
      shape,
      quantization: perTensor(scale, zeroPoint),
    });
  }

  input(shape: readonly number[], scale = this.random.scale(0.002, 0.3), zeroPoint = this.zeroPoint()): number {
    const index = this.activation(shape, scale, zeroPoint);
    this.inputs.push(index);
    return index;
  }

  weights(shape: readonly number[], axis: number, perChannel: boolean): number {
    const scale = Float32Array.from({ length: perChannel ? shape[axis] : 1 }, () => this.random.scale(0.0005, 0.02));
    const zeroPoint = new Int32Array(scale.length);
    const data = this.random.int8s(elementCount(shape)).map((q) => Math.max(q, -127));
    const quantization = { scale, zeroPoint, axis: scale.length === 1 ? 0 : axis };
    return this.add({ name: `weights${this.tensors.length}`, type: "int8", shape, quantization, data });
  }

  int32s(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.add({ name: `constant${this.tensors.length}`, type: "int32", shape, data: Int32Array.from(values) });
  }

  /** An int32 bias of about the size of the accumulators, in steps of input scale * weight scale; or -1 for none. */
  bias(input: number, weights: number, channels: number, depth: number): number {
    if (this.random.chance(0.15)) return -1;
    const size = Math.ceil(4000 * Math.sqrt(depth));
    const scale = this.tensors[weights].quantization!.scale.map((s) => s * this.scaleOf(input));
    const quantization = { scale, zeroPoint: new Int32Array(scale.length), axis: 0 };
    const data = Int32Array.from({ length: channels }, () => this.random.integer(-size, size));
    return this.add({ name: `bias${this.tensors.length}`, type: "int32", shape: [channels], quantization, data });
  }

  zeroPoint(): number {
    return this.random.chance(0.3) ? this.random.pick([-128, 127, 0]) : this.random.integer(-128, 127);
  }

  /** An output scale at which sums of `depth` products spread over int8, sometimes far too small or too large. */
  outputScale(input: number, weights: number, depth: number): number {
    const unit = this.scaleOf(input) * this.scaleOf(weights) * 5000 * Math.sqrt(depth);
    const spread = this.random.chance(0.1) ? this.random.pick([0.001, 300]) : this.random.real(0.2, 4);
    return Math.fround((unit * spread) / 64);
  }

  scaleOf(index: number): number {
    return this.tensors[index].quantization!.scale[0];
  }

  zeroPointOf(index: number): number {
    return this.tensors[index].quantization!.zeroPoint[0];
  }

  shapeOf(index: number): readonly number[] {
    return this.tensors[index].shape;
  }

  /** An activation quantized as another. */
  like(tensor: number, shape: readonly number[]): number {
    return this.activation(shape, this.scaleOf(tensor), this.zeroPointOf(tensor));
  }

  /** An int8 constant quantized as another tensor. */
  constantAs(tensor: number, shape: readonly number[], random: Random): number {
    const quantization = this.tensors[tensor].quantization!;
    const data = random.int8s(elementCount(shape));
    return this.add({ name: `constant${this.tensors.length}`, type: "int8", shape, quantization, data });
  }

  /** A tensor of any boundary type; float32 has no quantization. */
  boundary(type: "int8" | "uint8" | "float32", shape: readonly number[], scale: number, zeroPoint: number): number {
    const quantization = type === "float32" ? {} : { quantization: perTensor(scale, zeroPoint) };
    return this.add({ name: `t${this.tensors.length}`, type, shape, ...quantization });
  }

  build(outputs: readonly number[] = [this.operators.at(-1)!.outputs[0]]): Int8Graph {
    return { name: "main", tensors: this.tensors, operators: this.operators, inputs: this.inputs, outputs };
  }

  private add(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }
}

export function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), axis: 0 };
}
