/** The configuration's keys as a Markdown table, from the same schema that checks them. */
import { keysSchema } from "./load.js";

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
}

/** One row per key: name, default, allowed values, meaning. */
export function configTable(): string {
  const rows = rowsOf(keysSchema() as SchemaNode, "");
  return ["| key | default | allowed | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function rowsOf(schema: SchemaNode, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    if (key === "$schema") return [];
    const path = `${prefix}${key}`;
    if (child.properties !== undefined) return rowsOf(child, `${path}.`);
    return [
      `| \`${path}\` | ${code(child.default)} | ${allowed(child)} | ${(child.description ?? "").replaceAll("|", "\\|")} |`,
    ];
  });
}

function code(value: unknown): string {
  return value === undefined ? "" : `\`${JSON.stringify(value)}\``;
}

function allowed(schema: SchemaNode): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(allowed).join(", ");
  if (schema.properties !== undefined) return `\`{ ${Object.keys(schema.properties).join(", ")} }\``;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.type === "boolean") return "true, false";
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  return low === undefined || high === undefined ? "" : `${low} to ${high}`;
}
