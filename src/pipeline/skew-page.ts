/** A skew report as a page of its own. */
import { toolVersion } from "../files/package-root.js";
import { renderReport } from "../report/render.js";
import type { SkewResult } from "../skew/types.js";

export async function skewPage(name: string, result: SkewResult): Promise<string> {
  const { auc, serving, training, consistency } = result.report;
  return renderReport({
    title: `${name}: training and serving`,
    toolVersion,
    summary: [
      { label: "presses", value: String(serving.presses) },
      { label: "training pictures", value: String(training.pictures) },
      { label: "told apart (AUC)", value: auc.value === null ? "not defined" : auc.value.toFixed(2) },
      { label: "captures computed again", value: `${consistency.equal} of ${consistency.captures} equal` },
    ],
    skew: result,
  });
}
