/**
 * Text from outside (labels, file names, provenance) made safe for C11 sources. The results are plain ASCII on one line, so neither an
 * encoding, a line splice, a trigraph (C11 5.2.1.1) nor a comment end in the text can change what the compiler reads.
 */

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/**
 * A C string literal, quotes included, whose bytes are the UTF-8 encoding of `text`. Bytes outside printable ASCII become three-digit octal
 * escapes, which (unlike `\x`) never swallow the character that follows. A lone surrogate becomes U+FFFD. A NUL is kept as `\000`: C sees the
 * string end there.
 */
export function cString(text: string): string {
  let literal = "";
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    if (NAMED_ESCAPES[character] !== undefined) literal += NAMED_ESCAPES[character];
    else if (character === "?" && literal.endsWith("?")) literal += "\\?";
    else if (byte >= 0x20 && byte < 0x7f) literal += character;
    else literal += `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${literal}"`;
}

/**
 * Text for the inside of a block or line comment, one line of printable ASCII: comment marks and trigraphs are pulled apart by a space, control
 * characters and everything beyond ASCII become `\u{...}`, a trailing backslash gets a full stop after it.
 */
export function cComment(text: string): string {
  let safe = "";
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0x20 || code > 0x7e) safe += `\\u{${code.toString(16)}}`;
    else if ((safe.endsWith("*") && character === "/") || (safe.endsWith("/") && character === "*"))
      safe += ` ${character}`;
    else if (safe.endsWith("?") && character === "?") safe += " ?";
    else safe += character;
  }
  return safe.endsWith("\\") ? `${safe}.` : safe;
}

/** Whether `text` can be a C identifier (and prefix of identifiers) here: letters, digits and underscores, no leading digit or underscore. */
export function isCIdentifier(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(text);
}
