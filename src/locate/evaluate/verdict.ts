/** Whether a newly trained detector may replace the one in service. */
import { changeText, pointsText } from "../../evaluate/change-text.js";
import type { Verdict } from "../../retrain/verdict.js";
import type { CaptureComparison } from "./captures.js";
import type { SceneComparison } from "./compare.js";

/** With fewer held-out presses, composed scenes alone decide. */
export const FEWEST_PRESSES = 20;
/** With enough of them, average precision on composed scenes may be lower by so much. */
export const SCENE_MARGIN = 0.01;
/** Shares are sums of fractions: a smaller difference is none. */
const ROUNDING = 1e-9;

/**
 * On enough held-out presses: more right answers, and on composed scenes worse by the margin at most. Else: not worse on composed scenes.
 * @param captures absent when no capture was held out
 */
export function detectorVerdict(
  captures: Pick<CaptureComparison, "presses" | "change"> | undefined,
  { change }: Pick<SceneComparison, "change">,
): Verdict {
  const scenes = changeText("average precision on composed validation scenes", change.averagePrecision, "no face");
  const { value } = change.averagePrecision;
  if (captures === undefined || captures.presses < FEWEST_PRESSES) {
    const ships = value !== null && value >= -ROUNDING;
    return { ships, reasons: [tooFew(captures?.presses ?? 0), `${scenes}: ${ships ? "not lower" : "lower"}`] };
  }
  const isBetter = captures.change.value !== null && captures.change.value > ROUNDING;
  const isKept = value !== null && value >= -SCENE_MARGIN - ROUNDING;
  const answers = changeText("the share of right answers on held-out captures", captures.change, "no capture");
  return {
    ships: isBetter && isKept,
    reasons: [
      `${answers}: ${isBetter ? "better" : "not better"}`,
      `${scenes}: ${isKept ? "not worse" : "worse"} by ${pointsText(SCENE_MARGIN)} points`,
    ],
  };
}

function tooFew(presses: number): string {
  if (presses === 0) return "no production frame was seen: there is no held-out capture with a known face";
  return `too few production frames were seen: ${presses} held-out ${presses === 1 ? "press" : "presses"} with known faces, ${FEWEST_PRESSES} are needed`;
}
