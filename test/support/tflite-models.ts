/** .tflite files to compile and inspect: smilec's own, and those that others made where they are present. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { packageRoot } from "#smilec/files/package-root.js";

export const shippedModelPath = join(packageRoot, "models", "smile-48", "model.tflite");

const FOREIGN = join(packageRoot, "..", "shared", "data", "tflite");

/** Models of the TensorFlow and MLPerf projects; empty where they are not on this machine. */
export const foreignModelPaths: readonly string[] = existsSync(FOREIGN)
  ? readdirSync(FOREIGN)
      .filter((name) => name.endsWith(".tflite"))
      .sort()
      .map((name) => join(FOREIGN, name))
  : [];

export const modelCases: readonly (readonly [name: string, path: string])[] = [
  shippedModelPath,
  ...foreignModelPaths,
].map((path) => [basename(path), path] as const);

/** Positions of fields in a flatbuffer (https://flatbuffers.dev/internals/), for tests that damage one. */
class Fields {
  constructor(private readonly bytes: Buffer) {}

  /** Where a table's field lies; 0 when it is absent. */
  at(table: number, slot: number): number {
    const vtable = table - this.bytes.readInt32LE(table);
    const entry = 4 + 2 * slot;
    const offset = entry < this.bytes.readUInt16LE(vtable) ? this.bytes.readUInt16LE(vtable + entry) : 0;
    return offset === 0 ? 0 : table + offset;
  }

  follow(position: number): number {
    return position + this.bytes.readUInt32LE(position);
  }

  tables(table: number, slot: number): number[] {
    const vector = this.follow(this.at(table, slot));
    return Array.from({ length: this.bytes.readUInt32LE(vector) }, (_, i) => this.follow(vector + 4 + 4 * i));
  }
}

/** The shipped model with the code of its operators of one kind (schema.fbs: BuiltinOperator) changed. */
export function withOperatorCode(from: number, to: number): Buffer {
  const bytes = readFileSync(shippedModelPath);
  const fields = new Fields(bytes);
  const code = fields.tables(fields.follow(0), 1).find((table) => {
    const deprecated = fields.at(table, 0);
    return deprecated !== 0 && bytes.readInt8(deprecated) === from;
  });
  if (code === undefined) throw new Error(`the model stores no operator code ${from}`);
  bytes.writeInt8(to, fields.at(code, 0));
  if (fields.at(code, 3) !== 0) bytes.writeInt32LE(to, fields.at(code, 3));
  return bytes;
}

/** The shipped model with another type (schema.fbs: TensorType) for its first tensor, the input. */
export function withInputType(type: number): Buffer {
  const bytes = readFileSync(shippedModelPath);
  const fields = new Fields(bytes);
  const [subgraph] = fields.tables(fields.follow(0), 2);
  const input = bytes.readInt32LE(fields.follow(fields.at(subgraph, 1)) + 4);
  bytes.writeInt8(type, fields.at(fields.tables(subgraph, 0)[input], 1));
  return bytes;
}
