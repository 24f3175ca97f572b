/** What each chart draws. Sizes are CSS pixels; colours are roles (svg.ts). Nothing here knows HTML. */
import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import { amount, bytes, percent, shortened, significant } from "./format.js";
import { type ChartOption, type ChartSize, ROLE, type Role } from "./svg.js";
import type { EvaluationSection, ModelSection, TrainingSection } from "./types.js";

/** Below this width a chart says less. */
const NARROW = 500;

const MARGIN = { left: 46, right: 18, top: 26, bottom: 44 };

interface AxisStyle {
  readonly name?: string;
  readonly min?: number;
  readonly max?: number;
  readonly interval?: number;
  readonly minInterval?: number;
  readonly format?: (value: number) => string;
}

function axis(style: AxisStyle, kind: "x" | "y") {
  const { name, format, ...range } = style;
  return {
    type: "value",
    ...range,
    ...(kind === "x" ? { nameLocation: "middle", nameGap: 28 } : { nameLocation: "end", nameGap: 10, splitNumber: 4 }),
    ...(name === undefined ? {} : { name }),
    nameTextStyle: {
      color: ROLE.muted,
      fontSize: 12,
      ...(kind === "y" ? { align: "left", padding: [0, 0, 0, -40] } : {}),
    },
    axisLine: { show: kind === "x", lineStyle: { color: ROLE.muted } },
    axisTick: { show: false },
    splitLine: { show: kind === "y", lineStyle: { color: ROLE.grid } },
    axisLabel: {
      color: ROLE.muted,
      fontSize: 11,
      hideOverlap: true,
      ...(format === undefined ? {} : { formatter: format }),
    },
  };
}

/** A line; its points are marked when there are few of them, and a single point is one. */
function line(color: Role, data: (readonly [x: number, y: number | null])[], width = 2): LineSeriesOption {
  return {
    type: "line",
    data: data as [number, number][],
    symbol: "circle",
    symbolSize: data.length === 1 ? 9 : 5,
    showSymbol: data.length <= 12,
    itemStyle: { color },
    lineStyle: { color, width },
    silent: true,
  };
}

/** A vertical rule with a caption at its upper end. */
function rule(x: number, caption: string, share: number): LineSeriesOption["markLine"] {
  const align = share > 0.8 ? "right" : share < 0.2 ? "left" : "center";
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: ROLE.ink, width: 1, type: "dashed" },
    label: { formatter: () => caption, color: ROLE.ink, fontSize: 12, align, distance: 4 },
    data: [{ xAxis: x }],
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

type Epoch = TrainingSection["history"][number];

/** x range of a history; a single epoch gets room on both sides. */
function epochAxis(history: readonly Epoch[], name?: string): AxisStyle {
  const first = history[0].epoch;
  const last = history[history.length - 1].epoch;
  const room = first === last ? 1 : 0;
  return { min: first - room, max: last + room, minInterval: 1, ...(name === undefined ? {} : { name }) };
}

function epochShare(history: readonly Epoch[], epoch: number): number {
  const first = history[0].epoch;
  return history.length === 1 ? 0.5 : (epoch - first) / (history[history.length - 1].epoch - first);
}

/** Training and validation loss by epoch; the best epoch is marked. */
export function lossChart({ history, bestEpoch }: TrainingSection): ChartOption {
  const best = rule(bestEpoch, `best: epoch ${bestEpoch}`, epochShare(history, bestEpoch));
  return () => ({
    grid: MARGIN,
    xAxis: axis(epochAxis(history, "epoch"), "x"),
    yAxis: axis({ min: 0, name: "loss", format: significant }, "y"),
    series: [
      line(
        ROLE.orange,
        history.map((e) => [e.epoch, finite(e.trainLoss)]),
      ),
      {
        ...line(
          ROLE.blue,
          history.map((e) => [e.epoch, finite(e.valLoss)]),
        ),
        ...(best === undefined ? {} : { markLine: best }),
      },
    ],
  });
}

/** Validation accuracy by epoch. */
export function accuracyChart({ history, bestEpoch }: TrainingSection): ChartOption {
  const values = history.map((e) => e.valAccuracy).filter(Number.isFinite);
  // A tenth below the lowest value, in steps of 10 %, so that the last percent points can be seen.
  const floor = Math.max(0, Math.floor(10 * Math.min(...values, 1) - 0.5) / 10);
  const best = rule(bestEpoch, `best: epoch ${bestEpoch}`, epochShare(history, bestEpoch));
  return () => ({
    grid: MARGIN,
    xAxis: axis(epochAxis(history, "epoch"), "x"),
    yAxis: axis({ min: floor, max: 1, name: "right answers", format: (v) => percent(v, 0) }, "y"),
    series: [
      {
        ...line(
          ROLE.blue,
          history.map((e) => [e.epoch, finite(e.valAccuracy)]),
        ),
        ...(best === undefined ? {} : { markLine: best }),
      },
    ],
  });
}

/** Learning rate by epoch: a strip under the other two. */
export function learningRateChart({ history }: TrainingSection): ChartOption {
  return () => ({
    grid: { ...MARGIN, bottom: 26 },
    xAxis: axis(epochAxis(history), "x"),
    yAxis: { ...axis({ min: 0, name: "learning rate", format: significant }, "y"), splitNumber: 2 },
    series: [
      {
        ...line(
          ROLE.violet,
          history.map((e) => [e.epoch, finite(e.learningRate)]),
        ),
        areaStyle: { color: ROLE.violet, opacity: 0.12 },
      },
    ],
  });
}

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
      ),
      point(threshold, "your bot", "circle", ROLE.green),
    ],
  });
}

function point(
  at: { readonly recall: number; readonly precision: number },
  caption: string,
  symbol: string,
  color: Role,
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
      ...labelPlace(at.recall),
      show: true,
      formatter: () => caption,
      color: ROLE.ink,
      fontSize: 12,
      fontWeight: 600,
    },
  };
}

/** A curve that falls towards the right leaves room to the right of its points, and below them to the left. */
function labelPlace(recall: number): NonNullable<LineSeriesOption["label"]> {
  return recall < 0.7 ? { position: "right", distance: 6 } : { position: "bottom", align: "right", distance: 8 };
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
                width < NARROW ? `threshold ${percent(at, 0)}` : `red light ◂ ${percent(at)} ▸ green light`,
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

const BOX_COLORS: readonly Role[] = [ROLE.blue, ROLE.green, ROLE.orange, ROLE.violet, ROLE.red];
const LABEL_FONT = 11;
/** Mean advance of a letter of the page's font in em, on the safe side. */
const LETTER = 0.62;

/** The arena over time: x is the operator that runs, y the bytes, a box is a tensor for as long as it is needed. */
export function arenaChart({ arena, arenaBytes, operators }: ModelSection): ChartOption {
  const last = arena.reduce((most, tensor) => Math.max(most, tensor.to), operators.length - 1);
  return (size) => ({
    grid: { ...MARGIN, left: 58 },
    xAxis: operatorAxis(last, size),
    yAxis: axis({ min: 0, max: arenaBytes, ...byteSteps(arenaBytes), name: "place in the arena", format: bytes }, "y"),
    series: [arenaBoxes(arena)],
  });
}

/** Operators are counted from 1, as in the table of layers; at most 30 of them are named. */
function operatorAxis(last: number, { width }: ChartSize) {
  const step = Math.max(1, Math.ceil((last + 1) / (width < NARROW ? 12 : 30)));
  const customValues = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
  const style = axis({ min: -0.5, max: last + 0.5, name: "operator", format: (index) => String(index + 1) }, "x");
  return { ...style, axisLabel: { ...style.axisLabel, customValues } };
}

/** Steps of a power of two, about four of them: the axis ends at the arena's size and passes round numbers of bytes. */
function byteSteps(total: number): { interval: number } {
  return { interval: 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(total, 1) / 5))) };
}

function arenaBoxes(arena: ModelSection["arena"]): CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    clip: true,
    data: arena.map(({ from, to, offset, bytes: size }) => [from - 0.46, to + 0.46, offset, offset + size]),
    encode: { x: [0, 1], y: [2, 3] },
    renderItem: (params, api) => {
      const [left, bottom] = api.coord([api.value(0), api.value(2)]);
      const [right, top] = api.coord([api.value(1), api.value(3)]);
      const color = BOX_COLORS[params.dataIndex % BOX_COLORS.length];
      const box = { x: left, y: top, width: right - left, height: Math.max(1, bottom - top) };
      const letters = Math.floor((box.width - 8) / (LABEL_FONT * LETTER));
      const fits = letters >= 6 && box.height >= LABEL_FONT + 5;
      const caption = fits ? shortened(arena[params.dataIndex].name, letters) : "";
      return {
        type: "group",
        children: [
          { type: "rect", shape: { ...box, r: 2 }, style: { fill: color, opacity: 0.22 } },
          { type: "rect", shape: { ...box, r: 2 }, style: { fill: "none", stroke: color, lineWidth: 1 } },
          {
            type: "text",
            style: {
              text: caption,
              x: (left + right) / 2,
              y: (top + bottom) / 2,
              align: "center",
              verticalAlign: "middle",
              fill: ROLE.ink,
              fontSize: LABEL_FONT,
            },
          },
        ],
      };
    },
  };
}
