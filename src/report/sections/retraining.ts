/** What retraining came to: before, after, on whom. */
import { counted, foreign, integer } from "../format.js";
import type { BeforeAndAfter, RetrainingSection } from "../types.js";
import { barView, intervalView, pointsView } from "./interval.js";
import type { SectionView } from "./view.js";

export function retrainingSection(retraining: RetrainingSection): SectionView {
  const { before, after, ships, warm, baseData, reasons, syntheticSkew } = retraining;
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
      withCaptures: syntheticSkew === undefined ? withCaptures(retraining) : null,
      augmented: syntheticSkew === undefined ? null : AUGMENTED[syntheticSkew.origin],
      reasons: reasons.map(foreign),
      rows: rows(retraining),
    },
  };
}

const AUGMENTED = {
  configuration: "changed as the configuration says",
  default: "changed as smilec does by itself, as the configuration changes nothing",
  captures: "changed until it looked like captures that nobody has judged",
} as const;

function withCaptures({ captureWeight, splits: { train, val, heldOut } }: RetrainingSection) {
  return {
    captureWeight: String(captureWeight),
    trainedOn: counted(train.captures + val.captures, "judged capture"),
    presses: counted(heldOut.presses, "press", "presses"),
    positives: integer(heldOut.positives),
    groups: counted(heldOut.groups, "bot's day", "bots' days"),
  };
}

function rows({ captures, degraded, base }: RetrainingSection) {
  const pictures = ({ count }: BeforeAndAfter, kind: string) => counted(count, `${kind} picture`);
  return [
    ...(captures === undefined
      ? []
      : [
          row(
            "held-out captures",
            `${counted(captures.count, "press", "presses")} that neither model was trained on`,
            captures,
          ),
        ]),
    ...(degraded === undefined
      ? []
      : [row("degraded validation", `${pictures(degraded, "validation")}, made production-like`, degraded)]),
    row("base test", `${pictures(base, "test")} of the base data`, base),
  ];
}

function row(name: string, meaning: string, { before, after, change }: BeforeAndAfter) {
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
