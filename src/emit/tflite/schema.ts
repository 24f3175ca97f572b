/**
 * Field slots and enumerations of the TFLite flatbuffer schema, version 3 (tensorflow, compiler/mlir/lite/schema/schema.fbs).
 * A slot is a field's position in its table; a union takes two (type, value).
 */
import type { Activation, Padding, TensorType } from "../../graph/types.js";

export const FILE_IDENTIFIER = "TFL3";
export const SCHEMA_VERSION = 3;
/** Constant data is aligned for SIMD loads (`force_align: 16`). */
export const BUFFER_ALIGNMENT = 16;
/** Name of the metadata entry that says which TFLite runtime a model needs: 16 bytes, zero-padded. */
export const MIN_RUNTIME_VERSION = "min_runtime_version";
export const MIN_RUNTIME_VERSION_BYTES = 16;

export const Model = {
  version: 0,
  operatorCodes: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadata: 6,
  fields: 8,
} as const;
export const OperatorCode = { deprecatedBuiltinCode: 0, customCode: 1, version: 2, builtinCode: 3, fields: 4 } as const;
export const SubGraph = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4, fields: 5 } as const;
export const TensorTable = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  isVariable: 5,
  sparsity: 6,
  hasRank: 8,
  externalBuffer: 10,
  fields: 11,
} as const;
export const QuantizationTable = { scale: 2, zeroPoint: 3, detailsType: 4, quantizedDimension: 6, fields: 7 } as const;
export const OperatorTable = {
  opcodeIndex: 0,
  inputs: 1,
  outputs: 2,
  builtinOptionsType: 3,
  builtinOptions: 4,
  customOptions: 5,
  largeCustomOptionsOffset: 9,
  builtinOptions2Type: 11,
  fields: 5,
} as const;
export const BufferTable = { data: 0, offset: 1, size: 2, fields: 3 } as const;
export const MetadataTable = { name: 0, buffer: 1, fields: 2 } as const;

/** Codes from this one on exist only in OperatorCode.builtin_code; the deprecated byte then holds this value. */
export const PLACEHOLDER_FOR_GREATER_OP_CODES = 127;

/** Names of BuiltinOperator, at their codes. */
export const BUILTIN_OPERATORS = (
  "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED " +
  "HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU " +
  "RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM " +
  "EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE " +
  "UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE " +
  "BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN " +
  "TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD " +
  "REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD " +
  "RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE " +
  "RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 " +
  "NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE " +
  "BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL " +
  "CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM " +
  "MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1"
).split(" ");

/** BuiltinOptions: the union's type tags that smilec writes. */
export const BuiltinOptions = {
  NONE: 0,
  Conv2DOptions: 1,
  DepthwiseConv2DOptions: 2,
  Pool2DOptions: 5,
  FullyConnectedOptions: 8,
  SoftmaxOptions: 9,
  ConcatenationOptions: 10,
  AddOptions: 11,
  ResizeBilinearOptions: 15,
  ReshapeOptions: 17,
  MulOptions: 21,
  PadOptions: 22,
  TransposeOptions: 26,
  ReducerOptions: 27,
  SubOptions: 28,
  SqueezeOptions: 30,
  StridedSliceOptions: 32,
  DequantizeOptions: 38,
  PadV2Options: 43,
  ExpandDimsOptions: 52,
  ResizeNearestNeighborOptions: 74,
  LeakyReluOptions: 75,
  QuantizeOptions: 89,
  HardSwishOptions: 91,
} as const;

/** TensorType names at their codes. */
export const TENSOR_TYPE_NAMES = (
  "FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64 RESOURCE VARIANT UINT32 UINT16 INT4 " +
  "BFLOAT16 INT2 UINT4 FLOAT8_E4M3FN FLOAT8_E5M2"
).split(" ");

export const TENSOR_TYPE_CODES: Readonly<Record<TensorType, number>> = {
  float32: 0,
  int32: 2,
  uint8: 3,
  int16: 7,
  int8: 9,
};

export const PADDINGS: readonly Padding[] = ["SAME", "VALID"];

/** ActivationFunctionType; TANH (4) and SIGN_BIT (5) have no int8 kernels. */
export const ACTIVATIONS: readonly Activation[] = ["NONE", "RELU", "RELU_N1_TO_1", "RELU6"];
