/** Names with numbers of fixed length in them, as NAMES of layout.ts writes them: `SEG{segment:5}.TAR`, `{epoch:8x}` for hex digits. */

const NUMBER = /\{([a-z]+):(\d+)(x?)\}/g;

type Numbers = Readonly<Record<string, number>>;

/** A part of a pattern: character codes that stand there as they are, or a number. */
type Part = readonly number[] | { readonly key: string; readonly digits: number; readonly radix: 10 | 16 };

/** There are a handful of patterns, and a card has tens of thousands of names. */
const compiled = new Map<string, readonly Part[]>();

/** The name with its numbers put in, zero-padded. */
export function formatName(pattern: string, numbers: Numbers): string {
  return pattern.replace(NUMBER, (_, name: string, digits: string, hex: string) =>
    numbers[name].toString(hex === "" ? 10 : 16).padStart(Number(digits), "0"),
  );
}

/** The numbers in a name that stands in `bytes` from `at` on and ends with a NUL; undefined when it is another. */
export function nameAt(bytes: Uint8Array, at: number, pattern: string): Numbers | undefined {
  const values: Record<string, number> = {};
  let end = at;
  for (const part of partsOf(pattern)) {
    if ("key" in part) {
      const value = digitsAt(bytes, end, part.digits, part.radix);
      if (Number.isNaN(value)) return undefined;
      values[part.key] = value;
      end += part.digits;
    } else {
      for (const code of part) if (bytes[end++] !== code) return undefined;
    }
  }
  return bytes[end] === 0 ? values : undefined;
}

/** As {@link nameAt}, of a file name in capitals or not; its pattern is in capitals. */
export function parseName(pattern: string, name: string): Numbers | undefined {
  if (name.includes("\0")) return undefined;
  // In UTF-8 nothing but ASCII's letters has their codes.
  const capitals = Buffer.from(`${name}\0`).map((code) => (code >= 0x61 && code <= 0x7a ? code - 0x20 : code));
  return nameAt(capitals, 0, pattern);
}

/** A number of exactly so many digits, hex ones in small letters; NaN when there is anything else. At most 13 digits of radix 16. */
export function digitsAt(bytes: Uint8Array, at: number, digits: number, radix: 8 | 10 | 16): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const code = bytes[i];
    const digit = code <= 0x39 ? code - 0x30 : code >= 0x61 ? code - 0x61 + 10 : -1;
    if (!(digit >= 0 && digit < radix)) return Number.NaN;
    value = value * radix + digit;
  }
  return value;
}

function partsOf(pattern: string): readonly Part[] {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const parts: Part[] = [];
  let end = 0;
  for (const found of pattern.matchAll(NUMBER)) {
    const [whole, key, digits, hex] = found;
    parts.push([...Buffer.from(pattern.slice(end, found.index))]);
    parts.push({ key, digits: Number(digits), radix: hex === "" ? 10 : 16 });
    end = found.index + whole.length;
  }
  parts.push([...Buffer.from(pattern.slice(end))]);
  compiled.set(pattern, parts);
  return parts;
}
