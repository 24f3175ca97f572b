/** How often it is right, how sure that is, and how it is wrong. */
import { type Evaluation, mainOf, type Quality } from "../../evaluate/evaluation.js";
import type { ModelEvaluation } from "../../evaluate/run.js";
import { calibrationChart, precisionRecallChart, rocChart, scoreChart } from "../charts/evaluation.js";
import { counted, decimal, foreign, integer, isolated, percent, shortened } from "../format.js";
import { drawSheet } from "../sheet.js";
import { drawChart } from "../svg.js";
import type { EvaluationSection } from "../types.js";
import { intervalView, pointsView } from "./interval.js";
import { type PictureView, type SectionView, tile } from "./view.js";

const MISTAKE_AREA = 112 * 112;
/** Characters of a picture's name below it. */
const NAME_LENGTH = 26;

export async function evaluationSection(section: EvaluationSection): Promise<SectionView> {
  const { evaluation } = section;
  const main = mainOf(evaluation);
  const mistakes = await mistakeGallery(section);
  const { operating } = main;
  const reason = undefinedReason(main);
  const share = (figure: Parameters<typeof intervalView>[0]) => intervalView(figure, reason ?? undefined);
  const { positive } = evaluation.model;
  const withRange = ({ text, range }: ReturnType<typeof share>, words: string) =>
    [text, range === null ? words : `${range}; ${words}`] as const;
  return {
    id: "evaluation",
    title: "Evaluation",
    css: mistakes.css,
    view: {
      measuredOn: counted(main.count, ...pictureWords(section.pictures)),
      isTest: section.pictures === "test pictures",
      model: evaluation.int8 === undefined ? "float model" : "int8 model",
      positive: foreign(positive),
      intervals: intervalWords(main),
      notes: [...evaluation.notes, ...evaluation.model.assumptions.map((text) => `Assumed: ${text}.`)].map(foreign),
      tiles: [
        tile("threshold", percent(evaluation.threshold.probability), thresholdNote(evaluation)),
        tile("precision there", ...withRange(share(operating.precision), "of its green lights, how many were right")),
        tile("recall there", ...withRange(share(operating.recall), `of all ${isolated(positive)}, how many it found`)),
      ],
      metrics: metricRows(evaluation, reason),
      hasFloat: evaluation.float !== undefined,
      hasInt8: evaluation.int8 !== undefined,
      hasChange: evaluation.int8Change !== undefined,
      curveHtml: await curve(evaluation),
      rocHtml: await roc(evaluation),
      calibration: await calibration(main),
      scoresHtml: await scores(evaluation),
      undefinedNote: reason,
      confusion: confusion(main),
      mistakes: mistakes.groups,
    },
  };
}

function pictureWords(pictures: string): [string, string] {
  return [foreign(pictures).replace(/s$/, ""), foreign(pictures)];
}

function intervalWords({ groups, grouped, resampling }: Evaluation): string {
  const drawn = grouped ? `${integer(groups)} persons or sequences` : "pictures";
  return `Ranges hold with 95\u202f% probability for other pictures of the same kind: ${integer(resampling.resamples)} times the ${drawn} were drawn anew.`;
}

function thresholdNote({ threshold }: ModelEvaluation): string {
  const from = {
    model: "chosen on validation pictures",
    given: "given",
    default: "assumed, as nothing says one",
  }[threshold.from];
  return threshold.margin === undefined ? from : `logit margin ${integer(threshold.margin)}, ${from}`;
}

const METRICS: readonly { readonly key: keyof Quality; readonly name: string; readonly meaning: string }[] = [
  { key: "accuracy", name: "accuracy", meaning: "of all answers, how many were right" },
  { key: "averagePrecision", name: "average precision", meaning: "area under the curve below; 100\u202f% is perfect" },
  { key: "recallAt70", name: "recall at 70\u202f% precision", meaning: "the first bot reached 40\u202f%" },
  { key: "recallAt90", name: "recall at 90\u202f% precision", meaning: "with one false light in ten" },
  {
    key: "rocAuc",
    name: "ROC AUC",
    meaning: "chance that a positive picture scores above another one; 50\u202f% is a coin",
  },
];

function metricRows({ float, int8, int8Change }: ModelEvaluation, reason: string | null) {
  const words = reason ?? undefined;
  return METRICS.map(({ key, name, meaning }) => ({
    name,
    meaning,
    float: float === undefined ? null : intervalView(float.quality[key], words),
    int8: int8 === undefined ? null : intervalView(int8.quality[key], words),
    change: int8Change === undefined ? null : pointsView(int8Change[key]),
  }));
}

/** Why a metric can be undefined; null when both classes are there. */
function undefinedReason({ count, positives }: Pick<Evaluation, "count" | "positives">): string | null {
  if (count === 0) return "not defined: no picture";
  if (positives === 0) return "not defined: no positive picture";
  return positives === count ? "not defined: no negative picture" : null;
}

function curves(evaluation: ModelEvaluation) {
  const main = mainOf(evaluation);
  const isBoth = evaluation.float !== undefined && evaluation.int8 !== undefined;
  return { main, ...(isBoth && { float: evaluation.float }) };
}

async function curve(evaluation: ModelEvaluation): Promise<string | null> {
  const { quality, operating, precisionRecall, count, positives } = mainOf(evaluation);
  if (precisionRecall.points.length === 0 || positives === count) return null;
  const { precision, recall } = operating;
  const description = `Precision over recall. Your bot: precision ${intervalView(precision).text}, recall ${intervalView(recall).text}. The first bot: precision 70\u202f%, recall 40\u202f%. Average precision ${decimal(quality.averagePrecision.value ?? Number.NaN, 3)}.`;
  return drawChart("precision-recall", description, precisionRecallChart(curves(evaluation)), {
    wide: 400,
    narrow: 300,
  });
}

async function roc(evaluation: ModelEvaluation): Promise<string | null> {
  const { quality, operating, roc: drawn } = mainOf(evaluation);
  if (drawn.points.length === 0) return null;
  const description = `Recall over false alarms. Your bot: ${intervalView(operating.falseAlarmRate).text} false alarms, recall ${intervalView(operating.recall).text}. Area under the curve ${decimal(quality.rocAuc.value ?? Number.NaN, 3)}.`;
  return drawChart("roc", description, rocChart(curves(evaluation)), { wide: 360, narrow: 280 });
}

async function calibration(main: Evaluation) {
  const { ece, brier, logLoss, bins } = main.calibration;
  if (brier.value === null || ece.value === null || logLoss.value === null) return null;
  const error = intervalView(ece);
  const used = bins.filter(({ count }) => count > 0).length;
  const description = `Share of positives over the probability given, in ${counted(used, "bin")}. Calibration error ${error.text}.`;
  return {
    chartHtml: await drawChart("calibration", description, calibrationChart(main), { wide: 360, narrow: 280 }),
    tiles: [
      tile("calibration error", error.text, error.range),
      tile("Brier score", decimal(brier.value, 4), "mean squared error; 0 is perfect, 0.25 is a coin"),
      tile("log loss", decimal(logLoss.value, 4), "0 is perfect, 0.6931 is a coin"),
    ],
  };
}

async function scores(evaluation: ModelEvaluation): Promise<string | null> {
  const main = mainOf(evaluation);
  if (main.count === 0) return null;
  const { falsePositives, falseNegatives } = main.operating.confusion;
  const positive = isolated(evaluation.model.positive);
  const description = `How many pictures got which probability, ${positive} upwards and the others downwards. With the threshold at ${percent(main.operating.probability)}, ${integer(falsePositives)} of the others got green and ${integer(falseNegatives)} of ${positive} were missed.`;
  return drawChart("scores", description, scoreChart(main), { wide: 300, narrow: 260 });
}

/** Rows are what it was, columns what lit up; a cell is as strong as its share of the row. */
function confusion({ operating }: Evaluation) {
  const c = operating.confusion;
  const cell = (count: number, total: number, kind: "right" | "wrong", words: string) => ({
    count: integer(count),
    share: total === 0 ? "–" : percent(count / total, 0),
    strength: total === 0 ? "0" : (0.08 + (0.42 * count) / total).toFixed(3),
    kind,
    words,
  });
  const positives = c.truePositives + c.falseNegatives;
  const negatives = c.falsePositives + c.trueNegatives;
  return {
    positives: integer(positives),
    negatives: integer(negatives),
    truePositive: cell(c.truePositives, positives, "right", "found"),
    falseNegative: cell(c.falseNegatives, positives, "wrong", "missed"),
    falsePositive: cell(c.falsePositives, negatives, "wrong", "false alarm"),
    trueNegative: cell(c.trueNegatives, negatives, "right", "rightly dark"),
  };
}

/** Missed pictures and false alarms, one gallery each. */
async function mistakeGallery({ mistakes, evaluation }: EvaluationSection) {
  const { positive } = evaluation.model;
  if (mistakes.length === 0) return { groups: null, css: [] };
  const sheet = await drawSheet(
    "sheet-mistakes",
    mistakes.map(({ grey, size }) => ({ width: size, height: size, pixels: grey })),
    { cellArea: MISTAKE_AREA },
  );
  const items = mistakes.map(({ label, name, probability }, index) => {
    const picture: PictureView = {
      sheet: sheet.name,
      style: sheet.cells[index].style,
      alt: `${isolated(label)}, given ${percent(probability)} ${isolated(positive)}: ${isolated(shortened(name, NAME_LENGTH))}`,
    };
    const words = { label: foreign(label), name: shortened(name, NAME_LENGTH), probability: percent(probability) };
    return { picture, ...words, isMissed: label === positive };
  });
  const { falseNegatives, falsePositives } = mainOf(evaluation).operating.confusion;
  const group = (isMissed: boolean, title: string, all: number) => {
    const own = items.filter((item) => item.isMissed === isMissed);
    const more = all > own.length ? `The worst ${integer(own.length)} of ${integer(all)}.` : null;
    return own.length === 0 ? [] : [{ title, count: integer(all), more, items: own }];
  };
  const groups = [...group(true, "Missed", falseNegatives), ...group(false, "False alarms", falsePositives)];
  return { groups, css: [sheet.css] };
}
