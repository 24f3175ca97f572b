/** From the finger to the lights. */
import type { CustomSeriesOption } from "echarts/charts";
import type { PressToLight } from "../../inspect/press-to-light.js";
import { shortened } from "../format.js";
import { type ChartOption, ROLE, type Role } from "../svg.js";
import { axis, line, NARROW, rule } from "./axis.js";

const BAR = 14;
const COLORS: readonly Role[] = [ROLE.blue, ROLE.green, ROLE.orange, ROLE.violet];

/** The parts one after the other, from the top: x is milliseconds since the contact closed, y the part. */
export function pressChart({ parts, ms }: PressToLight, limitMs: number): ChartOption {
  const max = 100 * Math.ceil((1.02 * Math.max(ms, limitMs)) / 100);
  return ({ width }) => {
    // An axis of categories counts upwards.
    const names = parts.map(({ what }) => shortened(what, width < NARROW ? 20 : 34)).reverse();
    return {
      grid: { left: width < NARROW ? 128 : 218, right: 18, top: 30, bottom: 44 },
      xAxis: axis({ min: 0, max, interval: width < NARROW ? 200 : 100, name: "milliseconds since the press" }, "x"),
      yAxis: {
        type: "category",
        data: names,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: ROLE.muted } },
        axisLabel: { color: ROLE.ink, fontSize: width < NARROW ? 10 : 12 },
      },
      series: [
        bars(parts),
        {
          ...line(ROLE.ink, []),
          markLine: rule(limitMs, `limit, ${limitMs} ms`, limitMs / max),
        },
      ],
    };
  };
}

function bars(parts: PressToLight["parts"]): CustomSeriesOption {
  let end = 0;
  const data = parts.map(({ ms }, i) => {
    end += ms;
    return [end - ms, end, parts.length - 1 - i];
  });
  return {
    type: "custom",
    silent: true,
    data,
    encode: { x: [0, 1], y: 2 },
    renderItem: (params, api) => {
      const [left, middle] = api.coord([api.value(0), api.value(2)]);
      const [right] = api.coord([api.value(1), api.value(2)]);
      const shape = { x: left, y: middle - BAR / 2, width: Math.max(2, right - left), height: BAR, r: 2 };
      return { type: "rect", shape, style: { fill: COLORS[params.dataIndex % COLORS.length] } };
    },
  };
}
