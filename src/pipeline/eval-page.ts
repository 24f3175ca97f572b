/** One evaluation as a page of its own. */
import { mainOf } from "../evaluate/evaluation.js";
import type { EvaluationResult } from "../evaluate/run.js";
import { toolVersion } from "../files/package-root.js";
import { plainPercent } from "../report/format.js";
import { renderReport } from "../report/render.js";

export async function evaluationPage({ evaluation, mistakes }: EvaluationResult): Promise<string> {
  const { quality, count } = mainOf(evaluation);
  return renderReport({
    title: `${evaluation.model.name} on ${evaluation.data.name}`,
    toolVersion,
    summary: [
      { label: "pictures", value: String(count) },
      { label: "accuracy", value: plainPercent(quality.accuracy.value) },
      { label: "average precision", value: plainPercent(quality.averagePrecision.value) },
      { label: "recall at 70 % precision", value: plainPercent(quality.recallAt70.value) },
    ],
    evaluation: { pictures: "pictures", evaluation, mistakes },
  });
}
