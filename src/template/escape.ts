/** Text made safe for the build files it lands in; for C see emit/c/escape.ts. */

/** A comment of one line in INI, YAML, CMake, CSV and Kconfig files: printable ASCII. */
export function lineComment(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/**
 * A value in platformio.ini: PlatformIO expands `${...}` and cuts at ` ;`, and its format has no escapes, so such a text is refused. Throws
 * RangeError.
 */
export function iniValue(text: string): string {
  if (/[\r\n\0]|\$\{|\s[;#]/.test(text) || text !== text.trim()) {
    throw new RangeError(`${JSON.stringify(text)} can't be written into platformio.ini`);
  }
  return text;
}

/** A quoted CMake argument (cmake-language(7), "Quoted Argument"). */
export function cmakeString(text: string): string {
  return `"${text
    .replace(/[\\"$;]/g, "\\$&")
    .replace(/\n/g, "\\n")
    .replace(/\r/g, "\\r")
    .replace(/\t/g, "\\t")}"`;
}

/** A YAML double-quoted scalar; JSON strings are YAML 1.2. */
export function yamlString(text: string): string {
  return JSON.stringify(text);
}
