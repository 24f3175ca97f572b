/** One evaluation as a page of its own. */
import { toolVersion } from "../files/package-root.js";
import type { EvaluationResult } from "../evaluate/run.js";
import { renderReport } from "../report/render.js";

export async function evaluationPage(_result: EvaluationResult): Promise<string> {
  return renderReport({ title: "evaluation", toolVersion, summary: [] });
}
