/** A chart as a picture file of its own, without a page around it. */

/** templates/report/report.css has the same colours for pages. */
const STYLE = `<style>
svg{--ink:#1b1c1f;--muted:#5b5f68;--grid:#e3e0d8;--surface:#ffffff;--blue:#2458c5;--orange:#b0540c;--green:#14783a;--red:#bb2525;--violet:#6a3fc0;background:#ffffff;font-family:system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{--ink:#ecebe7;--muted:#a3a7af;--grid:#2d3036;--surface:#1b1d21;--blue:#82abff;--orange:#f0a35f;--green:#5fce8c;--red:#ff8f85;--violet:#bba1ff;background:#1b1d21}}
</style>`;

/** @param drawing from drawChart(), of which the wide one is taken */
export function svgFile(drawing: string): string {
  const wide = drawing.slice(0, drawing.indexOf("</svg>") + "</svg>".length);
  return `${wide.replace(/^<svg [^>]*>/, (open) => `${open}\n${STYLE}`)}\n`;
}
