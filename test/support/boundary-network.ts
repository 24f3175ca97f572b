/** Random networks with several inputs and outputs, of int8, uint8 and float32, whose middle is every operator without weights. */
import type { Int8Graph, Unary } from "#smilec/graph/types.js";
import { GraphBuilder } from "./graph-builder.js";
import type { Random } from "./random.js";

type BoundaryType = "int8" | "uint8" | "float32";

const BOUNDARY_TYPES: readonly BoundaryType[] = ["int8", "uint8", "float32"];
const UNARY: readonly (Unary["kind"] | "LEAKY_RELU" | "QUANTIZE")[] = [
  "RELU",
  "TANH",
  "LOGISTIC",
  "HARD_SWISH",
  "LEAKY_RELU",
  "QUANTIZE",
];

export class BoundaryNetwork extends GraphBuilder {
  /** An input of a type, quantized to int8 where it is not; [N,H,W,C]. */
  quantizedInput(type: BoundaryType, shape: readonly number[]): number {
    const zeroPoint = this.zeroPoint();
    const scale = this.random.scale(0.005, 0.1);
    const input = this.boundary(type, shape, scale, type === "uint8" ? zeroPoint + 128 : zeroPoint);
    this.inputs.push(input);
    if (type === "int8") return input;
    const output = this.activation(shape, scale, zeroPoint);
    this.operators.push({ kind: "QUANTIZE", inputs: [input], outputs: [output] });
    return output;
  }

  /** An int8 tensor as an output of a type. */
  outputOf(type: BoundaryType, tensor: number): number {
    if (type === "int8") return tensor;
    const output = this.boundary(type, this.shapeOf(tensor), this.scaleOf(tensor), this.zeroPointOf(tensor) + 128);
    const kind = type === "float32" ? "DEQUANTIZE" : "QUANTIZE";
    this.operators.push({ kind, inputs: [tensor], outputs: [output] });
    return output;
  }

  unary(x: number, kind = this.random.pick(UNARY)): number {
    const [shape, scale] = [this.shapeOf(x), Math.fround(this.scaleOf(x) * this.random.real(0.5, 2))];
    const fixed = { TANH: [1 / 128, 0], LOGISTIC: [1 / 256, -128] } as const;
    const [outputScale, zeroPoint] =
      kind === "TANH" || kind === "LOGISTIC" ? fixed[kind] : [scale, this.random.integer(-128, 127)];
    const output = this.activation(shape, outputScale, zeroPoint);
    const tensors = { inputs: [x], outputs: [output] };
    this.operators.push(kind === "LEAKY_RELU" ? { kind, ...tensors, alpha: Math.fround(0.1) } : { kind, ...tensors });
    return output;
  }

  /** Of two tensors of one shape. */
  binary(a: number, b: number): number {
    const kind = this.random.pick(["ADD", "SUB", "MUL"] as const);
    const larger = Math.max(this.scaleOf(a), this.scaleOf(b));
    const unit = kind === "MUL" ? 60 * this.scaleOf(a) * this.scaleOf(b) : larger;
    const output = this.activation(this.shapeOf(a), Math.fround(unit * this.random.real(0.8, 2)), this.zeroPoint());
    this.operators.push({ kind, inputs: [a, b], outputs: [output], activation: "NONE" });
    return output;
  }

  /** Along the channels; the second is quantized as the first before. */
  concatenate(a: number, b: number): number {
    const like = this.like(a, this.shapeOf(b));
    this.operators.push({ kind: "QUANTIZE", inputs: [b], outputs: [like] });
    const shape = this.shapeOf(a).with(3, this.shapeOf(a)[3] + this.shapeOf(b)[3]);
    const output = this.like(a, shape);
    this.operators.push({ kind: "CONCATENATION", inputs: [a, like], outputs: [output], axis: -1 });
    return output;
  }

  reshape(x: number, newShape: readonly number[]): number {
    const output = this.like(x, newShape);
    this.operators.push({ kind: "RESHAPE", inputs: [x], outputs: [output], newShape });
    return output;
  }

  /** Adds a dimension and takes it away again. */
  thereAndBack(x: number): number {
    const expanded = this.like(x, this.shapeOf(x).toSpliced(1, 0, 1));
    this.operators.push({ kind: "EXPAND_DIMS", inputs: [x, this.int32s([1])], outputs: [expanded] });
    const output = this.like(x, this.shapeOf(x));
    this.operators.push({ kind: "SQUEEZE", inputs: [expanded], outputs: [output], squeezeDims: [1] });
    return output;
  }

  /** Moves values about: another picture of the same or another size. */
  rearrange(x: number): number {
    const [n, h, w, c] = this.shapeOf(x);
    switch (this.random.integer(0, 4)) {
      case 0: {
        const output = this.like(x, [n, w, h, c]);
        this.operators.push({ kind: "TRANSPOSE", inputs: [x, this.int32s([0, 2, 1, 3])], outputs: [output] });
        return output;
      }
      case 1: {
        const constants = [
          [0, 0, 0, 0],
          [n, h, w, c],
          [1, 2, 1, 1],
        ].map((values) => this.int32s(values));
        const output = this.like(x, [n, Math.ceil(h / 2), w, c]);
        const masks = { beginMask: 0, endMask: 0, shrinkAxisMask: 0 };
        this.operators.push({ kind: "STRIDED_SLICE", inputs: [x, ...constants], outputs: [output], ...masks });
        return output;
      }
      case 2: {
        const paddings = this.int32s([0, 0, 1, 0, 0, 2, 0, 0], [4, 2]);
        const value = this.constantAs(x, [1], this.random);
        const output = this.like(x, [n, h + 1, w + 2, c]);
        this.operators.push({ kind: "PADV2", inputs: [x, paddings, value], outputs: [output] });
        return output;
      }
      case 3: {
        const kind = this.random.pick(["RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"] as const);
        const output = this.like(x, [n, 2 * h, w + 1, c]);
        const flags = { alignCorners: this.random.chance(0.5), halfPixelCenters: false };
        this.operators.push({ kind, inputs: [x, this.int32s([2 * h, w + 1])], outputs: [output], ...flags });
        return output;
      }
      default:
        return this.thereAndBack(x);
    }
  }
}

/** One to three inputs, joined and rearranged, one to three outputs. */
export function randomBoundaryNetwork(random: Random): Int8Graph {
  const b = new BoundaryNetwork(random);
  const shape = [1, random.integer(2, 5), random.integer(2, 5), random.integer(1, 4)];
  const inputs = Array.from({ length: random.integer(1, 3) }, () =>
    b.quantizedInput(random.pick(BOUNDARY_TYPES), shape),
  );
  const pool = [...inputs];
  let x = inputs.reduce((a, input) => (random.chance(0.5) ? b.concatenate(a, input) : joined(b, a, input)));
  for (let step = random.integer(1, 6); step > 0; step--) {
    x = random.chance(0.5) ? b.unary(x) : random.chance(0.3) ? b.binary(x, x) : b.rearrange(x);
    if (random.chance(0.4)) pool.push(x);
  }
  const last = b.unary(x);
  const others = Array.from({ length: random.integer(0, 2) }, () => b.unary(random.pick(pool)));
  const outputs = [last, ...others].map((tensor) => b.outputOf(random.pick(BOUNDARY_TYPES), tensor));
  return { ...b.build(outputs), name: "boundary network" };
}

/** Elementwise where the shapes are one, else along the channels. */
function joined(b: BoundaryNetwork, a: number, input: number): number {
  return b.shapeOf(a)[3] === b.shapeOf(input)[3] ? b.binary(a, input) : b.concatenate(a, input);
}

/** Networks whose outputs need copies or share memory: an input, a constant, one tensor twice, names of one another. */
export function oddOutputs(random: Random): Int8Graph[] {
  const make = (outputs: (b: BoundaryNetwork, x: number) => number[]): Int8Graph => {
    const b = new BoundaryNetwork(random);
    const x = b.quantizedInput("int8", [1, 2, 3, 2]);
    b.quantizedInput("uint8", [1, 2, 2, 1]);
    return { ...b.build(outputs(b, x)), name: "odd outputs" };
  };
  return [
    make((b, x) => [x, b.unary(x)]),
    make((b, x) => [b.reshape(x, [12]), x]),
    make((b, x) => [b.constantAs(x, [3], random), b.unary(x)]),
    make((b, x) => {
      const y = b.unary(x);
      return [y, y, b.reshape(y, [12])];
    }),
    make((b, x) => {
      const y = b.unary(x);
      return [b.unary(y), y, b.reshape(b.reshape(y, [6, 2]), [12])];
    }),
    make((b, x) => [x, x, b.inputs[1], b.outputOf("float32", x)]),
  ];
}
