/** Kernel calls with their places to the text of model.h and model.c. */
import { elementCount, type Int8Graph, type Tensor } from "../../graph/types.js";
import type { Example } from "../golden.js";
import { arrayDefinition, breakLine, structInitializer } from "./c-text.js";
import type { CorePart } from "./cores.js";
import { bothCoresDeclaration, bothCoresDefinition, partFunction, pointersDefinition } from "./cores-text.js";
import { cComment } from "./escape.js";
import { type Argument, type ConstantArray, type CStruct, type KernelCall, readsOf, writesOf } from "./kernel-call.js";
import { headersOf } from "./rows.js";
import { rowFunction } from "./rows-text.js";
import type { Storage } from "./storage.js";

export interface RenderInput {
  readonly graph: Int8Graph;
  readonly calls: readonly KernelCall[];
  readonly storage: Storage;
  /** Prefix of every name; a C identifier in lower case. */
  readonly prefix: string;
  /** What the model came from: a comment. */
  readonly provenance: string;
  readonly golden: Example;
  /** Call `void sim_step(int)` after each kernel call. */
  readonly profile: boolean;
  /** 2: some calls may have parts, and the header declares what runs them. */
  readonly cores: 1 | 2;
}

export class ModelRenderer {
  private readonly upper: string;
  private readonly tables = new Map<string, string>();
  private readonly tableText: string[] = [];
  private readonly functions = new Map<string, string>();
  private readonly functionText: string[] = [];
  /** Bytes of weights, biases, multipliers and tables, each counted once. */
  weightBytes = 0;

  constructor(private readonly model: RenderInput) {
    this.upper = model.prefix.toUpperCase();
  }

  header(): string {
    const { prefix } = this.model;
    const { upper } = this;
    const { plan } = this.model.storage;
    return [
      ...this.provenance(),
      `#ifndef ${upper}_H`,
      `#define ${upper}_H`,
      "",
      "#include <stdint.h>",
      "",
      ...this.lengths(),
      `#define ${upper}_ARENA_BYTES ${plan.bytes} /* static working memory; what is live at one time needs ${plan.lowerBound} */`,
      `#define ${upper}_WEIGHT_BYTES ${this.weightBytes} /* constants: weights, biases, multipliers, tables */`,
      "",
      "/* Results of the functions below. */",
      `enum ${prefix}_error {`,
      `    ${upper}_OK = 0,`,
      `    ${upper}_ERROR_ARGUMENT = -1,  /* a pointer is NULL */`,
      `    ${upper}_ERROR_SELF_TEST = -2, /* the golden output was not reproduced: wrong compiler, memory or flash contents */`,
      "};",
      "",
      "/* Does nothing and returns 0: there is nothing to set up. May be called again. */",
      `int ${prefix}_init(void);`,
      "",
      ...memoryDeclaration(prefix, plan.bytes),
      "",
      ...this.invokeContract(),
      `${this.invokeSignature()};`,
      "",
      ...(this.model.cores === 2 ? bothCoresDeclaration(prefix) : []),
      "/* Runs the embedded golden input. 0: the output is as recorded when the model was compiled. Not reentrant. */",
      `int ${prefix}_self_test(void);`,
      "",
      "#endif",
      "",
    ].join("\n");
  }

  source(): string {
    const invoke = this.model.calls.flatMap((call, index) => this.call(call, index));
    const headers = [...new Set(this.model.calls.flatMap(headersOf))].sort();
    return [
      ...this.provenance(),
      `#include "${this.model.prefix}.h"`,
      "",
      "#include <stddef.h>",
      "#include <string.h>",
      "",
      ...headers.map((header) => `#include "${header}"`),
      "",
      ...(this.model.profile ? ["void sim_step(int step);", ""] : []),
      ...this.placement(),
      ...(this.model.cores === 2 ? pointersDefinition(this.model.prefix) : []),
      ...this.tableText,
      ...this.functionText,
      ...(this.model.cores === 2 ? bothCoresDefinition(this.model.prefix) : []),
      `int ${this.model.prefix}_init(void)`,
      "{",
      `    return ${this.upper}_OK;`,
      "}",
      "",
      `int8_t *${this.model.prefix}_memory(void)`,
      "{",
      `    return ${this.model.storage.plan.bytes === 0 ? "NULL" : this.arena(0)};`,
      "}",
      "",
      this.invokeSignature(),
      "{",
      ...this.argumentChecks(),
      ...invoke,
      `    return ${this.upper}_OK;`,
      "}",
      "",
      ...this.selfTest(),
    ].join("\n");
  }

  /** Whether model_invoke takes the one input and the one output; else model_invoke_many takes arrays of pointers. */
  private get isSingle(): boolean {
    return this.inputs.length === 1 && this.outputs.length === 1;
  }

  private get inputs(): readonly Tensor[] {
    return this.model.graph.inputs.map((index) => this.model.graph.tensors[index]);
  }

  private get outputs(): readonly Tensor[] {
    return this.model.graph.outputs.map((index) => this.model.graph.tensors[index]);
  }

  private lengths(): string[] {
    const { upper } = this;
    const [input, output] = [this.inputs[0], this.outputs[0]];
    if (this.isSingle) {
      const unit = input.type === "int8" ? "bytes: int8" : `values: ${boundaryType(input)}`;
      return [
        `#define ${upper}_INPUT_LENGTH ${elementCount(input.shape)} /* ${unit}, NHWC ${shapeText(input.shape)} */`,
        `#define ${upper}_OUTPUT_LENGTH ${elementCount(output.shape)}${output.type === "int8" ? "" : ` /* values: ${boundaryType(output)} */`}`,
      ];
    }
    const each = (name: string, tensors: readonly Tensor[]) =>
      tensors.map((tensor, i) => {
        const of = `${boundaryType(tensor)} ${shapeText(tensor.shape)}, ${cComment(JSON.stringify(tensor.name))}`;
        return `#define ${upper}_${name}_${i}_LENGTH ${elementCount(tensor.shape)} /* values: ${of} */`;
      });
    return [
      `#define ${upper}_INPUTS ${this.inputs.length}`,
      ...each("INPUT", this.inputs),
      `#define ${upper}_OUTPUTS ${this.outputs.length}`,
      ...each("OUTPUT", this.outputs),
    ];
  }

  private invokeContract(): string[] {
    const { upper } = this;
    if (this.isSingle) {
      return [
        "/*",
        ` * Computes output[${upper}_OUTPUT_LENGTH] from input[${upper}_INPUT_LENGTH]. The two must not overlap; the output may`,
        " * hold intermediate values meanwhile. Not reentrant: all calls share one arena. Returns 0 or a negative error.",
        " */",
      ];
    }
    return [
      "/*",
      ` * Computes all outputs from all inputs. inputs[i] points to ${upper}_INPUT_<i>_LENGTH values of the type told above,`,
      ` * outputs[i] to ${upper}_OUTPUT_<i>_LENGTH; no two of these blocks may overlap, but for inputs with each other. Outputs`,
      " * may hold intermediate values meanwhile. Not reentrant: all calls share one arena. Returns 0 or a negative error.",
      " */",
    ];
  }

  private invokeSignature(): string {
    const { prefix } = this.model;
    if (this.isSingle) {
      const [input, output] = [this.inputs[0], this.outputs[0]].map(boundaryType);
      return `int ${prefix}_invoke(const ${input} *input, ${output} *output)`;
    }
    return `int ${prefix}_invoke_many(const void *const inputs[${this.upper}_INPUTS], void *const outputs[${this.upper}_OUTPUTS])`;
  }

  private argumentChecks(): string[] {
    const { upper } = this;
    const refuse = (condition: string, indent: string) => [
      `${indent}if (${condition}) {`,
      `${indent}    return ${upper}_ERROR_ARGUMENT;`,
      `${indent}}`,
    ];
    if (this.isSingle) return refuse("input == NULL || output == NULL", "    ");
    const each = (name: string, count: string) => [
      `    for (int i = 0; i < ${upper}_${count}; i++) {`,
      ...refuse(`${name}[i] == NULL`, "        "),
      "    }",
    ];
    return [
      ...refuse("inputs == NULL || outputs == NULL", "    "),
      ...each("inputs", "INPUTS"),
      ...each("outputs", "OUTPUTS"),
    ];
  }

  private provenance(): string[] {
    return [
      "/*",
      ` * Generated by smilec from ${cComment(this.model.provenance)}.`,
      " * Do not edit: changes are lost.",
      " */",
    ];
  }

  /** What a program may define to put the arena and the functions into memories of its choice. */
  private placement(): string[] {
    const { upper } = this;
    const { bytes } = this.model.storage.plan;
    const noinline = [
      "#if defined(__GNUC__) || defined(__clang__)",
      `#define ${upper}_KERNEL static __attribute__((noinline))`,
      "#else",
      `#define ${upper}_KERNEL static`,
      "#endif",
      "",
    ];
    if (bytes === 0) return noinline;
    return [
      ...noinline,
      `/* May be defined to an attribute that puts the arena into a certain memory. */`,
      `#ifndef ${upper}_ARENA_ATTRIBUTE`,
      `#define ${upper}_ARENA_ATTRIBUTE`,
      "#endif",
      "",
      `static _Alignas(16) int8_t ${this.model.prefix}_arena[${upper}_ARENA_BYTES] ${upper}_ARENA_ATTRIBUTE;`,
      "",
    ];
  }

  /** Lines of the invoke function for one call. */
  private call(call: KernelCall, index: number): string[] {
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
    const name = this.defineFunction(
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
        return [this.arena(this.model.storage.scratchOffset(index) + part.scratchOffset)];
      case "shared":
        return typeof argument.value === "number"
          ? [String(argument.value)]
          : [this.struct(argument.value, `${index}_window_${number}`)];
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
          : [this.struct(argument.value, `${index}_window`)];
      case "parameters":
        return [this.struct(argument.struct, struct === 0 ? `${index}` : `${index}_${struct}`)];
      case "table":
        return [this.table(argument.array, `${index}`)];
      case "read":
      case "write":
        return [this.address(argument.tensor, index)];
      case "scratch":
        return [argument.bytes === 0 ? "NULL" : this.arena(this.model.storage.scratchOffset(index))];
    }
  }

  /** The address of a struct in flash. */
  private struct(struct: CStruct, label: string): string {
    const body = structInitializer(struct, (array) => this.table(array, label));
    const head = `static const ${struct.type} `;
    const text = (name: string) => breakLine(`${head}${name} = ${body};`);
    return `&${this.define(`${head}${body}`, `${this.model.prefix}_${label}`, text)}`;
  }

  private address(tensor: number, index: number): string {
    const place = this.model.storage.place(tensor);
    if (place.kind === "constant") return this.table({ role: "constant", values: place.values }, `${index}`);
    if (place.kind === "arena") return this.arena(place.offset);
    if (!this.isSingle) return `${place.kind}s[${place.position}]`;
    const isInput = place.kind === "input";
    if ((isInput ? this.inputs : this.outputs)[0].type === "int8") return place.kind;
    return `(${isInput ? "const int8_t" : "int8_t"} *)${place.kind}`;
  }

  private arena(offset: number): string {
    return offset === 0 ? `${this.model.prefix}_arena` : `${this.model.prefix}_arena + ${offset}`;
  }

  private table(array: ConstantArray, label: string): string {
    const { values, role } = array;
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("latin1");
    const known = this.tables.size;
    const key = `${values.BYTES_PER_ELEMENT}:${bytes}`;
    const name = this.define(key, `${this.model.prefix}_${label}_${role}`, (chosen) => arrayDefinition(chosen, values));
    if (this.tables.size > known) this.weightBytes += values.byteLength;
    return name;
  }

  /** The name of a constant; equal contents get one definition. */
  private define(key: string, name: string, text: (name: string) => string): string {
    const known = this.tables.get(key);
    if (known !== undefined) return known;
    this.tables.set(key, name);
    this.tableText.push(text(name).trimEnd(), "");
    return name;
  }

  /** A function that calls the kernel with its literals; layers whose literals are equal share it. */
  private functionFor(call: KernelCall, index: number): string {
    if (call.rows !== undefined) {
      const { formals, body } = rowFunction(this.model.graph, { ...call, rows: call.rows });
      return this.defineFunction(`rows_${index}`, formals, body);
    }
    const parameters: string[] = [];
    const passed = call.arguments.map((argument, position) => {
      const formal = formalParameter(argument, call.arguments.slice(0, position).some(isRead));
      if (formal === undefined) return literalText(argument);
      parameters.push(formal.declaration);
      return formal.use;
    });
    const key = `${call.kernel}(${passed.join(", ")})`;
    return this.defineFunction(`${call.kernel.replace(/^smk_/, "")}_${index}`, parameters.join(", "), [
      breakLine(`    ${key};`),
    ]);
  }

  /** The name of a function; equal ones get one definition. */
  private defineFunction(
    suffix: string,
    formals: string,
    body: readonly string[],
    specifier = `${this.upper}_KERNEL`,
  ): string {
    const key = [formals, ...body].join("\n");
    const known = this.functions.get(key);
    if (known !== undefined) return known;
    const name = `${this.model.prefix}_${suffix}`;
    this.functions.set(key, name);
    this.functionText.push(breakLine(`${specifier} void ${name}(${formals})`), "{", ...body, "}", "");
    return name;
  }

  private selfTest(): string[] {
    const { prefix, golden } = this.model;
    const name = (role: string, i: number) => (this.isSingle ? role : `${role}_${i}`);
    const length = (i: number) => `${this.upper}_${name("OUTPUT", i)}_LENGTH`;
    const equal = golden.outputs.map(
      (_, i) =>
        `memcmp(${name("output", i)}, ${prefix}_golden_${name("output", i)}, sizeof(${name("output", i)})) == 0`,
    );
    return [
      ...golden.inputs.map((values, i) => arrayDefinition(`${prefix}_golden_${name("input", i)}`, values)),
      ...golden.outputs.map((values, i) => arrayDefinition(`${prefix}_golden_${name("output", i)}`, values)),
      `int ${prefix}_self_test(void)`,
      "{",
      ...this.outputs.map((tensor, i) => `    static ${boundaryType(tensor)} ${name("output", i)}[${length(i)}];`),
      ...this.selfTestCall(),
      "",
      "    if (error < 0) {",
      "        return error;",
      "    }",
      `    return ${equal.join(" &&\n           ")} ? ${this.upper}_OK : ${this.upper}_ERROR_SELF_TEST;`,
      "}",
      "",
    ];
  }

  private selfTestCall(): string[] {
    const { prefix } = this.model;
    if (this.isSingle) return [`    const int error = ${prefix}_invoke(${prefix}_golden_input, output);`];
    const inputs = this.inputs.map((_, i) => `${prefix}_golden_input_${i}`);
    return [
      breakLine(`    const void *const inputs[] = {${inputs.join(", ")}};`),
      breakLine(`    void *const outputs[] = {${this.outputs.map((_, i) => `output_${i}`).join(", ")}};`),
      `    const int error = ${prefix}_invoke_many(inputs, outputs);`,
    ];
  }
}

/** For whoever tests the memory before trusting it. */
function memoryDeclaration(prefix: string, bytes: number): string[] {
  const arena = `${prefix.toUpperCase()}_ARENA_BYTES aligned to 16, which hold nothing between two runs`;
  return [
    `/* The arena: ${bytes === 0 ? "this network needs none, NULL" : arena}. */`,
    `int8_t *${prefix}_memory(void);`,
  ];
}

/** The C type of a model's input or output. */
function boundaryType({ type }: Tensor): string {
  return type === "float32" ? "float" : `${type}_t`;
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
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
