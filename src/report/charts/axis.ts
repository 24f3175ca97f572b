/** What all charts share: margins, axes, lines, marks. Sizes are CSS pixels; colours are roles (svg.ts). */
import type { LineSeriesOption } from "echarts/charts";
import { ROLE, type Role } from "../svg.js";

/** Below this width a chart says less. */
export const NARROW = 500;

export const MARGIN = { left: 46, right: 18, top: 26, bottom: 44 };

export interface AxisStyle {
  readonly name?: string;
  readonly min?: number;
  readonly max?: number;
  readonly interval?: number;
  readonly minInterval?: number;
  readonly format?: (value: number) => string;
}

/** A value axis in the house style; without min and max echarts rounds the range of the data. */
export function axis(style: AxisStyle, kind: "x" | "y") {
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
export function line(color: Role, data: (readonly [x: number, y: number | null])[], width = 2): LineSeriesOption {
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
export function rule(x: number, caption: string, share: number): LineSeriesOption["markLine"] {
  const align = share > 0.8 ? "right" : share < 0.2 ? "left" : "center";
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: ROLE.ink, width: 1, type: "dashed" },
    label: { formatter: () => caption, color: ROLE.ink, fontSize: 12, align, distance: 4 },
    data: [{ xAxis: x }],
  };
}

/** echarts breaks a line at null and stumbles over NaN and infinity. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
