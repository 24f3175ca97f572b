/** The checks of a report as JUnit XML, a test case each. */
import { type JunitCase, junitSuite } from "./junit-suite.js";
import type { Check } from "./types.js";

export function junitChecks(checks: readonly Check[]): string {
  return junitSuite("report", checks.map(testCase));
}

function testCase({ name, state, asks, found, lines }: Check): JunitCase {
  if (state === "pass") return { name };
  if (state === "skipped") return { name, skipped: found };
  return { name, failure: { message: found, lines: [`${asks}: ${found}`, ...lines] } };
}
