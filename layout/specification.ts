/** What docs/capture-log.md fixes, as data. */
import { type Form, parseForm } from "./form.js";
import { type Row, readTables, SpecificationError } from "./tables.js";

export interface Constant {
  readonly name: string;
  readonly value: number;
  readonly meaning: string;
}

/** Digits of a number, or text where `value` is absent. */
export interface NamePart {
  readonly text: string;
  readonly value?: string;
  readonly digits: number;
  readonly base: 10 | 16;
}

export interface Name {
  readonly name: string;
  /** As written, with constants put in. */
  readonly pattern: string;
  /** Each number with the text before it; the last part is the text at the end. */
  readonly parts: readonly NamePart[];
}

/** A field of the tar header. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** Digits of a number. */
  readonly digits?: number;
  /** What it always holds, followed by NULs. */
  readonly text?: string;
}

/** A `key=value` line. */
export interface Key {
  readonly name: string;
  readonly form: Form;
}

export interface Code {
  readonly key: string;
  readonly name: string;
  readonly value: number;
}

export interface Specification {
  readonly constants: readonly Constant[];
  readonly names: readonly Name[];
  readonly fields: readonly Field[];
  readonly head: readonly Key[];
  readonly metadata: readonly Key[];
  readonly codes: readonly Code[];
  /** Of the withdrawn mark's byte in a payload: follows from the keys before it. */
  readonly withdrawnOffset: number;
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** The PGM header's first line, before the keys. */
const PGM_MAGIC = "P5\n";

/** Reads the document's tables and checks them against each other. Throws SpecificationError. */
export function readSpecification(text: string): Specification {
  const tables = readTables(text);
  const rows = (name: string): readonly Row[] => {
    const found = tables.get(name);
    if (found === undefined || found.length === 0) throw new SpecificationError(1, `there is no table ${name}`);
    return found;
  };
  const constants = distinct(rows("constants"), "constant", constantOf);
  const values = new Map(constants.map(({ name, value }) => [name, value]));
  const metadata = distinct(rows("metadata"), "key", (row) => keyOf(row, values));
  return {
    constants,
    names: distinct(rows("names"), "name", (row) => nameOf(row, values)),
    fields: fieldsOf(rows("header"), constantNamed(values, "header-bytes")),
    head: distinct(rows("head"), "key", (row) => keyOf(row, values)),
    metadata,
    codes: codesOf(rows("codes"), metadata),
    withdrawnOffset: withdrawnOffset(rows("metadata"), metadata),
  };
}

function cell(row: Row, heading: string): string {
  const text = row.cells[heading];
  if (text === undefined) throw new SpecificationError(row.line, `the table has no column ${heading}`);
  return text;
}

/** Turns every row into something whose name in `column` no other row has. */
function distinct<T>(rows: readonly Row[], column: string, convert: (row: Row) => T): T[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    const name = cell(row, column);
    if (!NAME.test(name)) throw new SpecificationError(row.line, `no name: ${JSON.stringify(name)}`);
    if (seen.has(name)) throw new SpecificationError(row.line, `${name} is there twice`);
    seen.add(name);
    return convert(row);
  });
}

function constantNamed(values: ReadonlyMap<string, number>, name: string, line = 1): number {
  const value = values.get(name);
  if (value === undefined) throw new SpecificationError(line, `there is no constant ${name}`);
  return value;
}

function wholeNumber(row: Row, column: string): number {
  const text = cell(row, column);
  if (!/^\d{1,3}(,\d{3})*$|^\d+$/.test(text)) throw new SpecificationError(row.line, `${column} is no whole number`);
  return Number(text.replaceAll(",", ""));
}

function constantOf(row: Row): Constant {
  return { name: cell(row, "constant"), value: wholeNumber(row, "value"), meaning: cell(row, "meaning") };
}

function nameOf(row: Row, values: ReadonlyMap<string, number>): Name {
  const quoted = /^`([^`]+)`$/.exec(cell(row, "pattern"))?.[1];
  if (quoted === undefined) throw new SpecificationError(row.line, "the pattern is not one piece of code");
  const pattern = quoted.replace(/\{([a-z-]+)\}/g, (_, name: string) => `${constantNamed(values, name, row.line)}`);
  const parts: NamePart[] = [];
  const numbers = /([^{}]*)\{([a-z]+):([1-9]\d?)(x?)\}/y;
  let at = 0;
  for (let match = numbers.exec(pattern); match !== null; match = numbers.exec(pattern)) {
    at = numbers.lastIndex;
    parts.push({ text: match[1], value: match[2], digits: Number(match[3]), base: match[4] === "x" ? 16 : 10 });
  }
  const end = pattern.slice(at);
  if (/[{}]/.test(end)) throw new SpecificationError(row.line, `the pattern is not understood from ${end} on`);
  return { name: cell(row, "name"), pattern, parts: [...parts, { text: end, digits: 0, base: 10 }] };
}

/** Fields follow each other without a gap and fill the header. */
function fieldsOf(rows: readonly Row[], headerBytes: number): Field[] {
  let next = 0;
  const fields = distinct(rows, "field", (row) => {
    const field = fieldOf(row);
    if (field.offset !== next) {
      throw new SpecificationError(
        row.line,
        `${field.name} begins at ${field.offset}; the field before ends at ${next}`,
      );
    }
    next = field.offset + field.bytes;
    return field;
  });
  if (next !== headerBytes) {
    throw new SpecificationError(rows.at(-1)!.line, `the fields have ${next} bytes, the header ${headerBytes}`);
  }
  return fields;
}

function fieldOf(row: Row): Field {
  const [name, form] = [cell(row, "field"), cell(row, "form")];
  const place = { name, offset: wholeNumber(row, "offset"), bytes: wholeNumber(row, "bytes") };
  const [, digits, text] = /^(?:(?:octal|hex) (\d+)|`([^`]+)`|text|zeros)$/.exec(form) ?? [undefined];
  if (digits === undefined && text === undefined && form !== "text" && form !== "zeros") {
    throw new SpecificationError(row.line, `no form: ${form}`);
  }
  if (Number(digits ?? 0) > place.bytes || (text ?? "").length > place.bytes) {
    throw new SpecificationError(row.line, `${name} does not fit its ${place.bytes} bytes`);
  }
  return {
    ...place,
    ...(digits === undefined ? {} : { digits: Number(digits) }),
    ...(text === undefined ? {} : { text }),
  };
}

function keyOf(row: Row, values: ReadonlyMap<string, number>): Key {
  const number = (text: string) => {
    const digits = text.replaceAll(",", "");
    return /^-?\d+$/.test(digits) ? Number(digits) : constantNamed(values, text, row.line);
  };
  const form = parseForm(cell(row, "form"), cell(row, "range"), number);
  if (typeof form === "string") throw new SpecificationError(row.line, form);
  return { name: cell(row, "key"), form };
}

function codesOf(rows: readonly Row[], metadata: readonly Key[]): Code[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    const code = { key: cell(row, "key"), name: cell(row, "name"), value: wholeNumber(row, "value") };
    if (!metadata.some(({ name }) => name === code.key)) {
      throw new SpecificationError(row.line, `there is no key ${code.key}`);
    }
    for (const mark of [`${code.key} ${code.name}`, `${code.key} ${code.value}`]) {
      if (seen.has(mark)) throw new SpecificationError(row.line, `${mark} is there twice`);
      seen.add(mark);
    }
    return code;
  });
}

/** Where the keys before it, whose values must be of one length, put the withdrawn mark; the document must say the same. */
function withdrawnOffset(rows: readonly Row[], metadata: readonly Key[]): number {
  const index = metadata.findIndex(({ form }) => form.kind === "digit");
  if (index < 0) throw new SpecificationError(rows[0].line, "no key has the form digit");
  let offset = PGM_MAGIC.length;
  for (const [at, { name, form }] of metadata.slice(0, index).entries()) {
    if (form.length === undefined) throw new SpecificationError(rows[at].line, `${name} has no fixed length`);
    offset += `# ${name}=`.length + form.length + 1;
  }
  offset += `# ${metadata[index].name}=`.length;
  if (!cell(rows[index], "value").includes(`byte ${offset} of the payload`)) {
    throw new SpecificationError(rows[index].line, `it is byte ${offset} of the payload`);
  }
  return offset;
}
