/** Manifests: CSV (RFC 4180; comma, semicolon or tab) or one JSON object a line, one picture each. */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { pipeline } from "node:stream";
import { parse } from "csv-parse";
import { asEnvironmentError, SmilecError, UserError } from "../errors.js";
import type { ImportEntry, PictureListing } from "./layout.js";
import { MAX_LINE, readLines } from "./lines.js";
import { escapeText, isInside } from "./paths.js";
import { parseSplitName } from "./split.js";
import type { Box, RejectedPicture, Split } from "./types.js";

const REQUIRED = ["file", "label"];
const OPTIONAL = ["group", "split", "x", "y", "width", "height"];
const BOX = ["x", "y", "width", "height"] as const;
const EXAMPLE =
  "A manifest starts with `file,label`, optionally `group`, `split` and the face box `x,y,width,height` in pixels.";

interface Row {
  readonly fields: Readonly<Record<string, string>>;
  /** `manifest.csv:12`. */
  readonly where: string;
}

/** Reads a manifest; its files are relative to its folder and must stay inside. Throws UserError with the line for a malformed one. */
export async function manifestEntries(path: string): Promise<PictureListing> {
  const root = await realpath(dirname(path), { encoding: "buffer" });
  const entries: ImportEntry[] = [];
  const rejected: RejectedPicture[] = [];
  let grouped = false;
  let rows = 0;
  try {
    for await (const row of /\.(jsonl|ndjson)$/i.test(path) ? jsonRows(path) : csvRows(path)) {
      rows++;
      const details = readDetails(row);
      grouped ||= row.fields.group !== undefined && row.fields.group !== "";
      const entry = await locate(root, row, details);
      if ("reason" in entry) rejected.push(entry);
      else entries.push(entry);
    }
  } catch (error) {
    throw readableError(error, path);
  }
  if (rows === 0) throw new UserError("the manifest names no pictures", { where: path, remedy: EXAMPLE });
  return { layout: "manifest", entries, rejected, ignored: 0, grouped };
}

function readableError(error: unknown, path: string): unknown {
  if (error instanceof SmilecError) return error;
  const { code, lines, message } = error as { code?: string; lines?: number; message: string };
  if (code?.startsWith("CSV_") !== true) return asEnvironmentError(error, path);
  const where = lines === undefined ? path : `${path}:${lines}`;
  return new UserError(`the manifest is not valid CSV: ${message}`, { where, remedy: EXAMPLE, cause: error });
}

async function* csvRows(path: string): AsyncGenerator<Row> {
  const columns = (header: string[]) => checkColumns(header, path);
  const settings = { bom: true, columns, delimiter: await delimiterOf(path), skip_empty_lines: true, info: true };
  // pipeline(), not pipe(): a read error must reach the loop, and a loop that is left early must close the file.
  const parser = pipeline(createReadStream(path), parse({ ...settings, max_record_size: MAX_LINE }), () => undefined);
  const rows = parser as AsyncIterable<{ info: { lines: number }; record: Record<string, string> }>;
  for await (const { info, record } of rows) yield { fields: record, where: `${path}:${info.lines}` };
}

async function delimiterOf(path: string): Promise<string> {
  for await (const { text } of readLines(path)) {
    return [",", ";", "\t"].find((delimiter) => text.includes(delimiter)) ?? ",";
  }
  return ",";
}

function checkColumns(header: readonly string[], path: string): string[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const where = `${path}:1`;
  const missing = REQUIRED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const found = names.map(escapeText).join(", ");
    const what = `the manifest has no column ${missing.join(" and no column ")}; its columns are ${found}`;
    throw new UserError(what, { where, remedy: EXAMPLE });
  }
  const twice = names.find((name, i) => [...REQUIRED, ...OPTIONAL].includes(name) && names.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError(`the manifest has two columns ${twice}`, { where, remedy: EXAMPLE });
  return names;
}

async function* jsonRows(path: string): AsyncGenerator<Row> {
  for await (const { text, number } of readLines(path)) {
    if (text.trim() !== "") yield { fields: jsonFields(text, `${path}:${number}`), where: `${path}:${number}` };
  }
}

function jsonFields(text: string, where: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`not valid JSON: ${(error as Error).message}`, { where, remedy: EXAMPLE });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new UserError("not a JSON object", { where, remedy: EXAMPLE });
  }
  const fields: Record<string, string> = Object.create(null);
  for (const name of [...REQUIRED, ...OPTIONAL]) {
    const field = (value as Record<string, unknown>)[name];
    if (field === undefined || field === null) continue;
    if (typeof field !== "string" && typeof field !== "number") {
      throw new UserError(`${name} is neither text nor a number`, { where, remedy: EXAMPLE });
    }
    fields[name] = String(field);
  }
  const missing = REQUIRED.filter((name) => fields[name] === undefined);
  if (missing.length === 0) return fields;
  throw new UserError(`there is no ${missing.join(" and no ")}`, { where, remedy: EXAMPLE });
}

interface Details {
  readonly split?: Split;
  readonly box?: Box;
}

function readDetails({ fields, where }: Row): Details {
  const box = readBox(fields, where);
  const word = fields.split ?? "";
  const split = word === "" ? undefined : parseSplitName(word);
  if (word !== "" && split === undefined) {
    throw new UserError(`split "${escapeText(word)}" is none of train, val and test`, { where, remedy: EXAMPLE });
  }
  return { ...(split && { split }), ...(box && { box }) };
}

function readBox(fields: Row["fields"], where: string): Box | undefined {
  const given = BOX.filter((name) => (fields[name] ?? "").trim() !== "");
  if (given.length === 0) return undefined;
  const [x, y, width, height] = BOX.map((name) => {
    const text = (fields[name] ?? "").trim();
    const value = Math.round(Number(text));
    if (text !== "" && Number.isSafeInteger(value)) return value;
    throw new UserError(`a face box needs four numbers, but ${name} is "${escapeText(text)}"`, {
      where,
      remedy: EXAMPLE,
    });
  });
  return { x, y, width, height };
}

async function locate(root: Buffer, row: Row, details: Details): Promise<ImportEntry | RejectedPicture> {
  const { file, label, group } = row.fields;
  const original = escapeText(file);
  const line = basename(row.where);
  const refuse = (reason: RejectedPicture["reason"], message: string) => ({
    original,
    reason,
    message: `${message} (${line})`,
  });
  if (file === "" || file.includes("\0")) return refuse("missing", "is no file name");
  const folder = root.toString("latin1");
  // Paths are handled as Latin-1 strings of bytes, so that the folder's own name may hold any bytes.
  const wanted = Buffer.from(file, "utf8").toString("latin1");
  const path = Buffer.from(isAbsolute(wanted) ? resolve(wanted) : resolve(folder, wanted), "latin1");
  if (!isInside(root, path)) return refuse("outside", "is outside the manifest's folder");
  const real = await realpath(path, { encoding: "buffer" }).catch(() => undefined);
  if (real === undefined) return refuse("missing", "there is no such file");
  if (!isInside(root, real)) return refuse("outside", "is a link that leaves the manifest's folder");
  const info = await stat(real);
  if (!info.isFile()) return refuse("unreadable", "is not a regular file");
  const own = group === undefined || group === "" ? original : escapeText(group);
  return { path: real, original, label, group: own, size: info.size, ...details };
}
