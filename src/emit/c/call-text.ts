/** The lines of the invoke function that make a kernel call, and the functions and constants they need. */
import type { Int8Graph } from "../../graph/types.js";
import type { Boundary } from "./boundary-text.js";
import { breakLine, structInitializer } from "./c-text.js";
import type { CorePart } from "./cores.js";
import { partFunction } from "./cores-text.js";
import type { Definitions } from "./definitions.js";
import { cComment } from "./escape.js";
import { type Argument, type KernelCall, readsOf, writesOf } from "./kernel-call.js";
import { rowFunction } from "./rows-text.js";
import type { Storage } from "./storage.js";

export interface CallContext {
  readonly graph: Int8Graph;
  readonly storage: Storage;
  /** Prefix of every name. */
  readonly prefix: string;
  /** Call `void sim_step(int)` after each kernel call. */
  readonly profile: boolean;
}

export class CallRenderer {
  constructor(
    private readonly model: CallContext,
    private readonly boundary: Boundary,
    private readonly definitions: Definitions,
  ) {}

  /** Lines of the invoke function for one call. */
  lines(call: KernelCall, index: number): string[] {
    const step = this.model.profile ? [`    sim_step(${index});`] : [];
    return [breakLine(`    /* ${cComment(call.comment)} */`), breakLine(`    ${this.statement(call, index)}`), ...step];
  }

  private statement(call: KernelCall, index: number): string {
    if (call.parts !== undefined) return this.bothCores(call, call.parts, index);
    const name = this.functionFor(call, index);
    const pointers = call.arguments.flatMap((argument, position) =>
      this.pointer(argument, index, call.arguments.slice(0, position).filter(isParameters).length),
    );
    return `${name}(${pointers.join(", ")});`;
  }

  /** The call of the hook with a function that computes either part. */
  private bothCores(call: KernelCall, parts: readonly [CorePart, CorePart], index: number): string {
    const { prefix } = this.model;
    const [first, second] = parts.map((part, number) => {
      const pointers = part.call.arguments.flatMap((argument) => this.partPointer(argument, part, index, number));
      return breakLine(`        ${this.functionFor(part.call, index)}(${pointers.join(", ")});`);
    });
    const name = this.definitions.function(
      `both_${index}`,
      "const void *context, int index",
      partFunction(prefix, first, second),
      "static",
    );
    const addresses = [...readsOf(call), ...writesOf(call)].map((tensor) => this.address(tensor, index));
    return `${prefix}_on_both(${name}, &(const ${prefix}_pointers_t){${addresses.join(", ")}});`;
  }

  private partPointer(argument: Argument, part: CorePart, index: number, number: number): string[] {
    const plus = (offset: number) => (offset === 0 ? "" : ` + ${offset}`);
    switch (argument.kind) {
      case "read":
        return [`pointers->input${plus(part.inputOffset)}`];
      case "write":
        return [`pointers->output${plus(part.outputOffset)}`];
      case "scratch":
        if (argument.bytes === 0) return ["NULL"];
        return [arenaText(this.model.prefix, this.model.storage.scratchOffset(index) + part.scratchOffset)];
      case "shared":
        return typeof argument.value === "number"
          ? [String(argument.value)]
          : [this.definitions.struct(argument.value, `${index}_window_${number}`)];
      default:
        return this.pointer(argument, index, 0);
    }
  }

  /** `struct`: how many parameter structs the call has before this argument. */
  private pointer(argument: Argument, index: number, struct: number): string[] {
    switch (argument.kind) {
      case "literal":
        return [];
      case "shared":
        return typeof argument.value === "number"
          ? [String(argument.value)]
          : [this.definitions.struct(argument.value, `${index}_window`)];
      case "parameters":
        return [this.definitions.struct(argument.struct, struct === 0 ? `${index}` : `${index}_${struct}`)];
      case "table":
        return [this.definitions.table(argument.array, `${index}`)];
      case "read":
      case "write":
        return [this.address(argument.tensor, index)];
      case "scratch":
        return [argument.bytes === 0 ? "NULL" : arenaText(this.model.prefix, this.model.storage.scratchOffset(index))];
    }
  }

  private address(tensor: number, index: number): string {
    const place = this.model.storage.place(tensor);
    if (place.kind === "constant")
      return this.definitions.table({ role: "constant", values: place.values }, `${index}`);
    if (place.kind === "arena") return arenaText(this.model.prefix, place.offset);
    return this.boundary.pointer(place);
  }

  /** A function that calls the kernel with its literals; layers whose literals are equal share it. */
  private functionFor(call: KernelCall, index: number): string {
    if (call.rows !== undefined) {
      const { formals, body } = rowFunction(this.model.graph, { ...call, rows: call.rows });
      return this.definitions.function(`rows_${index}`, formals, body);
    }
    const parameters: string[] = [];
    const passed = call.arguments.map((argument, position) => {
      const formal = formalParameter(argument, call.arguments.slice(0, position).some(isRead));
      if (formal === undefined) return literalText(argument);
      parameters.push(formal.declaration);
      return formal.use;
    });
    const key = `${call.kernel}(${passed.join(", ")})`;
    return this.definitions.function(`${call.kernel.replace(/^smk_/, "")}_${index}`, parameters.join(", "), [
      breakLine(`    ${key};`),
    ]);
  }
}

/** The address of a place in the arena. */
export function arenaText(prefix: string, offset: number): string {
  return offset === 0 ? `${prefix}_arena` : `${prefix}_arena + ${offset}`;
}

function literalText(argument: Argument): string {
  if (argument.kind !== "literal") throw new TypeError(`${argument.kind} is not a literal`);
  const { value } = argument;
  if (typeof value === "number") return String(value);
  const noTables = (): never => {
    throw new TypeError("a literal struct holds no tables");
  };
  return `(${value.type})${structInitializer(value, noTables)}`;
}

function isRead(argument: Argument): boolean {
  return argument.kind === "read";
}

/** A struct whose common fields are literals, so that the compiler still specialises for them. */
function sharedParameter(argument: Extract<Argument, { kind: "shared" }>): { declaration: string; use: string } {
  const { value, varying } = argument;
  if (typeof value === "number") return { declaration: "int32_t count", use: "count" };
  const fields = Object.entries(value.fields).map(([name, field]) => {
    return `.${name} = ${varying.includes(name) ? `shape->${name}` : String(field)}`;
  });
  return { declaration: `const ${value.type} *shape`, use: `(${value.type}){${fields.join(", ")}}` };
}

function isParameters(argument: Argument): boolean {
  return argument.kind === "parameters";
}

function formalParameter(argument: Argument, second: boolean): { declaration: string; use: string } | undefined {
  switch (argument.kind) {
    case "literal":
      return undefined;
    case "shared":
      return sharedParameter(argument);
    case "parameters":
      return { declaration: `const ${argument.struct.type} *parameters`, use: "*parameters" };
    case "table":
      return {
        declaration: `const ${argument.array.values instanceof Int8Array ? "int8_t" : "int32_t"} *table`,
        use: "table",
      };
    case "read":
      return second
        ? { declaration: "const int8_t *other", use: "other" }
        : { declaration: "const int8_t *input", use: "input" };
    case "scratch":
      return { declaration: "int8_t *scratch", use: "scratch" };
    case "write":
      return { declaration: "int8_t *output", use: "output" };
  }
}
