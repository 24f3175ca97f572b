/** Names with numbers of fixed length in them, as NAMES of layout.ts writes them: `SEG{segment:5}.TAR`, `{epoch:8x}` for hex digits. */

const NUMBER = /\{([a-z]+):(\d+)(x?)\}/g;

type Numbers = Readonly<Record<string, number>>;

/** A pattern as an expression, and the numbers it holds, in their order. */
interface Compiled {
  readonly expression: RegExp;
  readonly numbers: readonly { readonly key: string; readonly radix: 10 | 16 }[];
}

/** There are a handful of patterns, and a card has tens of thousands of names. */
const compiled = new Map<string, Compiled>();

/** The name with its numbers put in, zero-padded. */
export function formatName(pattern: string, numbers: Numbers): string {
  return pattern.replace(NUMBER, (_, name: string, digits: string, hex: string) =>
    numbers[name].toString(hex === "" ? 10 : 16).padStart(Number(digits), "0"),
  );
}

/** The numbers in a name; undefined when it is another. With `flags` "i" in either case. */
export function parseName(pattern: string, name: string, flags = ""): Numbers | undefined {
  const { expression, numbers } = compile(pattern, flags);
  const found = expression.exec(name);
  if (found === null) return undefined;
  const values: Record<string, number> = {};
  numbers.forEach(({ key, radix }, index) => {
    values[key] = Number.parseInt(found[index + 1], radix);
  });
  return values;
}

function compile(pattern: string, flags: string): Compiled {
  const known = compiled.get(pattern + flags);
  if (known !== undefined) return known;
  const numbers = [...pattern.matchAll(NUMBER)].map(
    ([, key, , hex]) => ({ key, radix: hex === "" ? 10 : 16 }) as const,
  );
  const made = { expression: new RegExp(`^${expressionOf(pattern)}$`, flags), numbers };
  compiled.set(pattern + flags, made);
  return made;
}

function expressionOf(pattern: string): string {
  const escaped = pattern
    .split(/(\{[^}]*\})/)
    .map((part) => (part.startsWith("{") ? part : part.replace(/[./]/g, "\\$&")));
  return escaped.join("").replace(NUMBER, (_, _name, digits: string, hex: string) => {
    return `(${hex === "" ? "\\d" : "[0-9a-f]"}{${digits}})`;
  });
}
