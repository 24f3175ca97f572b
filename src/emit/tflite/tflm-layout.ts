/**
 * Sizes of the C++ structures that TFLite Micro keeps in its arena, from their fields: pointers are wider on a 64-bit host than on the ESP32. Fields
 * as in espressif/esp-tflite-micro 1.4.0, compiled with TF_LITE_STATIC_MEMORY.
 */
import type { OperatorKind } from "../../graph/types.js";

export interface TflmRuntime {
  readonly pointerBytes: 4 | 8;
  /** "reference": TFLite Micro's portable kernels; else esp-tflite-micro's, with ESP-NN's choice for the chip. */
  readonly kernels: "reference" | "esp32" | "esp32s3";
  /** Built with USE_TFLM_COMPRESSION, which adds fields (TFLite Micro's Python package is; the ESP32's library is not). Default false. */
  readonly compression?: boolean;
  /** What allocators bigger than the plain ones add, bytes; default 0. */
  readonly allocatorBytes?: number;
}

export interface StructSize {
  readonly size: number;
  readonly alignment: number;
}

/**
 * Fields in order, one letter each: p pointer, size_t or table of virtual functions; i int32, float or enumeration; d double; b bool or int8. A
 * full stop ends a nested struct that began at the front. Spaces are for reading.
 */
type Fields = string;

/** micro_allocator.h, micro_allocation_info.h, greedy_memory_planner.h, single_arena_buffer_allocator.h, core/c/common.h */
const STRUCTS = {
  SingleArenaBufferAllocator: "pp ppppp p i",
  GreedyMemoryPlanner: "p ii pppp ii p b",
  MicroAllocator: "p pp p p b p p p",
  MicroBuiltinDataAllocator: "p p",
  SubgraphAllocations: "p p",
  NodeAndRegistration: "ppp pp p i . p",
  TfLiteEvalTensor: "p p i",
  TfLiteTensor: "ip ii p p p i i b",
  TfLiteAffineQuantization: "p p i",
  ScratchBufferHandle: "p",
  ScratchBufferRequest: "p i i",
  AllocationInfo: "p p i i i b",
} as const satisfies Record<string, Fields>;

export type TflmStruct = keyof typeof STRUCTS;

/** Options parsed from the flatbuffer (builtin_op_data.h); "" when the operator keeps none. */
const BUILTIN_DATA: Readonly<Record<OperatorKind, Fields>> = {
  CONV_2D: "iii i ii i",
  DEPTHWISE_CONV_2D: "iii i i ii",
  FULLY_CONNECTED: "i i b b i",
  ADD: "i b",
  AVERAGE_POOL_2D: "iii ii i iiii",
  MAX_POOL_2D: "iii ii i iiii",
  MEAN: "b",
  PAD: "",
  RESHAPE: "iiiiiiii i",
  SOFTMAX: "i",
  RELU: "",
  RELU6: "",
  LOGISTIC: "",
  QUANTIZE: "",
};

const CONV: Fields = "iiii iii ii pp ii i";
const SOFTMAX: Fields = "d ii ii i i i p pp pp";

/** What a kernel's init function allocates (micro/kernels/*.h). */
const OP_DATA: Readonly<Record<OperatorKind, Fields>> = {
  CONV_2D: CONV,
  DEPTHWISE_CONV_2D: CONV,
  FULLY_CONNECTED: "i i ii i iii i pp b",
  ADD: "b ii ii iii i i iii ii",
  AVERAGE_POOL_2D: "iiii ii ii",
  MAX_POOL_2D: "iiii ii ii",
  MEAN: "ii iii i i i i i i",
  PAD: "b iiiii b iiiii b i",
  RESHAPE: "",
  SOFTMAX,
  RELU: "iii iii i",
  RELU6: "i i",
  LOGISTIC: "i i i i",
  QUANTIZE: "id i i i",
};

/** kernels/esp_nn: struct NodeData { op data; int buffer_idx }. */
const ESP_NN_OP_DATA: Partial<Readonly<Record<OperatorKind, Fields>>> = {
  CONV_2D: `${CONV} . i`,
  DEPTHWISE_CONV_2D: `${CONV} . i`,
  SOFTMAX: `${SOFTMAX} . i`,
};

/** #ifdef USE_TFLM_COMPRESSION: at the end of these structs, a pointer to the compressed tensors, and two scratch indices. */
const COMPRESSION_FIELDS: Readonly<Record<string, Fields>> = {
  SubgraphAllocations: "p",
  CONV_2D: "i i",
  DEPTHWISE_CONV_2D: "i i",
  FULLY_CONNECTED: "i i",
};

export function structSize(name: TflmStruct, runtime: TflmRuntime): StructSize {
  return layOut(STRUCTS[name] + compressionFields(name, runtime), runtime);
}

/** Size 0: none. */
export function builtinDataSize(kind: OperatorKind, runtime: TflmRuntime): StructSize {
  return layOut(BUILTIN_DATA[kind], runtime);
}

/** Size 0: none. */
export function opDataSize(kind: OperatorKind, runtime: TflmRuntime): StructSize {
  const fields = runtime.kernels === "reference" ? undefined : ESP_NN_OP_DATA[kind];
  return layOut((fields ?? OP_DATA[kind]) + compressionFields(kind, runtime), runtime);
}

function compressionFields(name: string, { compression }: TflmRuntime): Fields {
  return compression === true ? (COMPRESSION_FIELDS[name] ?? "") : "";
}

/** Bytes of a TfLiteIntArray of `length` elements (core/c/common.h). */
export function intArrayBytes(length: number): number {
  return 4 + 4 * length;
}

export function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** The layout rules of the Itanium C++ ABI for plain structs; a double is aligned to 8 bytes, as on Xtensa. */
function layOut(fields: Fields, { pointerBytes }: TflmRuntime): StructSize {
  const sizes: Readonly<Record<string, number>> = { p: pointerBytes, i: 4, d: 8, b: 1 };
  let at = 0;
  let alignment = 1;
  for (const field of fields.replaceAll(" ", "")) {
    const size = sizes[field] ?? alignment;
    at = roundUp(at, size);
    if (field === ".") continue;
    at += size;
    alignment = Math.max(alignment, size);
  }
  return { size: roundUp(at, alignment), alignment };
}
