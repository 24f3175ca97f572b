/** C11 text in one fixed layout: 4 spaces, at most 120 columns. */
import type { ActivationData } from "../../graph/types.js";
import type { ConstantArray, ConstantValues, CStruct, FieldValue } from "./kernel-call.js";

const COLUMNS = 120;
const INDENT = "    ";

function cType(values: ConstantValues | ActivationData): string {
  if (values instanceof Float32Array) return "float";
  if (values instanceof Uint8Array) return "uint8_t";
  return values instanceof Int8Array ? "int8_t" : "int32_t";
}

/** A definition `static const type name[count] = {...};`. */
export function arrayDefinition(name: string, values: ConstantValues | ActivationData): string {
  const head = `static const ${cType(values)} ${name}[${values.length}] = {`;
  const text = values instanceof Float32Array ? cFloat : cInteger;
  return `${head}\n${wrapped(Array.from(values, text))}\n};\n`;
}

/** Nine significant digits tell all float32 values apart. `value` is finite. */
function cFloat(value: number): string {
  const sign = Object.is(value, -0) ? "-" : "";
  return `${sign}${value.toPrecision(9)}f`.replace(/^(-?\d+)f$/, "$1.0f");
}

/** INT32_MIN has no literal of type int. */
function cInteger(value: number): string {
  return value === -0x80000000 ? "INT32_MIN" : String(value);
}

function wrapped(items: readonly string[]): string {
  const lines: string[] = [];
  let line = INDENT;
  for (const item of items) {
    const separator = line === INDENT ? "" : " ";
    if (line.length + separator.length + item.length + 1 > COLUMNS) {
      lines.push(line);
      line = `${INDENT}${item},`;
    } else line += `${separator}${item},`;
  }
  return [...lines, line].join("\n");
}

/** Text of a struct's braces, on one line; `nameOf` gives the C names of its tables. */
export function structInitializer(struct: CStruct, nameOf: (array: ConstantArray) => string): string {
  const fields = Object.entries(struct.fields).map(([name, value]) => `.${name} = ${fieldText(value, nameOf)}`);
  return `{${fields.join(", ")}}`;
}

function fieldText(value: FieldValue, nameOf: (array: ConstantArray) => string): string {
  if (typeof value === "number") return cInteger(value);
  if ("float" in value) return cFloat(value.float);
  if ("role" in value) return nameOf(value);
  if ("fields" in value) return structInitializer(value, nameOf);
  return `{${value.map(cInteger).join(", ")}}`;
}

/** Breaks a line after commas so that it stays within 120 columns; what follows is indented four spaces more than the line itself. */
export function breakLine(text: string): string {
  const indent = " ".repeat(text.length - text.trimStart().length + INDENT.length);
  const lines: string[] = [];
  let line = "";
  for (const piece of text.split(/(?<=,) /)) {
    if (line === "") line = piece;
    else if (line.length + 1 + piece.length <= COLUMNS) line += ` ${piece}`;
    else {
      lines.push(line);
      line = indent + piece;
    }
  }
  return [...lines, line].join("\n");
}
