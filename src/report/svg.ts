/**
 * Charts as inline SVG, drawn by echarts without a browser. What it writes is made fit for a document of its own: ids that depend on the chart's
 * name only (echarts counts instances), colours as CSS variables (light, dark and print share one drawing), the page's font, nothing interactive.
 */
import type { EChartsCoreOption } from "echarts/core";
import { foreign } from "./format.js";

/**
 * Colours by their role. echarts needs real colours to work with, so each role has one that is used for nothing else; in the document it
 * becomes `var(--role)`, defined in templates/report/report.css.
 */
export const ROLE = {
  ink: "#010101",
  muted: "#010102",
  grid: "#010103",
  surface: "#010104",
  blue: "#010105",
  orange: "#010106",
  green: "#010107",
  red: "#010108",
  violet: "#010109",
} as const;

export type Role = (typeof ROLE)[keyof typeof ROLE];

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** A chart's options at a width in CSS pixels; called once for desktops and once for phones, so that text is equally large on both. */
export type ChartOption = (size: ChartSize) => EChartsCoreOption;

/** Wide enough for the text column, and for a phone of 360 pixels. */
const WIDTHS = { wide: 880, narrow: 328 } as const;

/**
 * Draws a chart twice, for wide and for narrow screens; CSS shows one of them.
 *
 * @param name unique in the document; ids are made from it
 * @param description what a reader who cannot see it is told
 * @param heights in CSS pixels
 * @returns HTML
 */
export async function drawChart(
  name: string,
  description: string,
  option: ChartOption,
  heights: { readonly wide: number; readonly narrow: number },
): Promise<string> {
  const echarts = await loadEcharts();
  const draw = (width: keyof typeof WIDTHS) => {
    const size = { width: WIDTHS[width], height: heights[width] };
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
    try {
      chart.setOption({ animation: false, textStyle: { color: ROLE.ink, fontSize: 12 }, ...option(size) });
      return cleanSvg(chart.renderToSVGString(), `${name}-${width}`, `chart ${width}`, description);
    } finally {
      chart.dispose();
    }
  };
  return `${draw("wide")}\n${draw("narrow")}`;
}

async function loadEcharts(): Promise<typeof import("echarts/core")> {
  // One after the other: they share their modules, and jest's module loader trips over parallel imports.
  const core = await import("echarts/core");
  const charts = await import("echarts/charts");
  const components = await import("echarts/components");
  const renderers = await import("echarts/renderers");
  core.use([
    charts.LineChart,
    charts.ScatterChart,
    charts.CustomChart,
    components.GridComponent,
    components.MarkLineComponent,
    components.MarkPointComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}

function cleanSvg(svg: string, name: string, className: string, description: string): string {
  const ids = new Map<string, string>();
  const rename = (id: string) => {
    if (!ids.has(id)) ids.set(id, `${name}-${ids.size}`);
    return ids.get(id)!;
  };
  const [, width, height] = /<svg width="(\d+)" height="(\d+)"/.exec(svg)!;
  const open = `<svg class="${className}" role="img" aria-label="${attribute(description)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xmlns="http://www.w3.org/2000/svg">`;
  return (
    svg
      .replace(/<style >[\s\S]*?<\/style>\n?/g, "")
      .replace(/<rect [^>]*fill="none"><\/rect>\n?/, "")
      .replace(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="\w+"|xml:space="preserve")/g, "")
      .replace(/style="font-size:(\d+)px;font-family:[^;"]*;(?:font-weight:(\w+);)?"/g, fontAttributes)
      .replace(/(fill|stroke)="(#[0-9a-f]{6})"/g, themed)
      .replace(/(clipPath id="|clip-path="url\(#)(zr\d+-\w+)/g, (_, before: string, id: string) => before + rename(id))
      .replace(/(<clipPath id="[^"]*">\n<path d="[^"]*") fill="#000"/g, "$1")
      .replace(/<defs >/g, "<defs>")
      // Last, and by a function: foreign text is no pattern and no replacement pattern.
      .replace(/<svg [^>]*>/, () => open)
      .trim()
  );
}

function fontAttributes(_: string, size: string, weight?: string): string {
  return `font-size="${size}"${weight === undefined ? "" : ` font-weight="${weight}"`}`;
}

const ROLE_NAMES = new Map<string, string>(Object.entries(ROLE).map(([role, color]) => [color, role]));

function themed(text: string, property: string, color: string): string {
  const role = ROLE_NAMES.get(color);
  return role === undefined ? text : `${property}="var(--${role})"`;
}

function attribute(text: string): string {
  return foreign(text)
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
