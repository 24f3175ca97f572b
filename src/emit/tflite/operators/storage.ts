/**
 * What has to be known of a kind of operator to keep it in a TFLite flatbuffer: options table, version, resolver. Versions are those the TensorFlow converter gives int8
 * operators (tensorflow, lite/tools/versioning/op_version.cc), minimum runtimes those of runtime_version.cc.
 */
import type { Builder } from "flatbuffers";
import type { Int8Graph, Operator, OperatorKind } from "../../../graph/types.js";
import type { OptionsReader } from "./options-reader.js";

/** What all operators have: their tensors. */
export interface OperatorTensors {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface OperatorStorage {
  /** Type tag of the options table; NONE when there is none. */
  readonly optionsType: number;
  /** Highest version whose meaning for int8 operators is known here. */
  readonly maxVersion: number;
  /** MicroMutableOpResolver's method (tflite-micro, micro_mutable_op_resolver.h). */
  readonly resolver: string;
  /** Version and the oldest TFLite runtime that has it. */
  version(operator: Operator, graph: Int8Graph): readonly [version: number, runtime: string];
  /** Writes the options table and returns its offset. */
  write(builder: Builder, operator: Operator): number;
  read(tensors: OperatorTensors, options: OptionsReader): Operator;
}

export type StorageTable = Readonly<Record<OperatorKind, OperatorStorage>>;

export type OfKind<K extends OperatorKind> = Extract<Operator, { kind: K }>;

/** Ties the functions of one kind together; sound as a StorageTable is keyed by kind. */
export function storage<O extends Operator>(definition: {
  optionsType: number;
  maxVersion: number;
  resolver: string;
  version: (operator: O, graph: Int8Graph) => readonly [number, string];
  write: (builder: Builder, operator: O) => number;
  read: (tensors: OperatorTensors, options: OptionsReader) => O;
}): OperatorStorage {
  return definition as unknown as OperatorStorage;
}

/** An operator without options worth keeping: its options table, where it has one, is empty. */
export function plain<O extends Extract<Operator, { kind: PlainKind }>>(definition: {
  kind: PlainKind;
  optionsType: number;
  maxVersion: number;
  resolver: string;
  version: (operator: O, graph: Int8Graph) => readonly [number, string];
}): OperatorStorage {
  const { kind, ...rest } = definition;
  return storage<O>({ ...rest, write: emptyTable, read: (tensors) => ({ ...tensors, kind }) as unknown as O });
}

type PlainKind = "PAD" | "PADV2" | "EXPAND_DIMS" | "TRANSPOSE" | "HARD_SWISH" | "QUANTIZE" | "DEQUANTIZE";

function emptyTable(builder: Builder): number {
  builder.startObject(0);
  return builder.endObject();
}
