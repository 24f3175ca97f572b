/** Precision over recall, and the scores of the two classes. */
import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import { amount, percent } from "../format.js";
import { type ChartOption, ROLE, type Role } from "../svg.js";
import type { EvaluationSection } from "../types.js";
import { axis, line, MARGIN, NARROW, rule } from "./axis.js";

/** What the first smile bot reached: 40 % of smiles found while 70 % of its green lights were right. */
const FIRST_BOT = { recall: 0.4, precision: 0.7 };

/** Precision over recall with the firmware's operating point and the first bot's. */
export function precisionRecallChart({ curve, threshold }: EvaluationSection): ChartOption {
  const points = thinned(curve).map(({ recall, precision }) => [recall, precision] as const);
  const share = { interval: 0.2, min: 0, max: 1, format: (v: number) => percent(v, 0) };
  return ({ width }) => ({
    grid: MARGIN,
    xAxis: axis({ ...share, name: "recall: of all there were, how many it found" }, "x"),
    yAxis: axis({ ...share, name: "precision: of its green lights, how many were right" }, "y"),
    series: [
      { ...line(ROLE.blue, points), showSymbol: points.length === 1, areaStyle: { color: ROLE.blue, opacity: 0.08 } },
      point(
        FIRST_BOT,
        width < NARROW ? "first bot" : "first bot: 40\u202f% found, 70\u202f% right",
        "diamond",
        ROLE.orange,
        { position: "left", distance: 6 },
      ),
      point(threshold, "your bot", "circle", ROLE.green, labelPlace(threshold.recall)),
    ],
  });
}

function point(
  at: { readonly recall: number; readonly precision: number },
  caption: string,
  symbol: string,
  color: Role,
  place: LabelPlace,
): LineSeriesOption {
  const data = Number.isFinite(at.recall) && Number.isFinite(at.precision) ? [[at.recall, at.precision]] : [];
  return {
    type: "line",
    data,
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
  return recall > FIRST_BOT.recall
    ? { position: "right", distance: 6 }
    : { position: "top", align: "left", distance: 8 };
}

const CURVE_BUCKETS = 250;

/** At most four points per bucket of recall (first, lowest, highest, last), in their order: looks the same, stays small. */
function thinned(curve: EvaluationSection["curve"]): EvaluationSection["curve"] {
  const defined = curve.filter((p) => Number.isFinite(p.recall) && Number.isFinite(p.precision));
  const kept: { recall: number; precision: number }[] = [];
  for (let start = 0; start < defined.length; ) {
    const bucket = Math.floor(defined[start].recall * CURVE_BUCKETS);
    let end = start;
    let low = start;
    let high = start;
    while (end < defined.length && Math.floor(defined[end].recall * CURVE_BUCKETS) === bucket) {
      if (defined[end].precision < defined[low].precision) low = end;
      if (defined[end].precision > defined[high].precision) high = end;
      end++;
    }
    for (const i of [...new Set([start, low, high, end - 1])].sort((a, b) => a - b)) kept.push(defined[i]);
    start = end;
  }
  return kept;
}

const BINS = 20;

/** Pictures per bin of probability, [0, 0.05), [0.05, 0.1), ... [0.95, 1]. */
export function histogram(scores: EvaluationSection["scores"]): { positive: number[]; negative: number[] } {
  const positive = new Array<number>(BINS).fill(0);
  const negative = new Array<number>(BINS).fill(0);
  for (const { probability, isPositive } of scores) {
    if (!Number.isFinite(probability)) continue;
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(probability * BINS)));
    (isPositive ? positive : negative)[bin]++;
  }
  return { positive, negative };
}

/** Scores by class: positives upwards, the others downwards, the threshold between the lights. */
export function scoreChart({ scores, threshold }: EvaluationSection): ChartOption {
  const { positive, negative } = histogram(scores);
  const at = threshold.probability;
  return ({ width }) => ({
    grid: MARGIN,
    xAxis: axis({ min: 0, max: 1, interval: 0.2, name: "probability it gave", format: (v) => percent(v, 0) }, "x"),
    yAxis: axis({ name: "pictures", minInterval: 1, format: (v) => amount(Math.abs(v)) }, "y"),
    series: [
      bars(positive, ROLE.green, width),
      bars(
        negative.map((count) => -count),
        ROLE.orange,
        width,
      ),
      {
        ...line(ROLE.ink, []),
        ...(Number.isFinite(at)
          ? {
              markLine: rule(
                at,
                width < NARROW ? `threshold ${percent(at, 0)}` : `no light ◂ ${percent(at)} ▸ green light`,
                at,
              )!,
            }
          : {}),
      },
    ],
  });
}

function bars(values: readonly number[], color: Role, width: number): CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    data: values.map((value, bin) => [bin / BINS, value]),
    encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const value = Number(api.value(1));
      const [left, top] = api.coord([api.value(0), value]);
      const [right, zero] = api.coord([Number(api.value(0)) + 1 / BINS, 0]);
      // One picture among thousands must still be seen.
      const height = value === 0 ? 0 : Math.max(2, Math.abs(zero - top));
      const gap = width < NARROW ? 1 : 2;
      const shape = { x: left + gap / 2, y: value > 0 ? zero - height : zero, width: right - left - gap, height };
      return { type: "rect", shape, style: { fill: color } };
    },
  };
}
