/** What a replay found as JUnit XML, a test case per stage, for servers that collect tests. */
import type { ReplayStage } from "../captures/replay.js";
import { type JunitCase, junitSuite } from "../report/junit-suite.js";
import type { ReplayResult } from "./run.js";

const STAGES: readonly ReplayStage[] = ["frame", "box", "preprocess", "model", "decision"];

/** The whole document; differences fail the case of their stage, damaged pictures and models that are not kept have cases of their own. */
export function junitReport(result: ReplayResult): string {
  const stages = STAGES.map((stage) => {
    const count = result.byStage[stage] ?? 0;
    const lines = result.differences.filter((one) => one.stage === stage).map(describeDifference);
    return checked(stage, count, `${count} captures differ`, lines);
  });
  const damaged = result.damaged.map(({ path, reason }) => `${path}: ${reason}`);
  const pictures = checked("pictures", damaged.length, `${result.damagedCount} are damaged`, damaged);
  const missing = Object.entries(result.missingModels);
  const skipped = missing.map(([model, count]) => `${count} captures of model ${model}, which is not kept`).join("; ");
  const models = missing.length === 0 ? { name: "models" } : { name: "models", skipped };
  return junitSuite("replay", [...stages, pictures, models]);
}

function checked(name: string, count: number, message: string, lines: readonly string[]): JunitCase {
  return count === 0 ? { name } : { name, failure: { message, lines } };
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
