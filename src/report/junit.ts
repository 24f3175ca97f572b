/** The checks of a report as JUnit XML, a test case each, for servers that collect tests. */
import type { Check } from "./types.js";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  // XML has no place for most control characters, escaped or not.
  return text
    .replaceAll(/[&<>"]/g, (one) => ENTITIES[one])
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/gu, "\ufffd");
}

export function junitChecks(checks: readonly Check[]): string {
  const count = (state: Check["state"]) => checks.filter((check) => check.state === state).length;
  const counts = `tests="${checks.length}" failures="${count("fail")}" errors="0" skipped="${count("skipped")}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="smilec report" ${counts}>`,
    ...checks.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase({ name, state, asks, found, lines }: Check): string {
  const head = `    <testcase classname="smilec.report" name="${escaped(name)}"`;
  if (state === "pass") return `${head}/>`;
  if (state === "skipped") return `${head}><skipped message="${escaped(found)}"/></testcase>`;
  const text = [`${asks}: ${found}`, ...lines].join("\n");
  return `${head}><failure message="${escaped(found)}">${escaped(text)}</failure></testcase>`;
}
