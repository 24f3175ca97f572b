/** Training against serving: the one number, causes, what would help, distributions, map, and the strangest captures. */
import type { FeatureComparison } from "../../skew/compare.js";
import type { SkewReport, SkewResult } from "../../skew/types.js";
import { distributionChart, mapChart } from "../charts/skew.js";
import { counted, decimal, foreign, integer, isolated } from "../format.js";
import { drawSheet } from "../sheet.js";
import { drawChart } from "../svg.js";
import { type PictureView, type SectionView, tile } from "./view.js";

const HEIGHTS = { wide: 190, narrow: 180 };
const MAP_HEIGHTS = { wide: 420, narrow: 320 };
const PAIR_AREA = 144 * 144;

export async function skewSection({ report, strangest }: SkewResult): Promise<SectionView> {
  const { serving, training, features } = report;
  const pairs = await picturePairs(strangest);
  const differing = features.filter(({ differs }) => differs);
  return {
    id: "skew",
    title: "Training and serving",
    css: pairs.css,
    view: {
      presses: counted(serving.presses, "press", "presses"),
      captures: counted(serving.captures, "capture"),
      training: counted(training.pictures, "training picture"),
      source: foreign(training.name),
      tiles: tiles(report),
      verdict: report.verdict,
      causes: report.causes.map(({ name, sentence }) => ({ name, sentence: spaced(sentence) })),
      closing: report.closing.map(({ title, before, best }) => ({
        title,
        before: decimal(before, 1),
        best: best.map(({ label, after }) => ({ label, after: decimal(after, 1) })),
      })),
      consistency: consistency(report),
      damaged: serving.damaged === 0 ? null : `${counted(serving.damaged, "picture")} left out as damaged or missing.`,
      framing: framing(report),
      rows: features.map(row),
      charts: await charts(differing),
      otherCharts: await charts(features.filter(({ differs }) => !differs)),
      mapHtml: await drawChart("skew-map", mapWords(report), mapChart(report.map), MAP_HEIGHTS),
      pairs: pairs.views,
    },
  };
}

function tiles({ auc, augmentedAuc, serving, features }: SkewReport) {
  const differing = features.filter(({ differs }) => differs).length;
  return [
    tile("told apart (AUC)", rounded(auc.value), `0.5 is alike; ${range(auc)}`),
    tile("from augmented training", rounded(augmentedAuc.value), range(augmentedAuc)),
    tile("features that differ", `${differing} of ${features.length}`),
    tile("bots", integer(serving.devices)),
  ];
}

function rounded(value: number | null): string {
  return value === null ? "not defined" : decimal(value, 2);
}

function range({ low, high }: SkewReport["auc"]): string {
  return low === null || high === null ? "no interval" : `95\u202f%: ${decimal(low, 2)} to ${decimal(high, 2)}`;
}

function consistency({ consistency: { captures, equal, withModel, different, differences } }: SkewReport) {
  const compared = `${counted(captures, "capture")}, ${counted(withModel, "capture")} with the network's outputs`;
  if (different > 0) {
    return {
      state: "fail",
      title: `${counted(different, "capture")} computed differently`,
      compared,
      words:
        "What comes out now is not what the bot logged: until this is solved, training and serving differ by more than their pictures.",
      differences: differences.map(foreign),
    };
  }
  const words =
    "Box and network input computed now are those that were logged, and so are outputs and decision where the model is at hand.";
  return { state: "pass", title: `All ${integer(equal)} computed again alike`, compared, words, differences: null };
}

function framing({ serving: { framing: facts } }: SkewReport): string {
  const square = `The network sees a square of ${counted(facts.side, "pixel")} of the camera's frame, ${decimal(100 * facts.share, 0)}\u202f% of its shorter side.`;
  if (facts.drawn === undefined) return square;
  const { count, size, offCentre } = facts.drawn;
  return `${square} People drew ${counted(count, "face")}: ${decimal(100 * size, 0)}\u202f% as large as the square and ${decimal(100 * offCentre, 0)}\u202f% of its side off its middle (medians).`;
}

function row({
  title,
  unit,
  digits,
  meaning,
  training,
  serving,
  stability,
  test,
  corrected,
  differs,
}: FeatureComparison) {
  return {
    title,
    unit: spaced(unit),
    meaning: spaced(meaning),
    training: decimal(training.median, digits),
    serving: decimal(serving.median, digits),
    index: decimal(stability.index, 2),
    chance: decimal(stability.chance, 2),
    statistic: decimal(test.statistic, 2),
    p: corrected < 0.0001 ? "< 0.0001" : decimal(corrected, 4),
    differs,
  };
}

function spaced(text: string): string {
  return text.replaceAll(" %", "\u202f%");
}

async function charts(features: readonly FeatureComparison[]) {
  const drawn = [];
  for (const feature of features) {
    const { name, title, unit, digits, training, serving } = feature;
    const words = `Distribution of ${title} in ${unit}: median ${decimal(training.median, digits)} in training pictures, ${decimal(serving.median, digits)} in captures.`;
    drawn.push({ title, chartHtml: await drawChart(`skew-${name}`, words, distributionChart(feature), HEIGHTS) });
  }
  return drawn.length === 0 ? null : drawn;
}

function mapWords({ map: { points, training } }: SkewReport): string {
  const middle = (own: readonly (readonly [number, number])[]) =>
    [0, 1]
      .map((axis) => decimal(own.reduce((sum, point) => sum + point[axis], 0) / Math.max(1, own.length), 1))
      .join(", ");
  return `Map of ${integer(training)} training pictures, centred at ${middle(points.slice(0, training))}, and ${integer(points.length - training)} captures, centred at ${middle(points.slice(training))}.`;
}

async function picturePairs(strangest: SkewResult["strangest"]) {
  if (strangest.length === 0) return { css: [], views: null };
  const image = (grey: Uint8Array) => ({ width: Math.sqrt(grey.length), height: Math.sqrt(grey.length), pixels: grey });
  const pictures = strangest.flatMap(({ capture, nearest }) => [image(capture.grey), image(nearest.grey)]);
  const sheet = await drawSheet("sheet-skew", pictures, { cellArea: PAIR_AREA, pixelated: true });
  const picture = (index: number, alt: string): PictureView => ({
    sheet: sheet.name,
    style: sheet.cells[index].style,
    alt,
  });
  const views = strangest.map(({ capture, nearest, strangeness }, i) => ({
    capture: picture(2 * i, `Capture ${isolated(capture.name)} as the network sees it`),
    nearest: picture(2 * i + 1, `Nearest training picture, ${isolated(nearest.name)}`),
    name: foreign(capture.name),
    strangeness: decimal(strangeness, 1),
  }));
  return { css: [sheet.css], views };
}
