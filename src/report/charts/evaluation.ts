/** Precision over recall, the ROC curve, what a probability is worth, and the scores of the two classes. */
import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import { type Evaluation, HISTOGRAM_BINS } from "../../evaluate/evaluation.js";
import { amount, percent } from "../format.js";
import { type ChartOption, ROLE, type Role } from "../svg.js";
import { axis, line, MARGIN, NARROW, rule } from "./axis.js";
import { band, whiskers } from "./band.js";

/** What the first smile bot reached: 40 % of smiles found while 70 % of its green lights were right. */
const FIRST_BOT = { x: 0.4, y: 0.7 };

const SHARE = { interval: 0.2, min: 0, max: 1, format: (v: number) => percent(v, 0) };

/** Curves of both models; the main one (int8 where there is one) has the band and the firmware's operating point. */
export interface CurveChart {
  readonly main: Evaluation;
  readonly float?: Evaluation;
}

/** Precision over recall with its band, the operating point and the first bot's. */
export function precisionRecallChart({ main, float }: CurveChart): ChartOption {
  const { precision, recall } = main.operating;
  const at = { x: recall.value, y: precision.value };
  return ({ width }) => ({
    grid: MARGIN,
    xAxis: axis({ ...SHARE, name: "recall: of all there were, how many it found" }, "x"),
    yAxis: axis({ ...SHARE, name: "precision: of its green lights, how many were right" }, "y"),
    series: [
      ...band(main.precisionRecall.band, ROLE.blue),
      ...(float === undefined ? [] : [thin(float.precisionRecall.points)]),
      curve(main.precisionRecall.points),
      point(
        FIRST_BOT,
        width < NARROW ? "first bot" : "first bot: 40\u202f% found, 70\u202f% right",
        "diamond",
        ROLE.orange,
        { position: "left", distance: 6 },
      ),
      point(at, "your bot", "circle", ROLE.green, labelPlace(at.x ?? 0)),
    ],
  });
}

/** Recall over false alarms with its band, the operating point and what guessing gives. */
export function rocChart({ main, float }: CurveChart): ChartOption {
  const { falseAlarmRate, recall } = main.operating;
  const guess: [number, number][] = [
    [0, 0],
    [1, 1],
  ];
  return () => ({
    grid: MARGIN,
    xAxis: axis({ ...SHARE, name: "false alarms: of all others, how many got green" }, "x"),
    yAxis: axis({ ...SHARE, name: "recall" }, "y"),
    series: [
      { ...line(ROLE.muted, guess, 1), showSymbol: false, lineStyle: { color: ROLE.muted, width: 1, type: "dashed" } },
      ...band(main.roc.band, ROLE.blue),
      ...(float === undefined ? [] : [thin(float.roc.points)]),
      curve(main.roc.points),
      point({ x: falseAlarmRate.value, y: recall.value }, "your bot", "circle", ROLE.green, {
        position: "bottom",
        align: "left",
        distance: 8,
      }),
    ],
  });
}

/** Smallest and largest dot, CSS pixels. */
const DOT = { least: 3.5, most: 9 };

/** Share of positives over the probability given, by bins; on the diagonal a probability means what it says. */
export function calibrationChart({ calibration, count }: Evaluation): ChartOption {
  const marks = calibration.bins
    .filter(({ probability }) => probability !== null)
    .map((bin) => ({
      x: bin.probability!,
      y: bin.share,
      radius: DOT.least + (DOT.most - DOT.least) * Math.sqrt(bin.count / count),
    }));
  const exact: [number, number][] = [
    [0, 0],
    [1, 1],
  ];
  return () => ({
    grid: MARGIN,
    xAxis: axis({ ...SHARE, name: "probability it gave" }, "x"),
    yAxis: axis({ ...SHARE, name: "how many of them were positive" }, "y"),
    series: [
      { ...line(ROLE.muted, exact, 1), showSymbol: false, lineStyle: { color: ROLE.muted, width: 1, type: "dashed" } },
      whiskers(marks, ROLE.blue),
    ],
  });
}

function curve(points: Evaluation["roc"]["points"]): LineSeriesOption {
  return {
    ...line(
      ROLE.blue,
      points.map(({ x, y }) => [x, y]),
    ),
    showSymbol: points.length === 1,
  };
}

/** The float model's, behind. */
function thin(points: Evaluation["roc"]["points"]): LineSeriesOption {
  return { ...curve(points), showSymbol: false, lineStyle: { color: ROLE.violet, width: 1 } };
}

function point(
  at: { readonly x: number | null; readonly y: number | null },
  caption: string,
  symbol: string,
  color: Role,
  place: LabelPlace,
): LineSeriesOption {
  return {
    type: "line",
    data: at.x !== null && at.y !== null ? [[at.x, at.y]] : [],
    symbol,
    symbolSize: 13,
    silent: true,
    itemStyle: { color, borderColor: ROLE.surface, borderWidth: 2 },
    label: {
      ...place,
      show: true,
      formatter: () => caption,
      color: ROLE.ink,
      fontSize: 12,
      fontWeight: 600,
    },
  };
}

type LabelPlace = Pick<NonNullable<LineSeriesOption["label"]>, "position" | "align" | "distance">;

/** A curve that falls towards the right leaves room to the right of its points, and below them to the left; the first bot's label is on its left. */
function labelPlace(recall: number): LabelPlace {
  if (recall > 0.7) return { position: "bottom", align: "right", distance: 8 };
  return recall > FIRST_BOT.x ? { position: "right", distance: 6 } : { position: "top", align: "left", distance: 8 };
}

/** Scores by class: positives upwards, the others downwards, the threshold between the lights. */
export function scoreChart({ histogram, operating }: Evaluation): ChartOption {
  const at = operating.probability;
  return ({ width }) => ({
    grid: MARGIN,
    xAxis: axis({ min: 0, max: 1, interval: 0.2, name: "probability it gave", format: (v) => percent(v, 0) }, "x"),
    yAxis: axis({ name: "pictures", minInterval: 1, format: (v) => amount(Math.abs(v)) }, "y"),
    series: [
      bars(histogram.positive, ROLE.green, width),
      bars(
        histogram.negative.map((count) => -count),
        ROLE.orange,
        width,
      ),
      {
        ...line(ROLE.ink, []),
        markLine: rule(
          at,
          width < NARROW ? `threshold ${percent(at, 0)}` : `no light ◂ ${percent(at)} ▸ green light`,
          at,
        )!,
      },
    ],
  });
}

function bars(values: readonly number[], color: Role, width: number): CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    data: values.map((value, bin) => [bin / HISTOGRAM_BINS, value]),
    encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const value = Number(api.value(1));
      const [left, top] = api.coord([api.value(0), value]);
      const [right, zero] = api.coord([Number(api.value(0)) + 1 / HISTOGRAM_BINS, 0]);
      // One picture among thousands must still be seen.
      const height = value === 0 ? 0 : Math.max(2, Math.abs(zero - top));
      const gap = width < NARROW ? 1 : 2;
      const shape = { x: left + gap / 2, y: value > 0 ? zero - height : zero, width: right - left - gap, height };
      return { type: "rect", shape, style: { fill: color } };
    },
  };
}
