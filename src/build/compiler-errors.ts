/** Finds what matters in a failed build's output: compiler, linker and CMake messages among hundreds of progress lines. */

export interface Diagnostic {
  /** As the tool printed it, relative to the project where it was. */
  readonly file: string;
  readonly line: number | undefined;
  readonly message: string;
}

export interface BuildFailure {
  readonly diagnostics: readonly Diagnostic[];
  /** The tools' own lines for the errors, with the source lines they quote. */
  readonly excerpt: string;
  /** Set when the linker ran out of a memory region: its name and the bytes that were too many. */
  readonly overflow?: { readonly region: string; readonly bytes: number };
}

const COMPILER = /^(.+?):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$/;
const CMAKE = /^CMake Error at (.+?):(\d+) \((.+)\):?$/;
const LINKER =
  /undefined reference to|multiple definition of|cannot find -l|Undefined symbols for architecture|duplicate symbol|region [`'].+' overflowed|will not fit in region|: file not recognized|ld returned \d|linker command failed/;
const OVERFLOW = /region [`'](.+)' overflowed by (\d+) bytes/;
/** What belongs to the message above: quoted source, notes, include chains, CMake's indented text. */
const CONTINUATION = /^\s|^$|: note: |^In file included from|: In function |: At top level:/;
const MAX_LINES = 80;

/** Reads the output of a failed build. Without any known message the excerpt is the output's end. */
export function readBuildFailure(output: string): BuildFailure {
  const lines = output.split("\n").map((line) => line.replace(/\r$/, ""));
  const diagnostics: Diagnostic[] = [];
  const excerpt: string[] = [];
  let overflow: BuildFailure["overflow"];
  let inside = false;
  for (const line of lines) {
    const found = diagnostic(line);
    if (found !== undefined) diagnostics.push(found);
    const full = OVERFLOW.exec(line);
    if (full !== null && overflow === undefined) overflow = { region: full[1], bytes: Number(full[2]) };
    inside = found !== undefined || LINKER.test(line) || (inside && CONTINUATION.test(line));
    if (inside && excerpt.length < MAX_LINES) excerpt.push(line);
  }
  const shown = excerpt.length > 0 ? excerpt : lines.slice(-40);
  return { diagnostics, excerpt: shown.join("\n").trimEnd(), ...(overflow === undefined ? {} : { overflow }) };
}

function diagnostic(line: string): Diagnostic | undefined {
  const compiler = COMPILER.exec(line);
  if (compiler !== null) return { file: compiler[1], line: Number(compiler[2]), message: compiler[3] };
  const cmake = CMAKE.exec(line);
  if (cmake !== null) return { file: cmake[1], line: Number(cmake[2]), message: `CMake: ${cmake[3]}` };
  const linker = /^(?:.*?:)?\s*(?:.*: )?((?:undefined reference to|multiple definition of) .*)$/.exec(line);
  return linker === null ? undefined : { file: "linker", line: undefined, message: linker[1] };
}
