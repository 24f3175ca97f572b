import { describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { renderReport } from "#smilec/report/render.js";
import { byId, findAll, type HtmlElement, parseHtml, withClass } from "../support/html.js";
import { flat, modelSection, reportInput } from "../support/report-input.js";

// Loading echarts takes a second; on a busy machine many.
jest.setTimeout(180_000);

interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  /** Size of an element in sheet pixels. */
  readonly cell: { readonly width: number; readonly height: number };
}

/** Reads a sheet the way a browser does: the rule's data URI, and its background-size. */
async function readSheet(page: HtmlElement, name: string): Promise<Sheet> {
  const css = findAll(page, ({ tag }) => tag === "style")[0].text;
  const rule = new RegExp(`\\.${name}\\{[^}]*\\}`).exec(css)![0];
  const png = Buffer.from(/base64,([^)]*)\)/.exec(rule)![1], "base64");
  const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
  const [, x, y] = /background-size:([\d.]+)% ([\d.]+)%/.exec(rule)!;
  const cell = { width: (100 * info.width) / Number(x), height: (100 * info.height) / Number(y) };
  const [, w, h] = /aspect-ratio:(\d+)\/(\d+)/.exec(rule)!;
  expect(cell.width).toBeCloseTo(Number(w), 2);
  expect(cell.height).toBeCloseTo(Number(h), 2);
  return { width: info.width, height: info.height, pixels: new Uint8Array(data), cell };
}

/** Grey level at a fraction of an element's width and height, by CSS Backgrounds 3, 3.6: p % of the image lies on p % of the element. */
function greyAt(sheet: Sheet, element: HtmlElement, u: number, v: number): number {
  const [, x, y] = /background-position:([\d.]+)% ([\d.]+)%/.exec(element.attributes.get("style")!)!;
  const left = (Number(x) / 100) * (sheet.width - sheet.cell.width);
  const top = (Number(y) / 100) * (sheet.height - sheet.cell.height);
  const column = Math.floor(left + u * sheet.cell.width + 1e-3);
  const row = Math.floor(top + v * sheet.cell.height + 1e-3);
  return sheet.pixels[row * sheet.width + column];
}

describe("sprite sheets", () => {
  it("show each press its own frame and its own network input, up to the edges", async () => {
    const input = reportInput({ presses: 61 });
    const presses = input.simulation.presses.map((press, i) => ({
      ...press,
      frame: flat(320, 240, 4 * i + 5),
      input: new Int8Array(48 * 48).fill(2 * i - 60),
    }));
    const page = parseHtml(await renderReport({ ...input, simulation: { ...input.simulation, presses } }));
    const frames = await readSheet(page, "sheet-frames");
    const inputs = await readSheet(page, "sheet-inputs");
    const shownFrames = withClass(page, "sheet-frames");
    const shownInputs = withClass(page, "sheet-inputs");
    expect([shownFrames.length, shownInputs.length]).toEqual([61, 61]);
    let compared = 0;
    for (let i = 0; i < 61; i++) {
      for (const [u, v] of [
        [0, 0],
        [0.999, 0],
        [0, 0.999],
        [0.999, 0.999],
        [0.5, 0.5],
      ]) {
        expect(greyAt(frames, shownFrames[i], u, v)).toBe(4 * i + 5);
        expect(greyAt(inputs, shownInputs[i], u, v)).toBe(2 * i - 60 + 128);
        compared += 2;
      }
    }
    expect(compared).toBe(610);
  });

  it("keep a network input pixel by pixel", async () => {
    const input = reportInput({ presses: 3 });
    const page = parseHtml(await renderReport(input));
    const sheet = await readSheet(page, "sheet-inputs");
    const shown = withClass(page, "sheet-inputs");
    let compared = 0;
    for (const [i, press] of input.simulation.presses.entries()) {
      for (let pixel = 0; pixel < 48 * 48; pixel++, compared++) {
        const grey = greyAt(sheet, shown[i], ((pixel % 48) + 0.5) / 48, (Math.floor(pixel / 48) + 0.5) / 48);
        if (grey !== press.input[pixel] + 128) throw new Error(`press ${i}, pixel ${pixel}: ${grey}`);
      }
    }
    expect(compared).toBe(3 * 48 * 48);
  });

  it("letterbox pictures of other proportions and place the box on the same part of the picture", async () => {
    // Locators have boxes of their own.
    const { locators: _, ...input } = reportInput({ presses: 4 });
    const presses = input.simulation.presses.map((press, i) =>
      i < 3 ? press : { ...press, frame: flat(100, 300, 200), box: { x: 25, y: 150, width: 50, height: 150 } },
    );
    const page = parseHtml(await renderReport({ ...input, simulation: { ...input.simulation, presses } }));
    const sheet = await readSheet(page, "sheet-frames");
    const tall = withClass(page, "sheet-frames")[3];
    const styles = withClass(page, "box").map(({ attributes }) =>
      attributes
        .get("style")!
        .match(/[\d.]+(?=%)/g)!
        .map(Number),
    );
    expect(styles[0]).toEqual([25, 25, 50, 50]);
    // A picture of 1:3 in a cell of 4:3 is a quarter as wide as the cell; its box the middle half of that, and the lower half of its height.
    for (const [i, wanted] of [43.75, 50, 12.5, 50].entries())
      expect(Math.abs(styles[3][i] - wanted)).toBeLessThan(0.8);
    expect(greyAt(sheet, tall, 0.5, 0.5)).toBe(200);
    expect(greyAt(sheet, tall, 0.45, 0.99)).toBe(200);
    expect(greyAt(sheet, tall, 0.1, 0.5)).toBeLessThan(40);
    expect(greyAt(sheet, tall, 0.9, 0.5)).toBeLessThan(40);
  });
});

/** Corners of each rectangle path in a chart: `M x y l w 0 l 0 h l -w 0 Z` with optional rounding is read by its extent. */
function extents(chart: HtmlElement, color: string) {
  return findAll(chart, ({ tag, attributes }) => tag === "path" && attributes.get("fill") === `var(--${color})`).map(
    ({ attributes }) => extent(attributes.get("d")!),
  );
}

function extent(path: string) {
  const [, x, y, w, h] = /^M(-?[\d.]+) (-?[\d.]+)l(-?[\d.]+) 0l0 (-?[\d.]+)/.exec(path)!.map(Number);
  return { x, y, width: w, height: h };
}

/** Left, top, right and bottom of a path of lines and arcs in absolute coordinates. */
function corners(path: string): [number, number, number, number] {
  const points = [...path.matchAll(/[ML](\S+) ([^ALZ]+)|A\S+ \S+ 0 [01] [01] (\S+) ([^ALZ]+)/g)].map((m) =>
    (m[1] === undefined ? [m[3], m[4]] : [m[1], m[2]]).map(Number),
  );
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

describe("charts", () => {
  it("count every score in one bar, positives above and the others below", async () => {
    const input = reportInput({ scores: 3000 });
    const page = parseHtml(await renderReport(input));
    const chart = withClass(byId(page, "evaluation"), "wide").find((svg) => svg.text.includes("no light"))!;
    const { histogram } = input.evaluation.evaluation.int8!;
    expect([...histogram.positive, ...histogram.negative].reduce((sum, count) => sum + count, 0)).toBe(3000);
    const heights = (isPositive: boolean) => (isPositive ? histogram.positive : histogram.negative);
    const [above, below] = [extents(chart, "green"), extents(chart, "orange")];
    expect([above.length, below.length]).toEqual([20, 20]);
    const most = Math.max(...heights(false));
    const unit = Math.max(...below.map((bar) => Math.abs(bar.height))) / most;
    heights(true).forEach((count, bin) => {
      expect(Math.abs(Math.abs(above[bin].height) - (count === 0 ? 0 : Math.max(2, count * unit)))).toBeLessThan(0.2);
    });
    heights(false).forEach((count, bin) => {
      expect(Math.abs(Math.abs(below[bin].height) - (count === 0 ? 0 : Math.max(2, count * unit)))).toBeLessThan(0.2);
    });
  });

  it("draw each tensor of the arena where and when it lives", async () => {
    const model = modelSection();
    const page = parseHtml(await renderReport({ ...reportInput(), model }));
    const chart = withClass(byId(page, "model"), "wide")[0];
    const boxes = findAll(chart, ({ tag, attributes }) => tag === "path" && attributes.get("fill-opacity") === "0.22");
    expect(boxes).toHaveLength(model.arena.length);
    // The plot lies between 58 and 18 pixels from the sides, 26 from the top and 44 from the bottom of 880 x 360.
    const x = (operator: number) => 58 + ((operator + 0.5) * (880 - 58 - 18)) / model.operators.length;
    const y = (byte: number) => 360 - 44 - (byte * (360 - 26 - 44)) / model.arenaBytes;
    boxes.forEach(({ attributes }, i) => {
      const { from, to, offset, bytes } = model.arena[i];
      const [left, top, right, bottom] = corners(attributes.get("d")!);
      expect(Math.abs(left - x(from - 0.5))).toBeLessThan(10);
      expect(Math.abs(right - x(to + 0.5))).toBeLessThan(10);
      expect(Math.abs(top - y(offset + bytes))).toBeLessThan(2);
      expect(Math.abs(bottom - y(offset))).toBeLessThan(2);
    });
    for (const { name } of model.arena.slice(0, 3)) expect(chart.text).toContain(name);
    expect(chart.text).toContain("9.0\u202fKB");
  });

  it("use the page's colours only, so that they can be read in the dark", async () => {
    const input = reportInput();
    const page = parseHtml(await renderReport(input));
    const charts = withClass(page, "chart");
    // Of skew: every feature and the map, each for a narrow and a wide page.
    expect(charts).toHaveLength(18 + 2 * (input.skew!.report.features.length + 1));
    const css = findAll(page, ({ tag }) => tag === "style")[0].text;
    let colors = 0;
    for (const chart of charts) {
      for (const { attributes } of findAll(chart, ({ tag }) => tag === "path" || tag === "text")) {
        for (const property of ["fill", "stroke"]) {
          const color = attributes.get(property);
          if (color === undefined || color === "none" || color === "transparent") continue;
          colors++;
          expect(color).toMatch(/^var\(--[a-z]+\)$/);
          expect(css).toContain(`${color.slice(4, -1)}: #`);
        }
      }
    }
    expect(colors).toBeGreaterThan(300);
  });

  it("keep a curve of thousands of points small", async () => {
    const page = parseHtml(await renderReport(reportInput({ scores: 20_000 })));
    const chart = withClass(byId(page, "evaluation"), "wide")[0];
    const longest = Math.max(
      ...findAll(chart, ({ tag }) => tag === "path").map(({ attributes }) => attributes.get("d")!.length),
    );
    expect(longest).toBeGreaterThan(1000);
    expect(longest).toBeLessThan(16_000);
  });
});

describe("colours", () => {
  /** WCAG 2.2, relative luminance and contrast ratio. */
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };

  it("of text reach AA on every ground, light and dark", async () => {
    const css = findAll(parseHtml(await renderReport(reportInput({ presses: 0 }))), ({ tag }) => tag === "style")[0]
      .text;
    const schemes = css
      .split("prefers-color-scheme: dark")
      .map((part) => Object.fromEntries([...part.matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)].map((m) => [m[1], m[2]])));
    expect(schemes).toHaveLength(2);
    let pairs = 0;
    for (const scheme of schemes) {
      for (const ground of ["background", "surface"]) {
        for (const text of ["ink", "muted", "red", "green", "orange", "blue"]) {
          expect(contrast(scheme[text], scheme[ground])).toBeGreaterThanOrEqual(4.5);
          pairs++;
        }
      }
      expect(contrast(scheme.ink, scheme.sunken)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(scheme.muted, scheme.sunken)).toBeGreaterThanOrEqual(4.5);
    }
    expect(pairs).toBe(24);
  });
});
