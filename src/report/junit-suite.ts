/** A test suite as JUnit XML, for servers that collect tests. */

export interface JunitCase {
  readonly name: string;
  /** Absent: it passed, or was skipped. */
  readonly failure?: { readonly message: string; readonly lines: readonly string[] };
  /** Why it was not run. */
  readonly skipped?: string;
}

/** The whole document. @param command of smilec, such as `replay` */
export function junitSuite(command: string, cases: readonly JunitCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="smilec ${command}" ${counts}>`,
    ...cases.map((one) => testCase(command, one)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(command: string, { name, failure, skipped }: JunitCase): string {
  const head = `    <testcase classname="smilec.${command}" name="${escaped(name)}"`;
  if (skipped !== undefined) return `${head}><skipped message="${escaped(skipped)}"/></testcase>`;
  if (failure === undefined) return `${head}/>`;
  return `${head}><failure message="${escaped(failure.message)}">${escaped(failure.lines.join("\n"))}</failure></testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  // XML has no place for most control characters, escaped or not.
  return text
    .replaceAll(/[&<>"]/g, (one) => ENTITIES[one])
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/gu, "\ufffd");
}
