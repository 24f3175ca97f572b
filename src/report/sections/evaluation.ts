/** How often it is right, and how it is wrong. */
import { precisionRecallChart, scoreChart } from "../charts/evaluation.js";
import { counted, decimal, foreign, integer, isolated, percent } from "../format.js";
import { drawSheet } from "../sheet.js";
import { drawChart } from "../svg.js";
import type { EvaluationSection, Metrics } from "../types.js";
import { type PictureView, type SectionView, SPLIT_NAMES, tile } from "./view.js";

const MISTAKES = 36;
const MISTAKE_AREA = 112 * 112;

export async function evaluationSection(evaluation: EvaluationSection): Promise<SectionView> {
  const mistakes = await mistakeGallery(evaluation);
  const { threshold } = evaluation;
  return {
    id: "evaluation",
    title: "Evaluation",
    css: mistakes.css,
    view: {
      measuredOn: counted(evaluation.scores.length, `${SPLIT_NAMES[evaluation.split]} picture`),
      positive: foreign(evaluation.positive),
      tiles: [
        tile("threshold", percent(threshold.probability), `logit margin ${integer(threshold.margin)}`),
        tile("precision there", percent(threshold.precision), "of its green lights, how many were right"),
        tile("recall there", percent(threshold.recall), `of all ${isolated(evaluation.positive)}, how many it found`),
      ],
      metrics: metricRows(evaluation),
      curveHtml: await curve(evaluation),
      scoresHtml: await scores(evaluation),
      undefinedNote: undefinedReason(evaluation),
      confusion: confusion(evaluation),
      mistakes: mistakes.items,
      moreMistakes: moreMistakes(evaluation.mistakes.length),
    },
  };
}

const METRICS: readonly { readonly key: keyof Metrics; readonly name: string; readonly meaning: string }[] = [
  { key: "accuracy", name: "accuracy", meaning: "of all answers, how many were right" },
  { key: "averagePrecision", name: "average precision", meaning: "area under the curve below; 100\u202f% is perfect" },
  { key: "recallAt70", name: "recall at 70\u202f% precision", meaning: "the first bot reached 40\u202f%" },
  {
    key: "rocAuc",
    name: "ROC AUC",
    meaning: "chance that a positive picture scores above another one; 50\u202f% is a coin",
  },
];

function metricRows(evaluation: EvaluationSection) {
  const reason = undefinedReason(evaluation);
  const text = (value: number) => (Number.isFinite(value) ? percent(value) : (reason ?? "not defined"));
  return METRICS.map(({ key, name, meaning }) => ({
    name,
    meaning,
    float: text(evaluation.float[key]),
    int8: text(evaluation.int8[key]),
  }));
}

/** Why a metric can be NaN; null when both classes are there. */
function undefinedReason({ scores }: EvaluationSection): string | null {
  if (scores.length === 0) return "not defined: no picture";
  const positives = scores.reduce((sum, score) => sum + Number(score.isPositive), 0);
  if (positives === 0) return "not defined: no positive picture";
  return positives === scores.length ? "not defined: no negative picture" : null;
}

async function curve(evaluation: EvaluationSection): Promise<string | null> {
  const { curve: points, threshold } = evaluation;
  if (!points.some((p) => Number.isFinite(p.recall) && Number.isFinite(p.precision))) return null;
  const description = `Precision over recall. Your bot: precision ${percent(threshold.precision)}, recall ${percent(threshold.recall)}. The first bot: precision 70\u202f%, recall 40\u202f%. Average precision ${decimal(evaluation.int8.averagePrecision, 3)}.`;
  return drawChart("precision-recall", description, precisionRecallChart(evaluation), { wide: 400, narrow: 300 });
}

async function scores(evaluation: EvaluationSection): Promise<string | null> {
  if (evaluation.scores.length === 0) return null;
  const { confusion: c } = evaluation;
  const description = `How many pictures got which probability, ${isolated(evaluation.positive)} upwards and the others downwards. With the threshold at ${percent(evaluation.threshold.probability)}, ${integer(c.falsePositive)} of the others got green and ${integer(c.falseNegative)} of ${isolated(evaluation.positive)} were missed.`;
  return drawChart("scores", description, scoreChart(evaluation), { wide: 300, narrow: 260 });
}

/** Rows are what it was, columns what lit up; a cell is as strong as its share of the row. */
function confusion({ confusion: c }: EvaluationSection) {
  const cell = (count: number, total: number, kind: "right" | "wrong", words: string) => ({
    count: integer(count),
    share: total === 0 ? "–" : percent(count / total, 0),
    strength: total === 0 ? "0" : (0.08 + (0.42 * count) / total).toFixed(3),
    kind,
    words,
  });
  const positives = c.truePositive + c.falseNegative;
  const negatives = c.falsePositive + c.trueNegative;
  return {
    positives: integer(positives),
    negatives: integer(negatives),
    truePositive: cell(c.truePositive, positives, "right", "found"),
    falseNegative: cell(c.falseNegative, positives, "wrong", "missed"),
    falsePositive: cell(c.falsePositive, negatives, "wrong", "false alarm"),
    trueNegative: cell(c.trueNegative, negatives, "right", "rightly dark"),
  };
}

async function mistakeGallery({ mistakes, positive }: EvaluationSection) {
  const shown = mistakes.slice(0, MISTAKES);
  if (shown.length === 0) return { items: [], css: [] };
  const sheet = await drawSheet(
    "sheet-mistakes",
    shown.map((mistake) => mistake.picture),
    { cellArea: MISTAKE_AREA },
  );
  const items = shown.map(({ label, probability }, index) => {
    const missed = label === positive;
    const picture: PictureView = {
      sheet: sheet.name,
      style: sheet.cells[index].style,
      alt: `${isolated(label)}, given ${percent(probability)} ${isolated(positive)}`,
    };
    return {
      picture,
      label: foreign(label),
      probability: percent(probability),
      kind: missed ? "missed" : "false alarm",
    };
  });
  return { items, css: [sheet.css] };
}

function moreMistakes(count: number): string | null {
  return count > MISTAKES ? `${integer(MISTAKES)} of ${counted(count, "mistake")} are shown.` : null;
}
