/** Augmentation as a whole made weaker or stronger. */
import { NO_AUGMENTATION } from "../augment/strengths.js";
import { keysSchema } from "../config/load.js";
import type { Config } from "../config/schema.js";

interface SchemaNode {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** What the schema says of every strength; made once, for it takes a while. */
let bounds: SchemaNode | undefined;

/** Every strength at `factor` times its distance from "off", within the configuration's bounds. What is no number stays. */
export function scaledAugmentation(options: Config["train"]["augment"], factor: number): Config["train"]["augment"] {
  if (factor === 1) return options;
  bounds ??= (keysSchema() as SchemaNode).properties?.train.properties?.augment ?? {};
  return scaled(options, NO_AUGMENTATION, factor, bounds) as typeof options;
}

function scaled(value: unknown, off: unknown, factor: number, schema: SchemaNode): unknown {
  if (typeof value === "number" && typeof off === "number") {
    const wanted = off + factor * (value - off);
    const bounded = Math.max(schema.minimum ?? -Infinity, Math.min(schema.maximum ?? Infinity, wanted));
    return schema.type === "integer" ? Math.round(bounded) : Number(bounded.toPrecision(6));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => {
    const none = (off as Record<string, unknown>)[key];
    return [key, scaled(entry, none, factor, schema.properties?.[key] ?? {})];
  });
  return Object.fromEntries(entries);
}
