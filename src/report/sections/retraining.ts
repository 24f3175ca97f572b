/** What retraining with captures came to: before, after, on whom. */
import { counted, foreign, integer } from "../format.js";
import type { RetrainingSection } from "../types.js";
import { barView, intervalView, pointsView } from "./interval.js";
import type { SectionView } from "./view.js";

export function retrainingSection(retraining: RetrainingSection): SectionView {
  const { before, after, ships, warm, captureWeight, baseData, splits, reasons, captures, base } = retraining;
  const { train, val, heldOut } = splits;
  return {
    id: "retraining",
    title: "Retraining",
    css: [],
    view: {
      before: foreign(before),
      after: foreign(after),
      outcome: ships
        ? "The new model is in service."
        : "The model in service was kept: the new one was not good enough.",
      start: warm ? "went on from the weights in service" : "began anew",
      baseData: foreign(baseData.join(", ")),
      captureWeight: String(captureWeight),
      trainedOn: counted(train.captures + val.captures, "judged capture"),
      heldOut: {
        presses: counted(heldOut.presses, "press", "presses"),
        positives: integer(heldOut.positives),
        groups: counted(heldOut.groups, "bot's day", "bots' days"),
      },
      reasons: reasons.map(foreign),
      rows: [
        row(
          "held-out captures",
          `${counted(captures.count, "press", "presses")} that neither model was trained on`,
          captures,
        ),
        row("base test", `${counted(base.count, "test picture")} of the base data`, base),
      ],
    },
  };
}

function row(name: string, meaning: string, { before, after, change }: RetrainingSection["base"]) {
  return {
    name,
    meaning,
    before: barView(before.quality.averagePrecision),
    after: barView(after.quality.averagePrecision),
    change: pointsView(change.averagePrecision),
    recallBefore: intervalView(before.quality.recallAt70),
    recallAfter: intervalView(after.quality.recallAt70),
    recallChange: pointsView(change.recallAt70),
  };
}
