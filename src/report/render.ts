/** The HTML report: one file without scripts, external requests or dates; same input, same bytes. */
import { foreign, isolated } from "./format.js";
import { augmentationSection } from "./sections/augmentation.js";
import { boardSection } from "./sections/board.js";
import { checksSection } from "./sections/checks.js";
import { comparisonSection } from "./sections/comparison.js";
import { conditionsSection } from "./sections/conditions.js";
import { dataSection } from "./sections/data.js";
import { evaluationSection } from "./sections/evaluation.js";
import { firmwareSection } from "./sections/firmware.js";
import { labelsSection } from "./sections/labels.js";
import { locatorsSection } from "./sections/locators.js";
import { missingSection } from "./sections/missing.js";
import { modelSection } from "./sections/model.js";
import { quantizationSection } from "./sections/quantization.js";
import { replaySection } from "./sections/replay.js";
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
  return [...(await modelSections(input)), ...(await boardSections(input)), ...(await captureSections(input))];
}

/** From pictures to an int8 model. */
async function modelSections(input: ReportInput): Promise<SectionView[]> {
  const { checks, data, augmentation, training, model, quantization, evaluation, locators, comparison } = input;
  const sections: SectionView[] = [];
  if (checks !== undefined) sections.push(checksSection(checks));
  if (data !== undefined) sections.push(await dataSection(data));
  if (augmentation !== undefined) sections.push(await augmentationSection(augmentation));
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
  return sections;
}

/** What runs on the board, and on this machine. */
async function boardSections({ board, firmware, simulation, evaluation }: ReportInput): Promise<SectionView[]> {
  const sections: SectionView[] = [];
  if (board !== undefined) sections.push(await boardSection(board));
  if (firmware !== undefined) sections.push(firmwareSection(firmware));
  if (simulation !== undefined) {
    const positive = simulation.positive ?? evaluation?.evaluation.model.positive;
    sections.push(await simulationSection(simulation, { positive, threshold: evaluation?.evaluation.threshold }));
  }
  return sections;
}

/** What came back from production. */
async function captureSections({
  replay,
  labels,
  skew,
  retraining,
  missing = [],
}: ReportInput): Promise<SectionView[]> {
  const sections: SectionView[] = [];
  if (replay !== undefined) sections.push(replaySection(replay));
  if (labels !== undefined) sections.push(labelsSection(labels));
  if (skew !== undefined) sections.push(await skewSection(skew));
  if (retraining !== undefined) sections.push(retrainingSection(retraining));
  if (missing.length > 0) sections.push(missingSection(missing));
  return sections;
}
