/**
 * Int8Graph: the waist of the compiler. Everything before it is float and statistical, everything after it integer and exact.
 * The quantizer produces it, `.tflite` files are read into it, and every emitter and the reference interpreter consume only it.
 *
 * Names and meanings follow the TFLite schema v3 (tensorflow/lite/schema/schema.fbs) and the quantization specification
 * (https://ai.google.dev/edge/litert/models/quantization_spec). Activations are NHWC.
 */

export type TensorType = "int8" | "uint8" | "int16" | "int32" | "float32";

const ELEMENT_BYTES: Readonly<Record<TensorType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  int32: 4,
  float32: 4,
};

/** What flows between operators: int8 everywhere, uint8 and float32 only before QUANTIZE and after QUANTIZE or DEQUANTIZE. */
export type ActivationData = Int8Array | Uint8Array | Float32Array;

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

/** Elementwise with TFLite broadcasting; both inputs int8. SUB: the first minus the second. */
export interface Binary extends OperatorBase {
  readonly kind: "ADD" | "SUB" | "MUL";
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

/**
 * inputs: activation, paddings (constant int32 [rank,2]), for PADV2 also the value to pad with (constant int8, one element). PAD pads with the zero
 * point. Input, output and value are quantized alike.
 */
export interface Pad extends OperatorBase {
  readonly kind: "PAD" | "PADV2";
}

/** inputs: activation, new shape (constant int32) or absent. The output tensor's shape is what counts. */
export interface Reshape extends OperatorBase {
  readonly kind: "RESHAPE";
  readonly newShape: readonly number[];
}

/** Removes dimensions of size 1: those named, negative ones counted from the end, or all when none is named. */
export interface Squeeze extends OperatorBase {
  readonly kind: "SQUEEZE";
  readonly squeezeDims: readonly number[];
}

/** inputs: activation, axis (constant int32, one element, -rank - 1 to rank). Adds a dimension of size 1 there. */
export interface ExpandDims extends OperatorBase {
  readonly kind: "EXPAND_DIMS";
}

/** 1 to 10 inputs, all quantized as the output, equal in shape but along `axis` (negative: counted from the end). */
export interface Concatenation extends OperatorBase {
  readonly kind: "CONCATENATION";
  readonly axis: number;
}

/**
 * inputs: activation of rank 1 to 4, begin, end, strides (constant int32 [rank]). Bit d of a mask is about dimension d: begin and end masks say
 * that the value given is not used, the shrink mask that index `begin` is taken and the dimension dropped.
 */
export interface StridedSlice extends OperatorBase {
  readonly kind: "STRIDED_SLICE";
  readonly beginMask: number;
  readonly endMask: number;
  readonly shrinkAxisMask: number;
}

/** inputs: activation of rank 1 to 5, permutation (constant int32 [rank]): output dimension d is input dimension permutation[d]. */
export interface Transpose extends OperatorBase {
  readonly kind: "TRANSPOSE";
}

/** inputs: activation [N,H,W,C], size (constant int32 [H',W']). Not both flags for RESIZE_BILINEAR. */
export interface Resize extends OperatorBase {
  readonly kind: "RESIZE_NEAREST_NEIGHBOR" | "RESIZE_BILINEAR";
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** Over the last dimension; output scale 1/256, zero point -128. */
export interface Softmax extends OperatorBase {
  readonly kind: "SOFTMAX";
  readonly beta: number;
}

/**
 * RELU (scales may differ), RELU6 (equal quantization on both sides: TFLite Micro clamps without rescaling), LOGISTIC (output scale 1/256,
 * zero point -128), TANH (output scale 1/128, zero point 0), HARD_SWISH.
 */
export interface Unary extends OperatorBase {
  readonly kind: "RELU" | "RELU6" | "LOGISTIC" | "TANH" | "HARD_SWISH";
}

/** x for x >= 0, alpha * x below; alpha is any float32. */
export interface LeakyRelu extends OperatorBase {
  readonly kind: "LEAKY_RELU";
  readonly alpha: number;
}

/** Between the model and its caller, or between scales: int8 to int8 or uint8, uint8 to int8, float32 to int8. */
export interface Quantize extends OperatorBase {
  readonly kind: "QUANTIZE";
}

/** int8 or uint8 to float32. */
export interface Dequantize extends OperatorBase {
  readonly kind: "DEQUANTIZE";
}

export type Operator =
  | Conv2D
  | DepthwiseConv2D
  | FullyConnected
  | Binary
  | Pool2D
  | Mean
  | Pad
  | Reshape
  | Squeeze
  | ExpandDims
  | Concatenation
  | StridedSlice
  | Transpose
  | Resize
  | Softmax
  | Unary
  | LeakyRelu
  | Quantize
  | Dequantize;

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

/** Bytes of a tensor's values. */
export function tensorBytes({ shape, type }: Tensor): number {
  return elementCount(shape) * ELEMENT_BYTES[type];
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
