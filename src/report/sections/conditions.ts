/** What it cannot stand: one fault at a time, and all of them as a cheap camera in a badly lit office has them. */
import { mainOf, type Summary } from "../../evaluate/evaluation.js";
import type { ModelEvaluation, ViewResult } from "../../evaluate/run.js";
import { counted, foreign, integer } from "../format.js";
import type { EvaluationSection } from "../types.js";
import { barView, intervalView, pointsView } from "./interval.js";
import type { SectionView } from "./view.js";

/** Null when nothing but the pictures as they are was evaluated. */
export function conditionsSection({ evaluation, pictures }: EvaluationSection): SectionView | null {
  const { views } = evaluation;
  if (views.length === 0) return null;
  const conditions = views.filter(({ kind }) => kind === "condition");
  const levels = views.filter(({ kind }) => kind === "level");
  const main = mainOf(evaluation);
  const clean = row("clean", "the pictures as they are", main, null);
  return {
    id: "conditions",
    title: "Conditions",
    css: [],
    view: {
      measuredOn: counted(main.count, foreign(pictures).replace(/s$/, ""), foreign(pictures)),
      conditions: conditions.length === 0 ? null : [clean, ...conditions.flatMap(viewRows)],
      levels: levels.length === 0 ? null : [clean, ...levels.flatMap(viewRows)],
      burst: burstNote(levels),
      worst: worstCondition(conditions),
    },
  };
}

function row(name: string, meaning: string, summary: Summary, change: ViewResult["change"] | null) {
  const { quality, operating } = summary;
  return {
    name: foreign(name),
    meaning: foreign(meaning).replaceAll(" %", "\u202f%"),
    bar: barView(quality.averagePrecision),
    change: change === null ? null : pointsView(change.averagePrecision),
    recallAt70: intervalView(quality.recallAt70),
    accuracy: intervalView(quality.accuracy),
    precision: intervalView(operating.precision),
    recall: intervalView(operating.recall),
  };
}

function viewRows(view: ViewResult) {
  const summary = mainOf(view);
  const { name, meaning, captures, single, change } = view;
  if (single === undefined) return [row(name, meaning, summary, change)];
  return [
    row(name, `${meaning}: one capture`, single, null),
    row(`${name}, burst`, `${integer(captures)} captures of a press combined`, summary, change),
  ];
}

function burstNote(levels: readonly ViewResult[]): string | null {
  if (!levels.some(({ single }) => single !== undefined)) return null;
  return "The captures of a burst are simulated: one scene, with other noise, tremor and movement in each. In a real press the face moves too.";
}

/** The condition that costs most average precision, when it surely costs some. */
function worstCondition(conditions: readonly ViewResult[]): string | null {
  const costs = conditions.flatMap(({ name, change: { averagePrecision: change } }) =>
    change.value !== null && change.high !== null && change.high < 0 ? [{ name, value: change.value }] : [],
  );
  const worst = costs.sort((a, b) => a.value - b.value)[0];
  return worst === undefined ? null : `It suffers most from ${foreign(worst.name)}.`;
}

/** The main model's figures of every view by name, the pictures as they are first. */
export function mainSummaries(evaluation: ModelEvaluation): { readonly name: string; readonly summary: Summary }[] {
  const views = evaluation.views.map((view) => ({ name: view.name, summary: mainOf(view) }));
  return [{ name: "clean", summary: mainOf(evaluation) }, ...views];
}
