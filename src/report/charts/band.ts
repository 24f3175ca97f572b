/** The band that a curve lies in with 95 % probability, and marks with their intervals. */
import type { CustomSeriesOption } from "echarts/charts";
import type { Interval } from "../../evaluate/bootstrap.js";
import type { Band } from "../../evaluate/curves.js";
import { ROLE, type Role } from "../svg.js";

/** A filled band; gaps where it is not defined are left open. */
export function band(points: readonly Band[], color: Role): CustomSeriesOption[] {
  return runsOf(points).map((run) => ({
    type: "custom",
    silent: true,
    clip: true,
    data: [[run[0].x, run[0].low]],
    encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const upper = run.map(({ x, high }) => api.coord([x, high]));
      const lower = run.map(({ x, low }) => api.coord([x, low])).reverse();
      return { type: "polygon", shape: { points: [...upper, ...lower] }, style: { fill: color, opacity: 0.16 } };
    },
  }));
}

interface Run {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

function runsOf(points: readonly Band[]): Run[][] {
  const runs: Run[][] = [[]];
  for (const { x, low, high } of points) {
    if (low === null || high === null) runs.push([]);
    else runs[runs.length - 1].push({ x, low, high });
  }
  return runs.filter((run) => run.length > 1);
}

/** A dot with its interval as a vertical line, larger for more pictures. */
export function whiskers(
  marks: readonly { readonly x: number; readonly y: Interval; readonly radius: number }[],
  color: Role,
): CustomSeriesOption {
  const defined = marks.filter(({ y }) => y.value !== null);
  return {
    type: "custom",
    silent: true,
    data: defined.map(({ x, y }) => [x, y.value!]),
    encode: { x: 0, y: 1 },
    renderItem: (params, api) => {
      const { x, y, radius } = defined[params.dataIndex];
      const [cx, cy] = api.coord([x, y.value!]);
      const dot = {
        type: "circle" as const,
        shape: { cx, cy, r: radius },
        style: { fill: color, stroke: ROLE.surface, lineWidth: 1.5 },
      };
      if (y.low === null || y.high === null) return { type: "group", children: [dot] };
      const ends = { x1: cx, x2: cx, y1: api.coord([x, y.low])[1], y2: api.coord([x, y.high])[1] };
      return {
        type: "group",
        children: [
          { type: "line", shape: ends, style: { fill: "none", stroke: color, lineWidth: 2, opacity: 0.55 } },
          dot,
        ],
      };
    },
  };
}
