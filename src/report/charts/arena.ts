/** The arena as a picture. */
import type { CustomSeriesOption } from "echarts/charts";
import { bytes, shortened } from "../format.js";
import { type ChartOption, type ChartSize, ROLE, type Role } from "../svg.js";
import type { ModelSection } from "../types.js";
import { axis, MARGIN, NARROW } from "./axis.js";

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
