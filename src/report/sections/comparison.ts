/** Two models side by side on the same pictures: what augmentation bought. */
import type { Interval } from "../../evaluate/bootstrap.js";
import type { Summary } from "../../evaluate/evaluation.js";
import { counted, foreign, isolated } from "../format.js";
import type { ComparisonSection } from "../types.js";
import { mainSummaries } from "./conditions.js";
import { mainEvaluation } from "./evaluation.js";
import { barView, intervalView, pointsView } from "./interval.js";
import type { SectionView } from "./view.js";

export function comparisonSection({ title, pictures, runs, changes }: ComparisonSection): SectionView {
  const [before, after] = runs.map(({ evaluation }) => mainSummaries(evaluation));
  const names = runs.map(({ name }) => foreign(name));
  const rows = before.map(({ name, summary }, i) => ({
    name: foreign(name),
    meaning: i === 0 ? "the pictures as they are" : foreign(runs[0].evaluation.views[i - 1].meaning),
    before: cell(summary),
    after: cell(after[i].summary),
    change: pointsView(changes[i].averagePrecision),
  }));
  return {
    id: "comparison",
    title: foreign(title),
    css: [],
    view: {
      measuredOn: counted(
        mainEvaluation(runs[0].evaluation).count,
        foreign(pictures).replace(/s$/, ""),
        foreign(pictures),
      ),
      before: names[0],
      after: names[1],
      rows,
      verdict: verdict(
        names.map((name) => isolated(name)),
        before.map(({ name }) => name),
        changes.map(({ averagePrecision }) => averagePrecision),
      ),
    },
  };
}

function cell({ quality, operating }: Summary) {
  return {
    bar: barView(quality.averagePrecision),
    recallAt70: intervalView(quality.recallAt70),
    precision: intervalView(operating.precision),
    recall: intervalView(operating.recall),
  };
}

/** The largest sure change in words. */
function verdict(names: readonly string[], views: readonly string[], changes: readonly Interval[]): string | null {
  const sure = changes.flatMap(({ value, low, high }, i) =>
    value !== null && low !== null && high !== null && (low > 0 || high < 0) ? [{ view: views[i], value }] : [],
  );
  const most = sure.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))[0];
  if (most === undefined) return `No difference between ${names[0]} and ${names[1]} is beyond chance.`;
  const points = (100 * Math.abs(most.value)).toFixed(1);
  const words = most.value > 0 ? "higher" : "lower";
  const where = most.view === "clean" ? "the pictures as they are" : `${isolated(foreign(most.view))} pictures`;
  return `On ${where} the average precision of ${names[1]} is ${points} points ${words} than that of ${names[0]}.`;
}
