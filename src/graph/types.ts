/**
 * Int8Graph: the waist of the compiler. Everything before it is float and statistical, everything after it integer and exact.
 * The quantizer produces it, `.tflite` files are read into it, and every emitter and the reference interpreter consume only it.
 *
 * Names and meanings follow the TFLite schema v3 (tensorflow/lite/schema/schema.fbs) and the quantization specification
 * (https://ai.google.dev/edge/litert/models/quantization_spec). Activations are NHWC.
 */

export type TensorType = "int8" | "uint8" | "int16" | "int32" | "float32";

/** Contents of a constant tensor; the class matches the tensor's type. */
export type TensorData = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array;

/** real = scale * (q - zeroPoint). Scales are float32 values, as the TFLite schema stores them. */
export interface Quantization {
  /** Length 1 (per tensor) or the size of dimension `axis` (per channel). All > 0. */
  readonly scale: Float32Array;
  /** Same length as `scale`; all 0 for weights. */
  readonly zeroPoint: Int32Array;
  /** Dimension that per-channel values run along; 0 when per tensor. */
  readonly axis: number;
}

export interface Tensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly quantization?: Quantization;
  /** Present for constants only; row-major, one element per shape element. */
  readonly data?: TensorData;
}

/** Activation fused into the producing operator (schema.fbs: ActivationFunctionType). */
export type Activation = "NONE" | "RELU" | "RELU_N1_TO_1" | "RELU6";

/** schema.fbs: Padding. SAME pads as TensorFlow does: total = max((ceil(in/stride)-1)*stride + effective kernel - in, 0), the odd row at the end. */
export type Padding = "SAME" | "VALID";

interface OperatorBase {
  /** Indices into Int8Graph.tensors; -1 for an absent optional input. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

interface Window {
  readonly padding: Padding;
  readonly strideH: number;
  readonly strideW: number;
}

/** inputs: activation [N,H,W,I], weights [O,Kh,Kw,I/groups] per channel (axis 0), bias int32 [O] or absent. */
export interface Conv2D extends OperatorBase, Window {
  readonly kind: "CONV_2D";
  readonly dilationH: number;
  readonly dilationW: number;
  readonly activation: Activation;
}

/** inputs: activation [N,H,W,I], weights [1,Kh,Kw,O] per channel (axis 3) with O = I * depthMultiplier, bias int32 [O] or absent. */
export interface DepthwiseConv2D extends OperatorBase, Window {
  readonly kind: "DEPTHWISE_CONV_2D";
  readonly depthMultiplier: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly activation: Activation;
}

/** inputs: activation (flattened to [batch, I]), weights [O,I], bias int32 [O] or absent. */
export interface FullyConnected extends OperatorBase {
  readonly kind: "FULLY_CONNECTED";
  readonly keepNumDims: boolean;
  readonly activation: Activation;
}

/** Elementwise with TFLite broadcasting; both inputs int8. */
export interface Add extends OperatorBase {
  readonly kind: "ADD";
  readonly activation: Activation;
}

export interface Pool2D extends OperatorBase, Window {
  readonly kind: "AVERAGE_POOL_2D" | "MAX_POOL_2D";
  readonly filterH: number;
  readonly filterW: number;
  readonly activation: Activation;
}

/** inputs: activation, axes (constant int32). */
export interface Mean extends OperatorBase {
  readonly kind: "MEAN";
  readonly keepDims: boolean;
}

/** inputs: activation, paddings (constant int32 [rank,2]). Pads with the zero point; input and output are quantized alike. */
export interface Pad extends OperatorBase {
  readonly kind: "PAD";
}

/** inputs: activation, new shape (constant int32) or absent. The output tensor's shape is what counts. */
export interface Reshape extends OperatorBase {
  readonly kind: "RESHAPE";
  readonly newShape: readonly number[];
}

/** Over the last dimension; output scale 1/256, zero point -128. */
export interface Softmax extends OperatorBase {
  readonly kind: "SOFTMAX";
  readonly beta: number;
}

/**
 * RELU (scales may differ), RELU6 (equal quantization on both sides: TFLite Micro clamps without rescaling), LOGISTIC (output scale 1/256,
 * zero point -128), QUANTIZE (int8 to int8 requantization).
 */
export interface Unary extends OperatorBase {
  readonly kind: "RELU" | "RELU6" | "LOGISTIC" | "QUANTIZE";
}

export type Operator =
  | Conv2D
  | DepthwiseConv2D
  | FullyConnected
  | Add
  | Pool2D
  | Mean
  | Pad
  | Reshape
  | Softmax
  | Unary;

export type OperatorKind = Operator["kind"];

export interface Int8Graph {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  /** In execution order: an operator reads only constants, graph inputs and outputs of earlier operators. */
  readonly operators: readonly Operator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Named byte blobs that travel in the .tflite (Model.metadata). */
  readonly metadata?: Readonly<Record<string, Uint8Array>>;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
