/**
 * The classic locator's cascade: boosted look-up tables over multi-block local binary patterns (Zhang et al., "Face Detection Based on Multi-Block LBP
 * Representation", ICB 2007), each followed by a threshold that ends most windows early (Viola and Jones, CVPR 2001; a threshold after every table as in
 * Bourdev and Brandt, "Robust Object Detection via Soft Cascade", CVPR 2005). Twin of sm_cascade_t in firmware/core/sm_classic.h.
 */
import { z } from "zod";
import { UserError } from "../../errors.js";

/** Entries of a table: one for each local binary pattern of eight neighbours. */
export const PATTERNS = 256;
/** The device compares sums over blocks modulo 2^16: a third of the window's side squared, times 255, must stay below 2^15. */
export const LARGEST_WINDOW = 33;
export const SMALLEST_WINDOW = 9;
export const MAX_TABLES = 512;

export interface Cascade {
  /** Side of the square window in pixels of a pyramid level, 9 to 33. */
  readonly window: number;
  /** Side in pixels of the smallest face looked for in a frame whose longer side is 320 pixels or less; in larger ones it grows with them. */
  readonly smallest: number;
  /** Evidence, in score units, of which the confidence is 500 per mille. */
  readonly evidence: number;
  /** Confidence from which a candidate counts, per mille; chosen on validation scenes. */
  readonly threshold: number;
  /** Per table: left, top of the 3x3 blocks in the window, width and height of one block. [count * 4] */
  readonly blocks: Uint8Array;
  /** Per table: what each pattern adds to the score. [count * 256] */
  readonly tables: Int8Array;
  /** Per table: the window is no face when the score so far is below. [count] */
  readonly thresholds: Int16Array;
}

export function tableCount({ thresholds }: Pick<Cascade, "thresholds">): number {
  return thresholds.length;
}

const FORMAT = "smilec-cascade";
const VERSION = 1;

const block = z.tuple([z.int(), z.int(), z.int(), z.int()]);
const stage = z.strictObject({
  blocks: block,
  threshold: z.int().min(-32768).max(32767),
  /** base64 of 256 int8 */
  table: z.string().regex(/^[A-Za-z0-9+/]{342}==$/, "not base64 of 256 bytes"),
});
const schema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  window: z.int().min(SMALLEST_WINDOW).max(LARGEST_WINDOW),
  smallest: z.int().min(SMALLEST_WINDOW).max(320),
  evidence: z.int().min(1).max(1_000_000),
  threshold: z.int().min(0).max(1000),
  tables: z.array(stage).min(1).max(MAX_TABLES),
});

const REMEDY = "Make it anew: npm run models:train -- --only face-classic; or take the one that comes with smilec.";

/** The cascade of a `cascade.json`. Throws UserError with all that is wrong, naming `where`. */
export function parseCascade(text: string, where: string): Cascade {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`not valid JSON: ${(error as Error).message}`, { where, remedy: REMEDY });
  }
  const given = (value as { format?: unknown; version?: unknown } | null) ?? {};
  if (given.format === FORMAT && given.version !== VERSION) {
    throw new UserError(`a cascade of version ${JSON.stringify(given.version)}; this smilec reads version ${VERSION}`, {
      where,
      remedy: REMEDY,
    });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${path.join(".") || "value"}: ${message}`);
    throw refuse(where, problems);
  }
  const problems = geometryProblems(result.data);
  if (problems.length > 0) throw refuse(where, problems);
  return unpack(result.data);
}

const SHOWN = 10;

function refuse(where: string, problems: readonly string[]): UserError {
  const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
  const detail = [...problems.slice(0, SHOWN), ...more].join("\n");
  return new UserError("not a cascade that smilec can use", { where, detail, remedy: REMEDY });
}

function geometryProblems({ window, smallest, tables }: z.infer<typeof schema>): string[] {
  const problems = tables.flatMap(({ blocks: [x, y, width, height] }, i) => {
    const inside = x >= 0 && y >= 0 && width >= 1 && height >= 1 && x + 3 * width <= window && y + 3 * height <= window;
    return inside ? [] : [`tables.${i}.blocks: the blocks do not lie in the window of ${window} pixels`];
  });
  if (smallest < window) problems.push(`smallest: a face of ${smallest} pixels is smaller than the window`);
  return problems;
}

function unpack({ window, smallest, evidence, threshold, tables }: z.infer<typeof schema>): Cascade {
  const values = new Int8Array(tables.length * PATTERNS);
  tables.forEach(({ table }, i) => {
    values.set(new Int8Array(Buffer.from(table, "base64")), i * PATTERNS);
  });
  return {
    window,
    smallest,
    evidence,
    threshold,
    blocks: Uint8Array.from(tables.flatMap(({ blocks }) => blocks)),
    tables: values,
    thresholds: Int16Array.from(tables, ({ threshold: value }) => value),
  };
}

/** The text of a `cascade.json`. */
export function formatCascade(cascade: Cascade): string {
  const { window, smallest, evidence, threshold, blocks, tables, thresholds } = cascade;
  const stages = Array.from(thresholds, (value, i) => ({
    blocks: [...blocks.subarray(4 * i, 4 * i + 4)],
    threshold: value,
    table: Buffer.from(tables.slice(i * PATTERNS, (i + 1) * PATTERNS).buffer).toString("base64"),
  }));
  const head = { format: FORMAT, version: VERSION, window, smallest, evidence, threshold };
  const text = JSON.stringify(head, null, 2).slice(0, -2);
  return `${text},\n  "tables": [\n${stages.map((one) => `    ${JSON.stringify(one)}`).join(",\n")}\n  ]\n}\n`;
}
