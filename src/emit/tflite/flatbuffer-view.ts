/**
 * Reads flatbuffers from hostile bytes: every offset, vtable and vector is checked against the buffer before it is followed, and what is
 * unpacked is bounded by a multiple of the file's size however often its parts refer to each other. Format: flatbuffers.dev/internals.
 */
import { UserError } from "../../errors.js";

/** Elements that may be unpacked per byte of file: well-formed files stay below 1. */
const UNPACKED_PER_BYTE = 16;

export interface VectorView {
  /** Position of the first element. */
  readonly at: number;
  readonly length: number;
}

export class FlatBufferView {
  private readonly view: DataView;
  private budget: number;

  /** `bytes` are not copied. `where` names the file in errors. */
  constructor(
    readonly bytes: Uint8Array,
    private readonly where: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.budget = UNPACKED_PER_BYTE * bytes.byteLength;
  }

  fail(what: string, remedy = "Export the model again; the file is damaged or not a TFLite model."): never {
    throw new UserError(what, { where: this.where, remedy });
  }

  /** Checks that [at, at + size) lies inside the buffer. */
  expect(at: number, size: number): void {
    if (at < 0 || at + size > this.bytes.byteLength) {
      this.fail(`the file is cut off or damaged: it refers to bytes ${at} to ${at + size} of ${this.bytes.byteLength}`);
    }
  }

  private charge(elements: number): void {
    this.budget -= elements;
    if (this.budget < 0) this.fail("the file is damaged: its parts refer to each other over and over");
  }

  root(): TableView {
    return this.table(this.uint32(0));
  }

  table(at: number): TableView {
    this.charge(1);
    return new TableView(this, at);
  }

  int8(at: number): number {
    this.expect(at, 1);
    return this.view.getInt8(at);
  }

  uint16(at: number): number {
    this.expect(at, 2);
    return this.view.getUint16(at, true);
  }

  int32(at: number): number {
    this.expect(at, 4);
    return this.view.getInt32(at, true);
  }

  uint32(at: number): number {
    this.expect(at, 4);
    return this.view.getUint32(at, true);
  }

  uint64(at: number): bigint {
    this.expect(at, 8);
    return this.view.getBigUint64(at, true);
  }

  float32(at: number): number {
    this.expect(at, 4);
    return this.view.getFloat32(at, true);
  }

  /** A vector at `at` (its length field) whose elements have `elementSize` bytes. */
  vector(at: number, elementSize: number): VectorView {
    const length = this.uint32(at);
    this.expect(at + 4, length * elementSize);
    return { at: at + 4, length };
  }

  int32s({ at, length }: VectorView): Int32Array {
    this.charge(length);
    return Int32Array.from({ length }, (_, i) => this.view.getInt32(at + 4 * i, true));
  }

  float32s({ at, length }: VectorView): Float32Array {
    this.charge(length);
    return Float32Array.from({ length }, (_, i) => this.view.getFloat32(at + 4 * i, true));
  }

  int64s({ at, length }: VectorView): bigint[] {
    this.charge(length);
    return Array.from({ length }, (_, i) => this.view.getBigInt64(at + 8 * i, true));
  }

  text({ at, length }: VectorView): string {
    this.charge(length);
    return new TextDecoder().decode(this.bytes.subarray(at, at + length));
  }
}

/** One table; fields that are absent give their default or undefined. */
export class TableView {
  private readonly vtable: number;
  private readonly vtableSize: number;
  private readonly size: number;

  constructor(
    private readonly buffer: FlatBufferView,
    private readonly at: number,
  ) {
    this.vtable = at - buffer.int32(at);
    this.vtableSize = buffer.uint16(this.vtable);
    this.size = buffer.uint16(this.vtable + 2);
    if (this.vtableSize < 4 || this.vtableSize % 2 !== 0 || this.size < 4)
      buffer.fail(`the file is damaged: bad table at byte ${at}`);
    buffer.expect(this.vtable, this.vtableSize);
    buffer.expect(at, this.size);
  }

  /** Position of a field of `size` bytes; undefined when absent. */
  private field(slot: number, size: number): number | undefined {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.vtableSize) return undefined;
    const offset = this.buffer.uint16(this.vtable + entry);
    if (offset === 0) return undefined;
    if (offset < 4 || offset + size > this.size) this.buffer.fail(`the file is damaged: bad table at byte ${this.at}`);
    return this.at + offset;
  }

  has(slot: number): boolean {
    return this.field(slot, 1) !== undefined;
  }

  bool(slot: number): boolean {
    return this.int8(slot) !== 0;
  }

  int8(slot: number, absent = 0): number {
    const at = this.field(slot, 1);
    return at === undefined ? absent : this.buffer.int8(at);
  }

  int32(slot: number, absent = 0): number {
    const at = this.field(slot, 4);
    return at === undefined ? absent : this.buffer.int32(at);
  }

  uint32(slot: number): number {
    const at = this.field(slot, 4);
    return at === undefined ? 0 : this.buffer.uint32(at);
  }

  uint64(slot: number): bigint {
    const at = this.field(slot, 8);
    return at === undefined ? 0n : this.buffer.uint64(at);
  }

  float32(slot: number): number {
    const at = this.field(slot, 4);
    return at === undefined ? 0 : this.buffer.float32(at);
  }

  /** Follows an offset field. */
  private target(slot: number): number | undefined {
    const at = this.field(slot, 4);
    return at === undefined ? undefined : at + this.buffer.uint32(at);
  }

  table(slot: number): TableView | undefined {
    const at = this.target(slot);
    return at === undefined ? undefined : this.buffer.table(at);
  }

  vector(slot: number, elementSize: number): VectorView | undefined {
    const at = this.target(slot);
    return at === undefined ? undefined : this.buffer.vector(at, elementSize);
  }

  tables(slot: number, limit: number, what: string): TableView[] {
    const vector = this.vector(slot, 4);
    if (vector === undefined) return [];
    if (vector.length > limit) this.buffer.fail(`the model has ${vector.length} ${what}, more than ${limit}`);
    return Array.from({ length: vector.length }, (_, i) => {
      const at = vector.at + 4 * i;
      return this.buffer.table(at + this.buffer.uint32(at));
    });
  }

  int32s(slot: number): Int32Array {
    const vector = this.vector(slot, 4);
    return vector === undefined ? new Int32Array(0) : this.buffer.int32s(vector);
  }

  float32s(slot: number): Float32Array {
    const vector = this.vector(slot, 4);
    return vector === undefined ? new Float32Array(0) : this.buffer.float32s(vector);
  }

  int64s(slot: number): bigint[] {
    const vector = this.vector(slot, 8);
    return vector === undefined ? [] : this.buffer.int64s(vector);
  }

  text(slot: number): string {
    const vector = this.vector(slot, 1);
    return vector === undefined ? "" : this.buffer.text(vector);
  }
}
