/** Distributions of a feature on both sides, and the map of what the network makes of the pictures. */
import type { EmbeddingMap, FeatureComparison } from "../../skew/compare.js";
import { decimal, percent } from "../format.js";
import { type ChartOption, ROLE, type Role } from "../svg.js";
import { axis, MARGIN } from "./axis.js";

/** Training pictures in blue, captures in orange: shares of the pictures by value. */
export function distributionChart({ chart, unit, digits }: FeatureComparison): ChartOption {
  const { low, high, training, serving } = chart;
  const width = (high - low) / training.length;
  // A last point closes the last step.
  const points = (shares: readonly number[]) =>
    [...shares, shares[shares.length - 1]].map((share, i): [number, number] => [low + i * width, share]);
  const steps = (color: Role, shares: readonly number[]) => ({
    type: "line" as const,
    step: "end" as const,
    data: points(shares),
    showSymbol: false,
    silent: true,
    itemStyle: { color },
    lineStyle: { color, width: 2 },
    areaStyle: { color, opacity: 0.12 },
  });
  return () => ({
    grid: MARGIN,
    xAxis: inner(axis({ min: low, max: high, name: unit, format: (value) => decimal(value, digits) }, "x")),
    yAxis: atTheEdge(axis({ min: 0, name: "share", format: (value) => percent(value, 0) }, "y")),
    series: [steps(ROLE.blue, training), steps(ROLE.orange, serving)],
  });
}

const whole = (value: number) => decimal(value, 0);

/** Every point is a picture; near points look alike to the network. Triangles are captures, so that colour is not needed. */
export function mapChart({ points, training, held }: EmbeddingMap): ChartOption {
  const dots = (color: Role, symbol: string, own: readonly (readonly [x: number, y: number])[]) => ({
    type: "scatter" as const,
    data: own.map(([x, y]): [number, number] => [Number(x.toFixed(2)), Number(y.toFixed(2))]),
    symbol,
    symbolSize: 6,
    silent: true,
    itemStyle: { color, opacity: 0.5 },
  });
  return () => ({
    grid: MARGIN,
    xAxis: atTheEdge(axis({ name: `first direction, ${percent(held[0], 0)} of the variance`, format: whole }, "x")),
    yAxis: atTheEdge(axis({ name: `second, ${percent(held[1], 0)}`, format: whole }, "y")),
    series: [
      dots(ROLE.blue, "circle", points.slice(0, training)),
      dots(ROLE.orange, "triangle", points.slice(training)),
    ],
  });
}

type Axis = ReturnType<typeof axis>;

/** Not through the other axis' zero, where the curves are. */
function atTheEdge(style: Axis) {
  return { ...style, axisLine: { ...style.axisLine, onZero: false } };
}

/** Only round values are labelled, not the ends of the range. */
function inner(style: Axis) {
  return { ...style, axisLabel: { ...style.axisLabel, showMinLabel: false, showMaxLabel: false } };
}
