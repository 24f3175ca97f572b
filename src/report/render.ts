/** The HTML report: one file without scripts, external requests or dates; same input, same bytes. */
import { foreign, isolated } from "./format.js";
import { comparisonSection } from "./sections/comparison.js";
import { conditionsSection } from "./sections/conditions.js";
import { dataSection } from "./sections/data.js";
import { evaluationSection } from "./sections/evaluation.js";
import { firmwareSection } from "./sections/firmware.js";
import { locatorsSection } from "./sections/locators.js";
import { modelSection } from "./sections/model.js";
import { quantizationSection } from "./sections/quantization.js";
import { retrainingSection } from "./sections/retraining.js";
import { replayBanner, simulationSection } from "./sections/simulation.js";
import { skewSection } from "./sections/skew.js";
import { trainingSection } from "./sections/training.js";
import { type SectionView, tile } from "./sections/view.js";
import { fillPage } from "./template.js";
import type { ReportInput } from "./types.js";

/**
 * Renders a report. Sections that are absent are left out, along with their entry in the navigation. Labels, names and messages are foreign text
 * and are escaped; values that are NaN are shown as "not defined" with the reason.
 *
 * @returns a complete HTML document, UTF-8, that opens from file://
 */
export async function renderReport(input: ReportInput): Promise<string> {
  const sections = await renderSections(input);
  return fillPage({
    title: foreign(input.title),
    documentTitle: `${isolated(input.title)} – smilec report`,
    toolVersion: foreign(input.toolVersion),
    summary: input.summary.map(({ label, value }) => tile(foreign(label), foreign(value))),
    banner: input.simulation === undefined ? null : replayBanner(input.simulation),
    sections: sections.map((section, index) => ({ ...section, number: String(index + 1) })),
    sheetsCss: sections.flatMap((section) => section.css).join("\n"),
  });
}

/** In the order of the loop. */
async function renderSections(input: ReportInput): Promise<SectionView[]> {
  const {
    data,
    training,
    model,
    quantization,
    evaluation,
    comparison,
    retraining,
    firmware,
    simulation,
    skew,
    locators,
  } = input;
  const sections: SectionView[] = [];
  if (data !== undefined) sections.push(await dataSection(data));
  if (training !== undefined) sections.push(await trainingSection(training));
  if (model !== undefined) sections.push(await modelSection(model));
  if (quantization !== undefined) sections.push(quantizationSection(quantization));
  if (evaluation !== undefined) {
    sections.push(await evaluationSection(evaluation));
    const conditions = conditionsSection(evaluation);
    if (conditions !== null) sections.push(conditions);
  }
  if (locators !== undefined) sections.push(await locatorsSection(locators));
  if (comparison !== undefined) sections.push(comparisonSection(comparison));
  if (retraining !== undefined) sections.push(retrainingSection(retraining));
  if (firmware !== undefined) sections.push(firmwareSection(firmware));
  if (simulation !== undefined) {
    const positive = simulation.positive ?? evaluation?.evaluation.model.positive;
    sections.push(await simulationSection(simulation, { positive, threshold: evaluation?.evaluation.threshold }));
  }
  if (skew !== undefined) sections.push(await skewSection(skew));
  return sections;
}
