/** One evaluation as a page of its own. */
import type { EvaluationResult } from "../evaluate/run.js";
import { toolVersion } from "../files/package-root.js";
import { renderReport } from "../report/render.js";
import { mainEvaluation } from "../report/sections/evaluation.js";

export async function evaluationPage({ evaluation, mistakes }: EvaluationResult): Promise<string> {
  const { quality, count } = mainEvaluation(evaluation);
  const percent = (value: number | null) => (value === null ? "not defined" : `${(100 * value).toFixed(1)} %`);
  return renderReport({
    title: `${evaluation.model.name} on ${evaluation.data.name}`,
    toolVersion,
    summary: [
      { label: "pictures", value: String(count) },
      { label: "accuracy", value: percent(quality.accuracy.value) },
      { label: "average precision", value: percent(quality.averagePrecision.value) },
      { label: "recall at 70 % precision", value: percent(quality.recallAt70.value) },
    ],
    evaluation: { pictures: "pictures", evaluation, mistakes },
  });
}
