/** Forms of values in texts: docs/capture-log.md, "Metadata". */

export interface Form {
  readonly kind: "decimals" | "fraction" | "hex" | "text" | "hex-text" | "digit" | "word";
  /** Decimals: how many, 0 for any number; hex, hex-text: digits; text: longest; word: how many there are. */
  readonly count: number;
  /** Of decimals and fractions, both included. */
  readonly low?: number;
  readonly high?: number;
  readonly words?: readonly string[];
  /** Characters, when they are always as many. */
  readonly length?: number;
}

const LARGEST = 0xffffffff;

/** A sentence says what is wrong. `number` reads a number or a constant's name. */
export function parseForm(form: string, range: string, number: (text: string) => number): Form | string {
  const decimals = /^(?:(\d+) )?decimals$/.exec(form);
  if (decimals !== null) return withRange("decimals", Number(decimals[1] ?? 0), range, number);
  if (form === "decimal") return withRange("decimals", 1, range, number);
  if (form === "decimal/decimal") return withRange("fraction", 2, range, number);
  if (range !== "") return `form ${form} has no range`;
  if (form === "digit") return { kind: "digit", count: 1, length: 1 };
  const sized = /^(hex text|hex|text) ([a-z0-9-]+)$/.exec(form);
  if (sized !== null) return sizedForm(sized[1], number(sized[2]));
  const words = form.split(", ").map((word) => /^`([a-z0-9-]+)`$/.exec(word)?.[1] ?? "");
  if (words.includes("")) return `no form: ${form}`;
  return { kind: "word", count: words.length, words };
}

function sizedForm(kind: string, count: number): Form | string {
  if (kind === "hex" && count > 8) return "hex numbers have at most 8 digits";
  if (kind === "text") return { kind: "text", count };
  return { kind: kind === "hex" ? "hex" : "hex-text", count, length: count };
}

/** "1 to 8", one number alone, or nothing. */
function withRange(
  kind: "decimals" | "fraction",
  count: number,
  range: string,
  number: (text: string) => number,
): Form | string {
  const [low, high] = range === "" ? [0, LARGEST] : bounds(range, number);
  if (!(low <= high)) return `no range: ${range}`;
  const fixed = low === high && count === 1 ? { length: `${low}`.length } : {};
  return { kind, count, low, high, ...fixed };
}

function bounds(range: string, number: (text: string) => number): [low: number, high: number] {
  const ends = range.split(" to ");
  return ends.length > 2 ? [Number.NaN, Number.NaN] : [number(ends[0]), number(ends.at(-1)!)];
}
