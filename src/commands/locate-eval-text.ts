/** A locators' evaluation for the terminal. */
import type { Interval } from "../evaluate/bootstrap.js";
import type { LocatorFigures } from "../locate/evaluate/types.js";
import type { LocateEvalResult } from "../pipeline/locate-eval.js";
import { intervalText } from "./eval-text.js";
import { textTable, thousands } from "./table.js";

type Line = readonly [name: string, text: (figures: LocatorFigures) => string];

const LINES: readonly Line[] = [
  ["average precision, IoU 0.5", ({ averagePrecision }) => intervalText(averagePrecision)],
  ["recall at 1 false face in 100 frames", ({ recallAt1In100 }) => intervalText(recallAt1In100)],
  ["recall at the threshold", ({ recall }) => intervalText(recall)],
  ["false faces in 100 frames there", ({ falseFacesPer100 }) => plain(falseFacesPer100, 1)],
  ["error in face widths, median", ({ errorMedian }) => plain(errorMedian, 3)],
  ["error in face widths, 90 %", ({ error90 }) => plain(error90, 3)],
  ["lamp or window, looks at the face", ({ aims }) => intervalText(aims.face)],
  ["lamp or window, looks at a fixture", ({ aims }) => intervalText(aims.fixture)],
  ["lamp or window, looks elsewhere", ({ aims }) => intervalText(aims.elsewhere)],
  ["lamp or window, sees nobody", ({ aims }) => intervalText(aims.nobody)],
  ["empty room, sees a face", ({ falseAlarms }) => intervalText(falseAlarms)],
  ["nobody: precision", ({ nobody }) => intervalText(nobody.precision)],
  ["nobody: recall", ({ nobody }) => intervalText(nobody.recall)],
  ["smile recall at 70 % precision", ({ smileRecallAt70 }) => intervalText(smileRecallAt70)],
  ["points behind perfect boxes", ({ behindPerfect }) => plain(behindPerfect, 1, 100)],
];

export function locatorEvaluationText({ evaluation, people }: LocateEvalResult): string {
  const { scenes, locators, model } = evaluation;
  return [
    `scenes    ${thousands(scenes.count)} of ${scenes.width}x${scenes.height}, seed ${scenes.seed}; ${people}`,
    `          ${thousands(scenes.faces)} faces; ${thousands(scenes.fixture)} with a lamp or window and a face, ${thousands(scenes.empty)} with a lamp or window and nobody`,
    `model     ${model.name} ${model.sha256.slice(0, 16)}: ${model.positive} in ${thousands(scenes.smiling)} of ${thousands(scenes.chosen)} scenes with a face`,
    "",
    textTable(
      ["", ...locators.map(({ name }) => name)],
      LINES.map(([name, text]) => [name, ...locators.map(text)]),
    ),
    "",
    sizeTable(locators),
    "",
    "Intervals are 95 %, by drawing people anew.",
  ].join("\n");
}

/** Recall by the face's side. */
function sizeTable(locators: readonly LocatorFigures[]): string {
  return textTable(
    ["side of the face", "faces", ...locators.map(({ name }) => name)],
    locators[0].bySize.map(({ least, most, faces }, i) => [
      most === null ? `${least} pixels and more` : `${least} to ${most - 1} pixels`,
      thousands(faces),
      ...locators.map(({ bySize }) => intervalText(bySize[i].recall)),
    ]),
  );
}

/** "0.052 (0.047-0.060)". */
function plain({ value, low, high }: Interval, digits: number, factor = 1): string {
  if (value === null) return "not defined";
  const text = (part: number) => (factor * part).toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  return low === null || high === null ? text(value) : `${text(value)} (${text(low)} to ${text(high)})`;
}
