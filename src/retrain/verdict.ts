/** Whether a retrained model may replace the one in service. */
import type { Config } from "../config/schema.js";
import type { Interval } from "../evaluate/bootstrap.js";
import { changeText, pointsText } from "../evaluate/change-text.js";
import type { ModelComparison } from "./compare.js";

export interface Verdict {
  readonly ships: boolean;
  /** One sentence each: why, or why not. */
  readonly reasons: readonly string[];
}

/** Better on what stands for production, and on the base test worse by the margin at most; both by average precision. */
export function verdict(
  production: ModelComparison,
  where: "on held-out captures" | "on degraded validation pictures",
  base: ModelComparison,
  { margin, certain }: Pick<Config["retrain"], "margin" | "certain">,
): Verdict {
  const better = judge(production.change.averagePrecision, certain, where);
  const kept = judge(base.change.averagePrecision, certain, "on the base test pictures");
  const isBetter = better.least !== null && better.least > 0;
  const isKept = kept.least !== null && kept.least >= -margin;
  return {
    ships: isBetter && isKept,
    reasons: [
      `${better.words}: ${isBetter ? "better" : certain ? "not surely better" : "not better"}`,
      `${kept.words}: ${isKept ? "not worse" : certain ? "not surely within" : "worse"} by ${pointsText(margin)} points`,
    ],
  };
}

/** The least that a difference is taken for. Without an interval (one bot's day, one person) nothing is certain. */
function judge(change: Interval, certain: boolean, where: string) {
  const words = changeText(`average precision ${where}`, change, "a class is missing");
  return { least: certain ? change.low : change.value, words };
}
