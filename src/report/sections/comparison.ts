/** Two models side by side on the same pictures: what augmentation bought. */
import type { Interval } from "../../evaluate/bootstrap.js";
import { mainOf, type Summary } from "../../evaluate/evaluation.js";
import type { ViewResult } from "../../evaluate/run.js";
import { counted, foreign, integer } from "../format.js";
import type { ComparisonSection } from "../types.js";
import { mainSummaries } from "./conditions.js";
import { barView, intervalView, pointsView } from "./interval.js";
import type { SectionView } from "./view.js";

export function comparisonSection({ title, pictures, runs, changes }: ComparisonSection): SectionView {
  const [before, after] = runs.map(({ evaluation }) => mainSummaries(evaluation));
  const names = runs.map(({ name }) => foreign(name));
  const rows = before.map(({ name, summary }, i) => ({
    name: foreign(name),
    meaning: i === 0 ? "the pictures as they are" : meaningOf(runs[0].evaluation.views[i - 1]),
    before: cell(summary),
    after: cell(after[i].summary),
    change: pointsView(changes[i].averagePrecision),
  }));
  return {
    id: "comparison",
    title: foreign(title),
    css: [],
    view: {
      measuredOn: counted(mainOf(runs[0].evaluation).count, foreign(pictures).replace(/s$/, ""), foreign(pictures)),
      before: names[0],
      after: names[1],
      rows,
      verdict: verdict(
        before.map(({ name }) => name),
        changes.map(({ averagePrecision }) => averagePrecision),
      ),
    },
  };
}

function meaningOf({ meaning, captures }: ViewResult): string {
  const words = foreign(meaning).replaceAll(" %", "\u202f%");
  return captures > 1 ? `${words}, bursts of ${integer(captures)}` : words;
}

function cell({ quality, operating }: Summary) {
  return {
    bar: barView(quality.averagePrecision),
    recallAt70: intervalView(quality.recallAt70),
    precision: intervalView(operating.precision),
    recall: intervalView(operating.recall),
  };
}

/** The level that stands in for the field. */
const FIELD = "medium";

/** What changed on the pictures as they are and on production-like ones. */
function verdict(views: readonly string[], changes: readonly Interval[]): string | null {
  const parts = [
    { view: "clean", words: "on the pictures as they are" },
    { view: FIELD, words: `on production-like ones (${FIELD})` },
  ].flatMap(({ view, words }) => {
    const at = views.indexOf(view);
    const change = at < 0 ? undefined : changes[at];
    if (change === undefined || change.value === null) return [];
    const { text, state } = pointsView(change);
    return [`${text} points ${words}${state === "same" ? ", which may be chance" : ""}`];
  });
  return parts.length === 0 ? null : `Average precision: ${parts.join("; ")}.`;
}
