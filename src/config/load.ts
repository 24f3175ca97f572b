/** Reads `smilec.config.json`: text -> JSON -> schema -> rules. Everything that is wrong is reported together. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { z } from "zod";
import { asEnvironmentError, UserError } from "../errors.js";
import { LOCATOR_KINDS } from "../locate/types.js";
import { describeProblems, type Problem, position, problemsOf } from "./problems.js";
import { rules } from "./rules.js";
import { type Config, configSchema } from "./schema.js";

export const CONFIG_FILE = "smilec.config.json";

/** Configuration files are a few kilobytes; anything of this size is another file. */
const MAX_BYTES = 1024 * 1024;

/** Loads the configuration of the project in `dir`. Throws UserError when it is missing or wrong. */
export async function loadConfig(dir: string): Promise<Config> {
  const path = join(dir, CONFIG_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw asEnvironmentError(error, path);
    throw new UserError(`there is no ${CONFIG_FILE} here`, {
      where: path,
      remedy: "Run `smilec init` to make a project, or go to a project's folder (or name it with --project).",
    });
  }
  return parseConfig(text, CONFIG_FILE);
}

/** Parses and checks a configuration; `file` is named in errors. */
export function parseConfig(text: string, file: string): Config {
  if (text.length > MAX_BYTES)
    throw new UserError(`the configuration is larger than ${MAX_BYTES} bytes`, { where: file });
  const root = parseJson(text.replace(/^\uFEFF/, ""), file);
  const parsed = configSchema.safeParse(getNodeValue(root));
  const problems = parsed.success ? rules.flatMap((rule) => rule(parsed.data)) : problemsOf(parsed.error, knownKeys);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw invalid(file, text, root, problems);
}

function parseJson(text: string, file: string): Node {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: false, allowTrailingComma: true });
  if (root !== undefined && errors.length === 0) return root;
  const detail = errors
    .map((error) => `${file}:${position(text, error.offset)} ${printParseErrorCode(error.error)}`)
    .join("\n");
  throw new UserError("the configuration is not valid JSON", {
    where: file,
    detail,
    remedy: "Correct the lines named above.",
  });
}

function invalid(file: string, text: string, root: Node, problems: readonly Problem[]): UserError {
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  return new UserError(`the configuration has ${count}`, {
    where: file,
    detail: describeProblems(file, text, root, problems),
    remedy: "Correct the keys named above; the README lists every key with its unit, default and range.",
  });
}

/** Keys the schema knows at a path, for "did you mean". */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema = keysSchema() as { properties?: Record<string, object> };
  for (const part of path) schema = (schema.properties?.[String(part)] ?? {}) as typeof schema;
  return Object.keys(schema.properties ?? {});
}

/** The JSON Schema of the keys, without short forms. */
export function keysSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input" });
}

/** The JSON Schema that editors use for completion and hovers. */
export function configJsonSchema(): object {
  const schema = keysSchema() as { properties: { locator: { default?: unknown } } };
  const { default: unset, ...keys } = schema.properties.locator;
  const description = "How the face is found: one word, or an object with that kind's keys.";
  const locator = { description, anyOf: [{ type: "string", enum: LOCATOR_KINDS }, keys], default: unset };
  return { title: "smilec configuration", ...schema, properties: { ...schema.properties, locator } };
}
