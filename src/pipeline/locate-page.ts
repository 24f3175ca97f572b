/** A locators' evaluation as a page of its own. */
import { toolVersion } from "../files/package-root.js";
import { plainPercent } from "../report/format.js";
import { renderReport } from "../report/render.js";
import type { LocateEvalResult } from "./locate-eval.js";

export async function locatorPage(result: LocateEvalResult): Promise<string> {
  const { evaluation, people } = result;
  return renderReport({
    title: `Finding the face: ${people}`,
    toolVersion,
    summary: [
      { label: "scenes", value: String(evaluation.scenes.count) },
      ...evaluation.locators.map(({ name, smileRecallAt70 }) => ({
        label: `smile recall, ${name}`,
        value: plainPercent(smileRecallAt70.value),
      })),
    ],
    locators: result,
  });
}
