/** Names with numbers of fixed length in them, as NAMES of layout.ts writes them: `SEG{segment:5}.TAR`, `{epoch:8x}` for hex digits. */

const NUMBER = /\{([a-z]+):(\d+)(x?)\}/g;

type Numbers = Readonly<Record<string, number>>;

/** The name with its numbers put in, zero-padded. */
export function formatName(pattern: string, numbers: Numbers): string {
  return pattern.replace(NUMBER, (_, name: string, digits: string, hex: string) =>
    numbers[name].toString(hex === "" ? 10 : 16).padStart(Number(digits), "0"),
  );
}

/** The numbers in a name; undefined when it is another. With `flags` "i" in either case. */
export function parseName(pattern: string, name: string, flags = ""): Numbers | undefined {
  const found = new RegExp(`^${expression(pattern)}$`, flags).exec(name);
  if (found === null) return undefined;
  const numbers = [...pattern.matchAll(NUMBER)].map(([, key, , hex], index) => {
    return [key, Number.parseInt(found[index + 1], hex === "" ? 10 : 16)] as const;
  });
  return Object.fromEntries(numbers);
}

function expression(pattern: string): string {
  const escaped = pattern
    .split(/(\{[^}]*\})/)
    .map((part) => (part.startsWith("{") ? part : part.replace(/[./]/g, "\\$&")));
  return escaped.join("").replace(NUMBER, (_, _name, digits: string, hex: string) => {
    return `(${hex === "" ? "\\d" : "[0-9a-f]"}{${digits}})`;
  });
}
