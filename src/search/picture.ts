/** The result of a search as a picture: quality against time on the board, with the front. */
import { axis } from "../report/charts/axis.js";
import { percent } from "../report/format.js";
import { type ChartOption, drawChart, ROLE, type Role } from "../report/svg.js";
import { svgFile } from "../report/svg-file.js";
import type { Judged } from "./front.js";

export interface Shown extends Judged {
  readonly name: string;
}

const HEIGHTS = { wide: 420, narrow: 320 };

/** @param others trained as long as the front, but behind it */
export async function searchSvg(front: readonly Shown[], others: readonly Shown[]): Promise<string> {
  const best = front[0];
  const description = `Average precision against estimated time of ${front.length + others.length} networks; ${front.length} are on the front, best ${best.name} with ${percent(best.quality)} in ${best.cost.toFixed(0)} ms.`;
  return svgFile(await drawChart("search", description, chart(front, others), HEIGHTS));
}

function chart(front: readonly Shown[], others: readonly Shown[]): ChartOption {
  const all = [...front, ...others];
  const [fastest, slowest] = range(all.map(({ cost }) => cost));
  const [worst, best] = range(all.map(({ quality }) => quality));
  const room = Math.max(0.002, (best - worst) / 8);
  return () => ({
    grid: { left: 58, right: 90, top: 30, bottom: 44 },
    xAxis: axis(
      { min: Math.floor(fastest * 0.9), max: Math.ceil(slowest * 1.1), name: "milliseconds on the board, estimated" },
      "x",
    ),
    yAxis: axis(
      {
        min: Math.max(0, worst - room),
        max: Math.min(1, best + room),
        name: "average precision, validation",
        format: (value) => percent(value),
      },
      "y",
    ),
    series: [points(ROLE.muted, others, 0), { ...points(ROLE.blue, front.toReversed(), 2), step: "end", label: LABEL }],
  });
}

const LABEL = {
  show: true,
  position: "right",
  color: ROLE.ink,
  fontSize: 11,
  formatter: ({ name }: { readonly name: string }) => name,
};

function points(color: Role, shown: readonly Shown[], width: number) {
  return {
    type: "line",
    data: shown.map(({ name, cost, quality }) => ({ name, value: [cost, quality] })),
    symbol: "circle",
    symbolSize: 8,
    showSymbol: true,
    itemStyle: { color },
    lineStyle: { color, width },
    silent: true,
  };
}

function range(values: readonly number[]): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}
