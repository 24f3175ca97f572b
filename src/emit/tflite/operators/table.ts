/** How each operator is stored in a TFLite flatbuffer. */
import type { OperatorKind } from "../../../graph/types.js";
import { BUILTIN_OPERATORS } from "../schema.js";
import { ELEMENTWISE } from "./elementwise.js";
import { SHAPE } from "./shape.js";
import { SPATIAL } from "./spatial.js";
import type { StorageTable } from "./storage.js";
import { WEIGHTED } from "./weighted.js";

export const STORAGE: StorageTable = { ...WEIGHTED, ...SPATIAL, ...SHAPE, ...ELEMENTWISE };

/** The schema's BuiltinOperator code of a kind. */
export function builtinCode(kind: OperatorKind): number {
  return BUILTIN_OPERATORS.indexOf(kind);
}

/** The kind with this BuiltinOperator code, if smilec supports it. */
export function supportedKind(code: number): OperatorKind | undefined {
  const name = BUILTIN_OPERATORS[code];
  return name !== undefined && Object.hasOwn(STORAGE, name) ? (name as OperatorKind) : undefined;
}

/**
 * Inputs without absent ones (-1) at the end: TFLite Micro's DEPTHWISE_CONV_2D takes a third input for a bias that is there, and crashes.
 */
export function withoutAbsentTail(inputs: readonly number[]): number[] {
  const last = inputs.findLastIndex((index) => index !== -1);
  return inputs.slice(0, last + 1);
}
