/** Finding the face: figures of every locator, where each looked, and the first scenes that each failed. */
import type { Box, GrayImage } from "../../data/types.js";
import type { Interval } from "../../evaluate/bootstrap.js";
import type { LocatorEvaluationResult } from "../../locate/evaluate/run.js";
import type { Failure, LocatorFigures, Look } from "../../locate/evaluate/types.js";
import { counted, decimal, foreign, integer } from "../format.js";
import { drawSheet, type Sheet } from "../sheet.js";
import { barView, type IntervalView, intervalView } from "./interval.js";
import type { PictureView, SectionView } from "./view.js";

/** Pixels of one picture and of all pictures of a gallery together: bounds the file. */
const FRAME_AREA = 240 * 180;
const GALLERY_PIXELS = 1_500_000;
/** Colours of boxes that the page has (templates/report/report.css), by the locators' order; `truth` is the face's. */
const COLOURS = 5;

export async function locatorsSection({ evaluation, failures, looks }: LocatorEvaluationResult): Promise<SectionView> {
  const { scenes, locators } = evaluation;
  const names = locators.map(({ name }) => name);
  const looking = await lookGallery(looks, names);
  const failed = await Promise.all(failures.map((one, index) => failureGallery(one.name, one.failures, index)));
  return {
    id: "locators",
    title: "Finding the face",
    css: [...looking.css, ...failed.flatMap(({ css }) => css)],
    view: {
      scenes: counted(scenes.count, "composed scene"),
      faces: counted(scenes.faces, "face"),
      lit: integer(scenes.fixture),
      empty: integer(scenes.empty),
      size: `${scenes.width} by ${scenes.height}`,
      rows: locators.map(figuresRow),
      aims: locators.map(aimRow),
      names: names.map(foreign),
      bins: locators[0].bySize.map((bin, i) => ({
        title:
          bin.most === null ? `${integer(bin.least)} and more` : `${integer(bin.least)} to ${integer(bin.most - 1)}`,
        faces: integer(bin.faces),
        recalls: locators.map(({ bySize }) => intervalView(bySize[i].recall, "no faces")),
      })),
      looks: looking.cards,
      legend: names.slice(0, -1).map((name, i) => ({ name: foreign(name), colour: colourOf(i) })),
      failures: failed.map(({ name, cards }) => ({ name, cards })),
    },
  };
}

function colourOf(index: number): string {
  return `looked-${index % COLOURS}`;
}

/** "0.052" with "0.047 to 0.060". */
function plainView({ value, low, high }: Interval, digits: number): IntervalView {
  if (value === null) return { text: "not defined", range: null };
  const range = low === null || high === null ? null : `${decimal(low, digits)} to ${decimal(high, digits)}`;
  return { text: decimal(value, digits), range };
}

function figuresRow(figures: LocatorFigures) {
  const { behindPerfect: behind } = figures;
  const scaled = (part: number | null) => (part === null ? null : 100 * part);
  return {
    name: foreign(figures.name),
    bar: barView(figures.averagePrecision),
    recallAt1In100: intervalView(figures.recallAt1In100),
    recall: intervalView(figures.recall),
    falseFaces: plainView(figures.falseFacesPer100, 1),
    median: plainView(figures.errorMedian, 3),
    most: plainView(figures.error90, 3),
    smile: intervalView(figures.smileRecallAt70),
    behind: plainView({ value: scaled(behind.value), low: scaled(behind.low), high: scaled(behind.high) }, 1),
  };
}

function aimRow({ name, aims, falseAlarms, nobody }: LocatorFigures) {
  return {
    name: foreign(name),
    face: intervalView(aims.face, "no scenes"),
    fixture: intervalView(aims.fixture, "no scenes"),
    elsewhere: intervalView(aims.elsewhere, "no scenes"),
    nobody: intervalView(aims.nobody, "no scenes"),
    alarms: intervalView(falseAlarms, "no scenes"),
    precision: intervalView(nobody.precision, "never said"),
    recall: intervalView(nobody.recall, "no scenes"),
  };
}

interface BoxView {
  readonly style: string;
  readonly colour: string;
}

function sheetOf(name: string, frames: readonly GrayImage[]): Promise<Sheet> {
  return drawSheet(name, frames, { cellArea: Math.min(FRAME_AREA, GALLERY_PIXELS / Math.max(1, frames.length)) });
}

function pictureOf(sheet: Sheet, index: number, alt: string): PictureView {
  return { sheet: sheet.name, style: sheet.cells[index].style, alt };
}

async function lookGallery(looks: readonly Look[], names: readonly string[]) {
  if (looks.length === 0) return { css: [], cards: [] };
  const sheet = await sheetOf(
    "sheet-looks",
    looks.map(({ frame }) => frame),
  );
  const cards = looks.map(({ index, faces, chosen }, i) => {
    const words = chosen.map((one, locator) => (one === undefined ? `${names[locator]}: nobody` : null));
    const boxes: BoxView[] = [
      ...faces.map((box) => ({ style: sheet.boxStyle(i, box), colour: "truth" })),
      ...chosen.flatMap((one, locator) =>
        one === undefined ? [] : [{ style: sheet.boxStyle(i, one.box), colour: colourOf(locator) }],
      ),
    ];
    const alt = `Scene ${index} with ${counted(faces.length, "face")}`;
    const nobody = words.filter((word) => word !== null).join(", ");
    return { picture: pictureOf(sheet, i, alt), boxes, words: nobody === "" ? null : foreign(nobody) };
  });
  return { css: [sheet.css], cards };
}

async function failureGallery(name: string, failures: readonly Failure[], index: number) {
  if (failures.length === 0) return { name: foreign(name), css: [], cards: [] };
  const sheet = await sheetOf(
    `sheet-failures-${index}`,
    failures.map(({ frame }) => frame),
  );
  const cards = failures.map((failure, i) => {
    const draw = (box: Box, colour: string): BoxView => ({ style: sheet.boxStyle(i, box), colour });
    const boxes = failure.faces.map(({ box }) => draw(box, "truth"));
    if (failure.chosen !== undefined) boxes.push(draw(failure.chosen.box, colourOf(index)));
    const words = wordsOn(failure);
    return { picture: pictureOf(sheet, i, `Scene ${failure.index}: ${words}`), boxes, words };
  });
  return { name: foreign(name), css: [sheet.css], cards };
}

function wordsOn({ kind, on, chosen, faces }: Failure): string {
  const sure = chosen === undefined ? "" : `, confidence ${integer(chosen.confidence)}`;
  switch (kind) {
    case "fixture":
      return `looks at a ${on ?? "fixture"} instead of the face${sure}`;
    case "missed":
      return `sees nobody, and there ${faces.length === 1 ? "is a face" : `are ${integer(faces.length)} faces`}`;
    case "false face":
      return `sees a face${on === undefined ? "" : ` in a ${on}`}, and nobody is there${sure}`;
    case "elsewhere":
      return `looks beside the face${sure}`;
  }
}
