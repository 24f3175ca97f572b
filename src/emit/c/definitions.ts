/** Constants and functions of a generated source; equal ones get one definition. */
import { arrayDefinition, breakLine, structInitializer } from "./c-text.js";
import type { ConstantArray, CStruct } from "./kernel-call.js";

export class Definitions {
  private readonly constants = new Map<string, string>();
  private readonly constantText: string[] = [];
  private readonly functions = new Map<string, string>();
  private readonly functionText: string[] = [];
  /** Bytes of weights, biases, multipliers and tables, each counted once. */
  weightBytes = 0;

  /** `prefix` of every name. */
  constructor(private readonly prefix: string) {}

  /** All that was defined, constants first. */
  text(): string[] {
    return [...this.constantText, ...this.functionText];
  }

  /** The address of a struct in flash. */
  struct(struct: CStruct, label: string): string {
    const body = structInitializer(struct, (array) => this.table(array, label));
    const head = `static const ${struct.type} `;
    const text = (name: string) => breakLine(`${head}${name} = ${body};`);
    return `&${this.define(`${head}${body}`, `${this.prefix}_${label}`, text)}`;
  }

  /** The name of an array in flash. */
  table(array: ConstantArray, label: string): string {
    const { values, role } = array;
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("latin1");
    const known = this.constants.size;
    const key = `${values.BYTES_PER_ELEMENT}:${bytes}`;
    const name = this.define(key, `${this.prefix}_${label}_${role}`, (chosen) => arrayDefinition(chosen, values));
    if (this.constants.size > known) this.weightBytes += values.byteLength;
    return name;
  }

  private define(key: string, name: string, text: (name: string) => string): string {
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    this.constants.set(key, name);
    this.constantText.push(text(name).trimEnd(), "");
    return name;
  }

  /** The name of a function that returns nothing. */
  function(
    suffix: string,
    formals: string,
    body: readonly string[],
    specifier = `${this.prefix.toUpperCase()}_KERNEL`,
  ): string {
    const key = [formals, ...body].join("\n");
    const known = this.functions.get(key);
    if (known !== undefined) return known;
    const name = `${this.prefix}_${suffix}`;
    this.functions.set(key, name);
    this.functionText.push(breakLine(`${specifier} void ${name}(${formals})`), "{", ...body, "}", "");
    return name;
  }
}
