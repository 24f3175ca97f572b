/**
 * Writes an Int8Graph as a TFLite flatbuffer, with the flatbuffers Builder directly: absent vectors are absent (offset 0), as TFLite Micro
 * takes an empty one for a present one, and constant data is aligned to 16 bytes. The same graph always gives the same bytes.
 */
import { Builder } from "flatbuffers";
import type { Int8Graph, Operator, Quantization, Tensor } from "../../graph/types.js";
import { validateGraph } from "../../graph/validate.js";
import { builtinCode, STORAGE, withoutAbsentTail } from "./operators/table.js";
import {
  BUFFER_ALIGNMENT,
  BufferTable,
  FILE_IDENTIFIER,
  MetadataTable,
  MIN_RUNTIME_VERSION,
  MIN_RUNTIME_VERSION_BYTES,
  Model,
  OperatorCode,
  OperatorTable,
  PLACEHOLDER_FOR_GREATER_OP_CODES,
  QuantizationTable,
  SCHEMA_VERSION,
  SubGraph,
  TENSOR_TYPE_CODES,
  TensorTable,
} from "./schema.js";
import { int32Vector, offsetVector } from "./vectors.js";

const DESCRIPTION = "smilec";

/** One entry of Model.operator_codes: operators of one kind may need several versions. */
interface Code {
  readonly builtinCode: number;
  readonly version: number;
}

/**
 * The model as the bytes of a `.tflite` file. `metadata` of the graph is kept; `min_runtime_version` is added.
 * Throws UserError for a graph that is not valid.
 */
export function writeTflite(graph: Int8Graph): Uint8Array {
  validateGraph(graph);
  const builder = new Builder(1024);
  const buffers = new BufferList(builder);
  const codes = new CodeList(graph);
  const subgraph = writeSubgraph(builder, graph, buffers, codes);
  const metadata = writeMetadata(builder, graph, buffers, codes.minRuntimeVersion());
  const description = builder.createString(DESCRIPTION);
  const operatorCodes = offsetVector(
    builder,
    codes.list.map((code) => writeCode(builder, code)),
  );
  const subgraphs = offsetVector(builder, [subgraph]);
  const bufferVector = offsetVector(builder, buffers.offsets);
  builder.startObject(Model.fields);
  builder.addFieldInt32(Model.version, SCHEMA_VERSION, 0);
  builder.addFieldOffset(Model.operatorCodes, operatorCodes, 0);
  builder.addFieldOffset(Model.subgraphs, subgraphs, 0);
  builder.addFieldOffset(Model.description, description, 0);
  builder.addFieldOffset(Model.buffers, bufferVector, 0);
  builder.addFieldOffset(Model.metadata, metadata, 0);
  builder.finish(builder.endObject(), FILE_IDENTIFIER);
  return builder.asUint8Array().slice();
}

/** Model.buffers under construction; entry 0 is the empty buffer that tensors without data refer to. */
class BufferList {
  readonly offsets: number[] = [];

  constructor(private readonly builder: Builder) {
    this.add(undefined);
  }

  /** Index of a new buffer with these bytes. */
  add(data: ArrayBufferView | undefined): number {
    const { builder } = this;
    let vector = 0;
    if (data !== undefined) {
      // Aligning first makes createByteVector, which asks for no alignment, start at a multiple of 16.
      builder.prep(BUFFER_ALIGNMENT, data.byteLength);
      vector = builder.createByteVector(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    builder.startObject(BufferTable.fields);
    builder.addFieldOffset(BufferTable.data, vector, 0);
    return this.offsets.push(builder.endObject()) - 1;
  }
}

/** Model.operator_codes in order of first use. */
class CodeList {
  readonly list: Code[] = [];
  private readonly indices = new Map<string, number>();
  private runtime = "1.5.0";

  constructor(private readonly graph: Int8Graph) {
    for (const operator of graph.operators) this.indexOf(operator);
  }

  indexOf(operator: Operator): number {
    const [version, runtime] = STORAGE[operator.kind].version(operator, this.graph);
    const key = `${operator.kind} ${version}`;
    const known = this.indices.get(key);
    if (known !== undefined) return known;
    if (compareVersions(runtime, this.runtime) > 0) this.runtime = runtime;
    const index = this.list.push({ builtinCode: builtinCode(operator.kind), version }) - 1;
    this.indices.set(key, index);
    return index;
  }

  minRuntimeVersion(): Uint8Array {
    const bytes = new Uint8Array(MIN_RUNTIME_VERSION_BYTES);
    new TextEncoder().encodeInto(this.runtime, bytes);
    return bytes;
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  const different = left.findIndex((part, i) => part !== right[i]);
  return different < 0 ? 0 : left[different] - right[different];
}

function writeCode(builder: Builder, { builtinCode: code, version }: Code): number {
  builder.startObject(OperatorCode.fields);
  builder.addFieldInt8(OperatorCode.deprecatedBuiltinCode, Math.min(code, PLACEHOLDER_FOR_GREATER_OP_CODES), 0);
  builder.addFieldInt32(OperatorCode.version, version, 1);
  builder.addFieldInt32(OperatorCode.builtinCode, code, 0);
  return builder.endObject();
}

function writeSubgraph(builder: Builder, graph: Int8Graph, buffers: BufferList, codes: CodeList): number {
  const tensors = offsetVector(
    builder,
    graph.tensors.map((tensor) => writeTensor(builder, tensor, buffers)),
  );
  const operators = offsetVector(
    builder,
    graph.operators.map((operator) => writeOperator(builder, operator, codes)),
  );
  const inputs = int32Vector(builder, graph.inputs);
  const outputs = int32Vector(builder, graph.outputs);
  const name = builder.createString(graph.name);
  builder.startObject(SubGraph.fields);
  builder.addFieldOffset(SubGraph.tensors, tensors, 0);
  builder.addFieldOffset(SubGraph.inputs, inputs, 0);
  builder.addFieldOffset(SubGraph.outputs, outputs, 0);
  builder.addFieldOffset(SubGraph.operators, operators, 0);
  builder.addFieldOffset(SubGraph.name, name, 0);
  return builder.endObject();
}

function writeTensor(builder: Builder, tensor: Tensor, buffers: BufferList): number {
  const buffer = tensor.data === undefined ? 0 : buffers.add(tensor.data);
  const quantization = tensor.quantization === undefined ? 0 : writeQuantization(builder, tensor.quantization);
  const shape = int32Vector(builder, tensor.shape);
  const name = builder.createString(tensor.name);
  builder.startObject(TensorTable.fields);
  builder.addFieldOffset(TensorTable.shape, shape, 0);
  builder.addFieldInt8(TensorTable.type, TENSOR_TYPE_CODES[tensor.type], 0);
  builder.addFieldInt32(TensorTable.buffer, buffer, 0);
  builder.addFieldOffset(TensorTable.name, name, 0);
  builder.addFieldOffset(TensorTable.quantization, quantization, 0);
  builder.addFieldInt8(TensorTable.hasRank, 1, 0);
  return builder.endObject();
}

function writeQuantization(builder: Builder, { scale, zeroPoint, axis }: Quantization): number {
  builder.startVector(8, zeroPoint.length, 8);
  for (let i = zeroPoint.length - 1; i >= 0; i--) builder.addInt64(BigInt(zeroPoint[i]));
  const zeroPoints = builder.endVector();
  builder.startVector(4, scale.length, 4);
  for (let i = scale.length - 1; i >= 0; i--) builder.addFloat32(scale[i]);
  const scales = builder.endVector();
  builder.startObject(QuantizationTable.fields);
  builder.addFieldOffset(QuantizationTable.scale, scales, 0);
  builder.addFieldOffset(QuantizationTable.zeroPoint, zeroPoints, 0);
  builder.addFieldInt32(QuantizationTable.quantizedDimension, axis, 0);
  return builder.endObject();
}

function writeOperator(builder: Builder, operator: Operator, codes: CodeList): number {
  const { optionsType, write } = STORAGE[operator.kind];
  const inputs = int32Vector(builder, withoutAbsentTail(operator.inputs));
  const outputs = int32Vector(builder, operator.outputs);
  const options = write(builder, operator);
  builder.startObject(OperatorTable.fields);
  builder.addFieldInt32(OperatorTable.opcodeIndex, codes.indexOf(operator), 0);
  builder.addFieldOffset(OperatorTable.inputs, inputs, 0);
  builder.addFieldOffset(OperatorTable.outputs, outputs, 0);
  builder.addFieldInt8(OperatorTable.builtinOptionsType, optionsType, 0);
  builder.addFieldOffset(OperatorTable.builtinOptions, options, 0);
  return builder.endObject();
}

/** Entries in order of name, so that the order in which they were set does not matter. */
function writeMetadata(builder: Builder, graph: Int8Graph, buffers: BufferList, runtime: Uint8Array): number {
  const entries = Object.entries({ ...graph.metadata, [MIN_RUNTIME_VERSION]: runtime });
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const offsets = entries.map(([name, bytes]) => {
    const buffer = buffers.add(bytes);
    const text = builder.createString(name);
    builder.startObject(MetadataTable.fields);
    builder.addFieldOffset(MetadataTable.name, text, 0);
    builder.addFieldInt32(MetadataTable.buffer, buffer, 0);
    return builder.endObject();
  });
  return offsetVector(builder, offsets);
}
