/**
 * Reads a `.tflite` file into an Int8Graph, trusting nothing in it: offsets are checked before they are followed (flatbuffer-view.ts), and what
 * they describe is checked before anyone computes with it (graph/validate.ts). Whatever the bytes, the result is a valid graph or a UserError.
 */
import type { Int8Graph, Operator, Quantization, Tensor, TensorData, TensorType } from "../../graph/types.js";
import { validateGraph } from "../../graph/validate.js";
import { FlatBufferView, type TableView } from "./flatbuffer-view.js";
import { OptionsReader } from "./operators/options-reader.js";
import { STORAGE, supportedKind, withoutAbsentTail } from "./operators/table.js";
import {
  BUILTIN_OPERATORS,
  BufferTable,
  FILE_IDENTIFIER,
  MetadataTable,
  MIN_RUNTIME_VERSION,
  Model,
  OperatorCode,
  OperatorTable,
  PLACEHOLDER_FOR_GREATER_OP_CODES,
  QuantizationTable,
  SCHEMA_VERSION,
  SubGraph,
  TENSOR_TYPE_CODES,
  TENSOR_TYPE_NAMES,
  TensorTable,
} from "./schema.js";

const MAX_FILE_BYTES = 2 ** 28;
const MAX_TENSORS = 2 ** 16;
const MAX_OPERATORS = 2 ** 15;
const MAX_METADATA = 2 ** 10;
const CUSTOM = BUILTIN_OPERATORS.indexOf("CUSTOM");
const NOT_SUPPORTED = "Convert the model with full int8 quantization and only the operators smilec supports.";

/** `where` is the file's name for errors. The graph refers to the bytes of `file`, which must not be changed afterwards. */
export function readTflite(file: Uint8Array, where: string): Int8Graph {
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength); // a Buffer's slice() would not copy
  const buffer = new FlatBufferView(bytes, where);
  if (bytes.byteLength > MAX_FILE_BYTES) buffer.fail(`the file has more than ${MAX_FILE_BYTES} bytes`);
  if (bytes.byteLength < 8 || new TextDecoder("latin1").decode(bytes.subarray(4, 8)) !== FILE_IDENTIFIER) {
    buffer.fail("this is not a TFLite model: the identifier TFL3 is missing", "Give the path of a .tflite file.");
  }
  const graph = new ModelReader(buffer, bytes).read();
  validateGraph(graph, where);
  return graph;
}

class ModelReader {
  private readonly model: TableView;
  private readonly buffers: readonly TableView[];
  /** Constants by position and type: tensors that share a buffer share its data. */
  private readonly constants = new Map<string, TensorData>();

  constructor(
    private readonly buffer: FlatBufferView,
    private readonly bytes: Uint8Array,
  ) {
    this.model = buffer.root();
    const version = this.model.uint32(Model.version);
    if (version !== SCHEMA_VERSION) buffer.fail(`the model has schema version ${version}, not ${SCHEMA_VERSION}`);
    this.buffers = this.model.tables(Model.buffers, MAX_TENSORS, "buffers");
  }

  read(): Int8Graph {
    const subgraphs = this.model.tables(Model.subgraphs, MAX_OPERATORS, "subgraphs");
    if (subgraphs.length !== 1) this.buffer.fail(`the model has ${subgraphs.length} subgraphs, not 1`, NOT_SUPPORTED);
    const [subgraph] = subgraphs;
    const operators = this.operators(subgraph);
    const tensors = subgraph
      .tables(SubGraph.tensors, MAX_TENSORS, "tensors")
      .map((table, index) => this.tensor(table, index, operators));
    const metadata = this.metadata();
    return {
      name: subgraph.text(SubGraph.name),
      tensors,
      operators,
      inputs: [...subgraph.int32s(SubGraph.inputs)],
      outputs: [...subgraph.int32s(SubGraph.outputs)],
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    };
  }

  private operators(subgraph: TableView): Operator[] {
    const codes = this.model.tables(Model.operatorCodes, MAX_OPERATORS, "operator codes");
    return subgraph
      .tables(SubGraph.operators, MAX_OPERATORS, "operators")
      .map((table, index) => this.operator(table, index, codes));
  }

  private operator(table: TableView, index: number, codes: readonly TableView[]): Operator {
    const code = codes[table.uint32(OperatorTable.opcodeIndex)];
    if (code === undefined) return this.buffer.fail(`operator ${index} refers to an operator code that does not exist`);
    const builtin = builtinCodeOf(code);
    const name =
      builtin === CUSTOM
        ? `custom operator ${JSON.stringify(code.text(OperatorCode.customCode))}`
        : (BUILTIN_OPERATORS[builtin] ?? `builtin operator ${builtin}`);
    const fail = (what: string): never => this.buffer.fail(`operator ${index} (${name}) ${what}`, NOT_SUPPORTED);
    const kind = supportedKind(builtin);
    if (kind === undefined) return fail("is not supported");
    const { maxVersion, optionsType, read } = STORAGE[kind];
    const version = code.int32(OperatorCode.version, 1);
    if (version < 1 || version > maxVersion) fail(`has version ${version}; smilec knows versions 1 to ${maxVersion}`);
    const type = table.int8(OperatorTable.builtinOptionsType) & 0xff;
    if (type !== optionsType && type !== 0) fail(`has options of type ${type}, not ${optionsType}`);
    if (table.int8(OperatorTable.builtinOptions2Type) !== 0)
      fail("has options of a newer kind, which are not supported");
    const custom = table.vector(OperatorTable.customOptions, 1)?.length ?? 0;
    if (custom > 0 || table.uint64(OperatorTable.largeCustomOptionsOffset) > 1n) {
      fail("has custom options, which are not supported");
    }
    const options = type === 0 ? undefined : table.table(OperatorTable.builtinOptions);
    const tensors = {
      inputs: withoutAbsentTail([...table.int32s(OperatorTable.inputs)]),
      outputs: [...table.int32s(OperatorTable.outputs)],
    };
    return read(tensors, new OptionsReader(options, fail));
  }

  private tensor(table: TableView, index: number, operators: readonly Operator[]): Tensor {
    const name = table.text(TensorTable.name);
    const fail = (what: string): never => {
      const user = operators.findIndex(({ inputs, outputs }) => inputs.includes(index) || outputs.includes(index));
      const by = user < 0 ? "" : ` of operator ${user} (${operators[user].kind})`;
      return this.buffer.fail(`tensor ${index} ${JSON.stringify(name)}${by} ${what}`, NOT_SUPPORTED);
    };
    const code = table.int8(TensorTable.type);
    const type = typeNamed(code);
    if (type === undefined) return fail(`has type ${TENSOR_TYPE_NAMES[code] ?? code}, which is not supported`);
    if (table.bool(TensorTable.isVariable)) fail("is a variable, which is not supported");
    if (table.has(TensorTable.sparsity)) fail("is sparse, which is not supported");
    if (table.uint32(TensorTable.externalBuffer) !== 0) fail("is stored outside the file, which is not supported");
    const data = this.constant(table.uint32(TensorTable.buffer), type, fail);
    const quantization = this.quantization(table.table(TensorTable.quantization), fail);
    return {
      name,
      type,
      shape: [...table.int32s(TensorTable.shape)],
      ...(quantization === undefined ? {} : { quantization }),
      ...(data === undefined ? {} : { data }),
    };
  }

  private quantization(table: TableView | undefined, fail: (what: string) => never): Quantization | undefined {
    if (table === undefined) return undefined;
    if (table.int8(QuantizationTable.detailsType) !== 0) fail("has custom quantization, which is not supported");
    const scale = table.float32s(QuantizationTable.scale);
    if (scale.length === 0) return undefined;
    const zeroPoint = Int32Array.from(table.int64s(QuantizationTable.zeroPoint), (value) => {
      if (BigInt.asIntN(32, value) !== value) fail(`has a zero point of ${value}`);
      return Number(value);
    });
    return { scale, zeroPoint, axis: scale.length === 1 ? 0 : table.int32(QuantizationTable.quantizedDimension) };
  }

  private constant(index: number, type: TensorType, fail: (what: string) => never): TensorData | undefined {
    const table = this.buffers[index];
    if (table === undefined) return index === 0 ? undefined : fail(`refers to buffer ${index}, which does not exist`);
    if (table.uint64(BufferTable.offset) > 1n) fail("is stored outside the flatbuffer, which is not supported");
    const vector = table.vector(BufferTable.data, 1);
    if (vector === undefined || vector.length === 0) return undefined;
    const key = `${vector.at} ${type}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const data = typedArray(this.bytes.subarray(vector.at, vector.at + vector.length), type);
    if (data === undefined)
      return fail(`has ${vector.length} bytes of data, which is no whole number of ${type} values`);
    this.constants.set(key, data);
    return data;
  }

  /** Everything but min_runtime_version, which the writer derives from the operators. */
  private metadata(): Record<string, Uint8Array> {
    const entries = new Map<string, Uint8Array>();
    for (const table of this.model.tables(Model.metadata, MAX_METADATA, "metadata entries")) {
      const name = table.text(MetadataTable.name);
      const vector = this.buffers[table.uint32(MetadataTable.buffer)]?.vector(BufferTable.data, 1);
      if (vector === undefined || name === MIN_RUNTIME_VERSION) continue;
      entries.set(name, this.bytes.subarray(vector.at, vector.at + vector.length));
    }
    return Object.fromEntries(entries);
  }
}

/** Codes below 127 may be in the deprecated byte only (old files) or in both. */
function builtinCodeOf(code: TableView): number {
  const deprecated = code.int8(OperatorCode.deprecatedBuiltinCode);
  return deprecated < PLACEHOLDER_FOR_GREATER_OP_CODES
    ? Math.max(deprecated, code.int32(OperatorCode.builtinCode))
    : code.int32(OperatorCode.builtinCode);
}

function typeNamed(code: number): TensorType | undefined {
  return (Object.keys(TENSOR_TYPE_CODES) as TensorType[]).find((type) => TENSOR_TYPE_CODES[type] === code);
}

/** The bytes as values of a type, copied only when alignment demands it; undefined when they are no whole number of values. */
function typedArray(bytes: Uint8Array, type: TensorType): TensorData | undefined {
  if (type === "uint8") return bytes;
  if (type === "int8") return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const Class = { int16: Int16Array, int32: Int32Array, float32: Float32Array }[type];
  if (bytes.byteLength % Class.BYTES_PER_ELEMENT !== 0) return undefined;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % Class.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Class(buffer as ArrayBuffer, byteOffset, byteLength / Class.BYTES_PER_ELEMENT);
}
