/** Reads the table of an operator's options. */
import type { Activation, Padding } from "../../../graph/types.js";
import type { TableView } from "../flatbuffer-view.js";
import { ACTIVATIONS, PADDINGS } from "../schema.js";

/** Reads options; `fail` names the operator. */
export class OptionsReader {
  constructor(
    /** Undefined when the operator has no options table: all fields then have their defaults. */
    private readonly table: TableView | undefined,
    readonly fail: (what: string) => never,
  ) {}

  int32(slot: number, absent = 0): number {
    return this.table?.int32(slot, absent) ?? absent;
  }

  bool(slot: number): boolean {
    return this.table?.bool(slot) ?? false;
  }

  float32(slot: number): number {
    return this.table?.float32(slot) ?? 0;
  }

  int32s(slot: number): number[] {
    return [...(this.table?.int32s(slot) ?? [])];
  }

  padding(slot: number): Padding {
    const code = this.table?.int8(slot) ?? 0;
    return PADDINGS[code] ?? this.fail(`has unknown padding ${code}`);
  }

  activation(slot: number): Activation {
    const code = this.table?.int8(slot) ?? 0;
    return (
      ACTIVATIONS[code] ??
      this.fail(`has the fused activation ${["TANH", "SIGN_BIT"][code - 4] ?? code}, which is not supported`)
    );
  }

  /** Refuses options whose value changes the meaning in a way smilec does not know. */
  expectDefault(slot: number, what: string): void {
    const code = this.table?.int8(slot) ?? 0;
    if (code !== 0) this.fail(`has ${what} ${code}, which is not supported`);
  }
}
