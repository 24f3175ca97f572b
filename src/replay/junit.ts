/** What a replay found as JUnit XML, a test case per stage, for servers that collect tests. */
import type { ReplayStage } from "../captures/replay.js";
import type { ReplayResult } from "./run.js";

const STAGES: readonly ReplayStage[] = ["frame", "box", "preprocess", "model", "decision"];

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  // XML has no place for most control characters, escaped or not.
  return text.replaceAll(/[&<>"]/g, (one) => ENTITIES[one]).replaceAll(/[^\t\n\r\u0020-\ufffd]/g, "\ufffd");
}

/** The whole document; differences fail the case of their stage, damaged pictures and models that are not kept have cases of their own. */
export function junitReport(result: ReplayResult): string {
  const cases = STAGES.map((stage) => {
    const count = result.byStage[stage] ?? 0;
    const lines = result.differences.filter((one) => one.stage === stage);
    return testCase(stage, count === 0 ? undefined : `${count} captures differ`, lines.map(describeDifference));
  });
  const damaged = result.damaged.map(({ path, reason }) => `${path}: ${reason}`);
  const missing = Object.entries(result.missingModels);
  cases.push(testCase("pictures", damaged.length === 0 ? undefined : `${result.damagedCount} are damaged`, damaged));
  const skipped = missing.map(([model, count]) => `${count} captures of model ${model}, which is not kept`).join("; ");
  cases.push(
    missing.length === 0
      ? testCase("models", undefined, [])
      : `    <testcase classname="smilec.replay" name="models"><skipped message="${escaped(skipped)}"/></testcase>`,
  );
  const failures = cases.filter((text) => text.includes("<failure ")).length;
  const skips = missing.length === 0 ? 0 : 1;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skips}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="smilec replay" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

export function describeDifference({
  path,
  stage,
  what,
  recorded,
  replayed,
}: ReplayResult["differences"][number]): string {
  return `${path}: ${stage}: ${what} was ${recorded} on the bot and is ${replayed}`;
}

function testCase(name: string, failure: string | undefined, lines: readonly string[]): string {
  const head = `    <testcase classname="smilec.replay" name="${name}"`;
  if (failure === undefined) return `${head}/>`;
  return `${head}><failure message="${escaped(failure)}">${escaped(lines.join("\n"))}</failure></testcase>`;
}
