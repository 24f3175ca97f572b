/** What people say of captures, and how far they agree. */
import { counted, cssPercent, decimal, foreign, integer, percent } from "../format.js";
import type { LabelsSection } from "../types.js";
import { type SectionView, tile } from "./view.js";

export function labelsSection(section: LabelsSection): SectionView {
  const { captures, presses, labels, unknownLabels, unjudged, disputed, consent, boxesCorrected, deleted } = section;
  const judged = captures - unjudged;
  const shown = Object.entries(labels).map(([name, count]) => bar(name, count, captures, unknownLabels.includes(name)));
  return {
    id: "labels",
    title: "Labels",
    css: [],
    view: {
      captures: counted(captures, "capture"),
      presses: counted(presses, "press", "presses"),
      tiles: [
        tile("judged", integer(judged), captures === 0 ? null : percent(judged / captures, 0)),
        agreement(section.agreement),
        tile("disputed", integer(disputed), "two looks differ, not settled"),
        pace(section.pace),
      ],
      bars: [...shown, bar("not judged", unjudged, captures, false), bar("disputed", disputed, captures, false)],
      consent: `Consent: ${integer(consent.given)} given, ${integer(consent.refused)} refused, ${integer(consent.unknown)} not asked.`,
      more: `${counted(boxesCorrected, "face box", "face boxes")} corrected; ${counted(deleted, "capture")} deleted or withdrawn.`,
    },
  };
}

function bar(name: string, count: number, all: number, unknown: boolean) {
  return {
    name: foreign(unknown ? `${name} (not in the configuration)` : name),
    count: integer(count),
    share: all === 0 ? null : percent(count / all),
    width: cssPercent(all === 0 ? 0 : count / all),
  };
}

function agreement({ captures, same, kappa }: LabelsSection["agreement"]) {
  if (captures === 0) return tile("Cohen's kappa", "none yet", "nothing was looked at twice");
  const looks = `${integer(same)} of ${integer(captures)} the same in both looks`;
  return tile("Cohen's kappa", kappa === null ? "not defined" : decimal(kappa, 2), looks);
}

function pace({ perMinute, workMs }: LabelsSection["pace"]) {
  if (perMinute === null) return tile("judged per minute", "not known", "nobody judged two in a row");
  return tile(
    "judged per minute",
    decimal(perMinute, 0),
    `over ${counted(Math.round(workMs / 60_000), "minute")} of work`,
  );
}
